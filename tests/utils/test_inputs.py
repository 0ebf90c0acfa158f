import numpy as np
import pytest
from scipy import sparse

from sklearn_slr import SLRClassifier
from sklearn_slr.utils._inputs import as_indexable, check_lengths


def test_arrays_and_lists_come_back_as_they_are():
    for X in (np.zeros((2, 3, 4)), ["a", "b"]):
        assert as_indexable(X) is X


def test_sparse_formats_become_sliceable():
    for make in (sparse.coo_array, sparse.dia_array, sparse.dok_matrix):
        assert as_indexable(make(np.eye(3)))[[0, 2]].toarray().tolist() == [[1, 0, 0], [0, 0, 1]]


def test_torch_datasets_and_dicts_stay_lazy():
    torch, helper = pytest.importorskip("torch"), pytest.importorskip("skorch.helper")

    class Lazy(torch.utils.data.Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, i):
            raise AssertionError("read too early")

    assert len(as_indexable(Lazy())[np.array([0, 2])]) == 2
    assert isinstance(as_indexable({"a": np.zeros((3, 1))}), helper.SliceDict)


def test_lengths():
    X = np.zeros((3, 2))
    assert check_lengths(X, y=[1, 2, 3], groups=None) == 3
    with pytest.raises(ValueError, match="inconsistent numbers of samples: X has 3, groups has 2"):
        check_lengths(X, groups=[1, 2])
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        check_lengths(X[:0])


# Rows of pandas objects


def frames():
    pd = pytest.importorskip("pandas")
    index = [f"id {k}" for k in range(6)]
    return pd.DataFrame({"a": range(6)}, index=index), pd.Series(range(6), index=index)


def test_the_same_rows_in_another_order_are_refused():
    X, y = frames()
    assert check_lengths(X, y=y) == 6
    with pytest.raises(
        ValueError, match=r"y has the index labels of X in another order \(row 0: id 5"
    ):
        check_lengths(X, y=y[::-1])
    with pytest.raises(ValueError, match=r"groups has the index labels of y in another order"):
        check_lengths(X.to_numpy(), y=y, groups=y.sample(frac=1, random_state=1))
    assert check_lengths(X, y=y.to_numpy()[::-1]) == 6


def test_other_rows_are_paired_by_position_with_a_warning():
    X, y = frames()
    with pytest.warns(UserWarning, match="y has other index labels than X; rows are paired by"):
        assert check_lengths(X, y=y.reset_index(drop=True)) == 6


@pytest.mark.parametrize("name", ["y", "sample_weight", "groups"])
def test_estimators_refuse_rows_in_another_order(name):
    X, y = frames()
    given = {"y": y % 2, "sample_weight": y + 1.0, "groups": y}
    given[name] = given[name][::-1]
    with pytest.raises(ValueError, match=f"{name} has the index labels of X in another order"):
        SLRClassifier(cv=2, refinement="average").fit(X, **given)


def test_a_pivoted_table_of_answers_in_another_order_is_refused():
    X, y = frames()
    answers = pytest.importorskip("pandas").DataFrame({"ann": y % 2, "bob": y % 2})[::-1]
    with pytest.raises(ValueError, match="y has the index labels of X in another order"):
        SLRClassifier(cv=2, refinement="annotators").fit(X, answers)


# torch datasets


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"X": x}, lambda x: (x, 0), lambda x: [x]])
def test_samples_of_a_dataset_are_the_rows_of_x(wrap):
    torch, skorch = pytest.importorskip("torch"), pytest.importorskip("skorch")
    values = np.random.default_rng(0).normal(size=(24, 7, 4)).astype(np.float32)
    y = np.arange(24) % 3

    class Samples(torch.utils.data.Dataset):
        def __len__(self):
            return len(values)

        def __getitem__(self, i):
            return wrap(values[i])

    class Flat(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(28, 3)

        def forward(self, X):
            return self.layer(X.flatten(1))

    net = skorch.NeuralNetClassifier(
        Flat, criterion=torch.nn.CrossEntropyLoss, max_epochs=2, train_split=None, verbose=0
    )
    params = {"n_rounds": 1, "cv": 2, "random_state": 0}
    found = SLRClassifier(net, **params).fit(Samples(), y)
    expected = SLRClassifier(net, **params).fit(values, y)
    np.testing.assert_allclose(found.refined_labels_, expected.refined_labels_, atol=1e-6)
    np.testing.assert_allclose(
        found.predict_proba(Samples()), expected.predict_proba(values), atol=1e-6
    )


def test_a_data_loader_and_a_stream_say_what_to_pass():
    torch = pytest.importorskip("torch")
    pytest.importorskip("skorch")
    loader = torch.utils.data.DataLoader(torch.zeros(6, 2))
    with pytest.raises(TypeError, match=r"X is a DataLoader; expected its dataset, X\.dataset"):
        as_indexable(loader)

    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter([torch.zeros(2)])

    with pytest.raises(TypeError, match="Stream, which has no length"):
        as_indexable(Stream())
