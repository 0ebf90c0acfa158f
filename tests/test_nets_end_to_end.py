"""Real skorch nets through the whole of SLR: parity, seeds, workers, datasets, module instances."""

import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from skorch.callbacks import EarlyStopping, EpochScoring, LRScheduler  # noqa: E402
from skorch.helper import SliceDataset, SliceDict  # noqa: E402
from torch import nn  # noqa: E402

from sklearn_slr import SLRClassifier, SLRRegressor, out_of_fold_predict  # noqa: E402

X, y = load_digits(n_class=3, return_X_y=True)
X, y = (X[:200] / 16).astype(np.float32), y[:200]


class Net(nn.Module):
    def __init__(self, n_out=3):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, n_out))

    def forward(self, X):
        return self.layers(X)


def classifier(module=Net, **parameters):
    defaults = {
        "criterion": nn.CrossEntropyLoss,
        "optimizer": torch.optim.Adam,
        "lr": 0.02,
        "max_epochs": 4,
        "batch_size": 32,
        "train_split": None,
        "verbose": 0,
    }
    return skorch.NeuralNetClassifier(module, **{**defaults, **parameters})


def regressor(**parameters):
    return skorch.NeuralNetRegressor(
        Net, module__n_out=1, lr=0.05, max_epochs=4, train_split=None, verbose=0, **parameters
    )


def slr(net=None, **parameters):
    return SLRClassifier(
        classifier() if net is None else net,
        **{"n_rounds": 2, "cv": 3, "random_state": 0, "refinement": "average", **parameters},
    )


def test_without_rounds_it_is_the_plain_net():
    fitted = slr(n_rounds=0).fit(X, y)
    assert type(fitted.estimator_) is skorch.NeuralNetClassifier
    assert np.allclose(fitted.predict_proba(X), fitted.estimator_.predict_proba(X), atol=1e-6)
    assert fitted.score(X, y) > 0.9


def test_string_labels_callbacks_and_splits_work():
    net = classifier(
        train_split=skorch.dataset.ValidSplit(4, stratified=True),
        callbacks=[
            EpochScoring("roc_auc_ovr", name="auc"),
            EarlyStopping(patience=3),
            LRScheduler(torch.optim.lr_scheduler.ExponentialLR, gamma=0.9),
        ],
    )
    names = np.array(["zero", "one", "two"])[y]
    fitted = slr(net, refinement="posterior", n_rounds=1).fit(X, names)
    assert fitted.score(X, names) > 0.9
    history = fitted.estimator_.history
    assert history[-1, "valid_acc"] > 0.9
    assert history[-1, "auc"] > 0.9


def test_any_number_of_jobs_gives_the_same_labels_and_leaves_the_generators_alone():
    first = slr().fit(X, y).refined_labels_
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    threads = torch.get_num_threads()
    model = slr(n_jobs=2).fit(X, y)
    assert np.array_equal(first, model.refined_labels_)
    single = slr(n_jobs=2, stack_folds=False, n_rounds=1).fit(X, y)
    serial = slr(stack_folds=False, n_rounds=1).fit(X, y)
    assert np.array_equal(serial.refined_labels_, single.refined_labels_)
    model.predict_proba(X)
    assert torch.equal(torch_state, torch.get_rng_state())
    assert np.array_equal(numpy_state, np.random.get_state()[1])  # noqa: NPY002
    assert torch.get_num_threads() == threads
    assert not np.array_equal(first, slr(random_state=1).fit(X, y).refined_labels_)


@pytest.mark.parametrize("stacked", [True, False])
def test_threads_take_turns_and_leave_the_generators_alone(stacked):
    from joblib import parallel_config

    serial = slr(stack_folds=stacked).fit(X, y).refined_labels_
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    with parallel_config("threading", n_jobs=2):
        assert np.array_equal(serial, slr(stack_folds=stacked).fit(X, y).refined_labels_)
    assert torch.equal(torch_state, torch.get_rng_state())
    assert np.array_equal(numpy_state, np.random.get_state()[1])  # noqa: NPY002


def test_threads_of_threads_do_not_wait_for_each_other():
    from joblib import parallel_config

    inner = SLRClassifier(classifier(), n_rounds=1, cv=2, n_jobs=2, refinement="average")
    with parallel_config("threading"):
        assert slr(inner, n_rounds=1, cv=2).fit(X, y).score(X, y) > 0.8


def test_a_plain_net_predicts_classes():
    net = skorch.NeuralNet(
        Net, criterion=nn.CrossEntropyLoss, train_split=None, max_epochs=4, lr=0.3, verbose=0
    )
    fitted = slr(net, n_rounds=1).fit(X, y)
    assert fitted.predict(X).shape == y.shape
    assert fitted.score(X, y) > 0.8


@pytest.mark.slow
def test_a_dataset_needs_no_import_of_skorch_helper():
    script = """
import numpy as np, torch
from skorch import NeuralNetClassifier
from sklearn_slr import SLRClassifier
X, y = torch.randn(30, 2), torch.arange(30) % 2
net = NeuralNetClassifier(torch.nn.Linear, module__in_features=2, module__out_features=2,
                          criterion=torch.nn.CrossEntropyLoss, max_epochs=1, verbose=0)
slr = SLRClassifier(net, n_rounds=1, cv=2, refinement="average")
print(slr.fit(torch.utils.data.TensorDataset(X, y), y).n_rounds_)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout == "1\n", done.stderr


@pytest.mark.slow
def test_a_net_that_lives_in_main_works_with_two_jobs(tmp_path):
    script = tmp_path / "notebook.py"
    script.write_text(
        textwrap.dedent(
            """
            import numpy as np, torch
            from sklearn.datasets import load_digits
            from skorch import NeuralNetClassifier
            from sklearn_slr import SLRClassifier

            class Mine(torch.nn.Module):
                def __init__(self):
                    super().__init__()
                    self.linear = torch.nn.Linear(64, 3)
                def forward(self, X):
                    return self.linear(X)

            X, y = load_digits(n_class=3, return_X_y=True)
            X = (X / 16).astype(np.float32)
            net = NeuralNetClassifier(Mine, criterion=torch.nn.CrossEntropyLoss, max_epochs=2,
                                      train_split=None, verbose=0)
            fits = [SLRClassifier(net, n_rounds=1, cv=2, final=final, n_jobs=n, random_state=0)
                    .fit(X, y) for final in ("refit", "folds") for n in (None, 2)]
            for serial, parallel in (fits[:2], fits[2:]):
                assert np.array_equal(serial.refined_labels_, parallel.refined_labels_)
                assert np.array_equal(serial.predict_proba(X), parallel.predict_proba(X))
            print("same")
            """
        )
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.stdout.strip().endswith("same"), done.stderr


def test_a_module_instance_starts_afresh_in_every_fold():
    module = Net()
    before = [p.clone() for p in module.parameters()]
    first = slr(classifier(module)).fit(X, y)
    trained = classifier(module).fit(X, y)  # skorch trains the instance in place
    again = slr(trained).fit(X, y)
    assert np.array_equal(first.refined_labels_, again.refined_labels_)
    third = slr(classifier(module), n_jobs=2).fit(X, y)
    assert np.array_equal(first.refined_labels_, third.refined_labels_)
    assert not all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True)), (
        "the comparison needs a trained module"
    )


def test_inputs_of_torch_give_the_same_labels_as_arrays():
    class Rows(torch.utils.data.Dataset):
        def __len__(self):
            return len(X)

        def __getitem__(self, i):
            return X[i], int(y[i])

    class Named(Net):
        def forward(self, pixels):
            return super().forward(pixels)

    expected = slr().fit(X, y).refined_labels_
    for given in (torch.as_tensor(X), Rows(), SliceDataset(Rows())):
        model = slr().fit(given, y)
        assert np.allclose(model.refined_labels_, expected, atol=1e-6)
        assert (model.predict(given) == y).mean() > 0.9
    for given in (SliceDict(pixels=X), {"pixels": X}):
        model = slr(classifier(Named)).fit(given, y)
        assert np.allclose(model.refined_labels_, expected, atol=1e-6)
        assert (model.predict(given) == y).mean() > 0.9


def test_a_pipeline_with_a_net():
    to_float = FunctionTransformer(np.float32)
    model = slr(make_pipeline(StandardScaler(), to_float, classifier()))
    assert model.fit(X, y).score(X, y) > 0.9


def test_weights_of_zero_keep_rows_out_of_training():
    weight = np.ones(len(X))
    weight[::4] = 0
    flipped = y.copy()
    flipped[::4] = (y[::4] + 1) % 3
    folds = [(np.flatnonzero(np.arange(200) % 2 == k), np.arange(1 - k, 200, 2)) for k in (0, 1)]
    P, Q = (
        out_of_fold_predict(
            classifier(), X, np.eye(3)[t], cv=folds, sample_weight=weight, random_state=0
        )
        for t in (y, flipped)
    )
    assert np.array_equal(P, Q)


def test_mixed_teachers_and_augmentations_with_a_net_as_student():
    model = slr(
        teachers=[("net", classifier()), ("logistic", LogisticRegression(max_iter=500))],
        augmentations=[lambda X: X[:, ::-1].copy()],
        final="folds",
    ).fit(X, y)
    assert len(model.estimators_) == 3
    assert model.history_["n_fits"].tolist() == [6, 6]
    assert model.score(X, y) > 0.9


def test_grades_by_a_net():
    model = SLRRegressor(regressor(), n_rounds=1, cv=3, thresholds="kappa", random_state=0)
    model.fit(X, y)
    assert set(model.predict(X)) <= {0, 1, 2}
    assert model.refined_labels_.shape == (200,)
    assert model.score(X, y) > 0.5


def test_fitted_models_pickle_and_clone():
    model = slr(final="folds").fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(model.predict_proba(X), again.predict_proba(X))
    assert clone(model).fit(X, y).refined_labels_.shape == (200, 3)


@pytest.mark.parametrize(
    ("net", "error", "message"),
    [
        (lambda: classifier(module__n_out=5), ValueError, "one output for each class"),
        (lambda: classifier(module__n_out=2), ValueError, "fewer outputs than the 3 classes"),
        (lambda: classifier(criterion=nn.MultiMarginLoss), ValueError, "nn.CrossEntropyLoss"),
        (regressor, TypeError, "regressor NeuralNetRegressor"),
    ],
)
def test_nets_that_cannot_work_are_refused(net, error, message):
    with pytest.raises(error, match=message):
        slr(net()).fit(X, y)


def test_a_net_that_diverges_says_so():
    with pytest.raises(ValueError, match="training probably diverged"):
        slr(classifier(lr=float("inf"))).fit(X, y)
