import numpy as np
import pytest
from scipy import sparse

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
