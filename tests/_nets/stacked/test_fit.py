"""Nets of all folds in one pass: the same labels as in single fits, up to rounding."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("skorch")

from sklearn.decomposition import KernelPCA  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import FunctionTransformer  # noqa: E402
from skorch import NeuralNetClassifier, NeuralNetRegressor  # noqa: E402
from torch import nn  # noqa: E402

from sklearn_slr import SLRClassifier, SLRRegressor  # noqa: E402
from sklearn_slr._em import _e_step, _fold  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4)).astype(np.float32)
Y = (X[:, 0] + 0.5 * RNG.normal(size=80) > 0).astype(int)


class Net(nn.Module):
    def __init__(self, n_outputs=2, dropout=0.0):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(4, 6), nn.Tanh(), nn.Dropout(dropout), nn.Linear(6, n_outputs)
        )

    def forward(self, X):
        return self.layers(X)


def classifier(**parameters):
    net = NeuralNetClassifier(
        Net,
        criterion=nn.CrossEntropyLoss,
        max_epochs=4,
        lr=0.1,
        batch_size=16,
        train_split=None,
        verbose=0,
    )
    return SLRClassifier(
        **{
            "estimator": net,
            "n_rounds": 2,
            "random_state": 0,
            "refinement": "average",
            **parameters,
        }
    )


@pytest.mark.parametrize("weight", [None, np.arange(80) % 3], ids=["", "zeros among weights"])
@pytest.mark.parametrize("final", ["refit", "folds"])
def test_classifier(final, weight):
    together = classifier(final=final).fit(X, Y, sample_weight=weight, X_val=X[:9], y_val=Y[:9])
    one_by_one = classifier(final=final, stack_folds=False)
    one_by_one.fit(X, Y, sample_weight=weight, X_val=X[:9], y_val=Y[:9])
    assert together.history_["stacked"].tolist() == [True, True]
    assert one_by_one.history_["stacked"].tolist() == [False, False]
    for name in ("refined_labels_", "oof_predictions_", "label_quality_"):
        assert np.allclose(getattr(together, name), getattr(one_by_one, name), atol=1e-4)
    assert np.allclose(together.predict_proba(X), one_by_one.predict_proba(X), atol=1e-4)
    assert together.n_fits_ == one_by_one.n_fits_


def test_regressor_and_its_thresholds():
    net = NeuralNetRegressor(Net, module__n_outputs=1, max_epochs=3, train_split=None, verbose=0)
    together, one_by_one = (
        SLRRegressor(net, thresholds="kappa", random_state=0, stack_folds=stack).fit(X, Y)
        for stack in (True, False)
    )
    assert together.history_["stacked"].all()
    assert np.allclose(together.refined_labels_, one_by_one.refined_labels_, atol=1e-4)
    assert np.allclose(together.thresholds_, one_by_one.thresholds_, atol=1e-3)


def test_other_estimators_are_fitted_one_by_one():
    net = classifier().estimator
    slr = SLRClassifier(
        LogisticRegression(), n_rounds=1, cv=2, random_state=0, refinement="average"
    ).fit(X, Y)
    assert not slr.history_["stacked"].any()
    mixed = classifier(teachers=[("net", net), ("logistic", LogisticRegression())]).fit(X, Y)
    assert mixed.history_["stacked"].all()  # the net's folds
    two = classifier(teachers=[("a", net), ("b", net)]).fit(X, Y)
    assert two.history_["stacked"].all()


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [2, 3])
def test_labels_are_equal_to_the_bit_for_any_number_of_processes(n_jobs):
    serial = classifier(n_repeats=2).fit(X, Y)
    shared = classifier(n_repeats=2, n_jobs=n_jobs).fit(X, Y)
    assert shared.history_["stacked"].all()
    np.testing.assert_array_equal(shared.refined_labels_, serial.refined_labels_)


def test_large_inputs_take_several_passes_and_are_equal_to_the_bit(monkeypatch):
    at_once = classifier().fit(X, Y)
    students = classifier(final="folds").fit(X, Y)
    monkeypatch.setattr(_fold, "_BYTES_PER_PASS", 2 * X.nbytes)
    sizes = []

    def fit_stacked(estimator, inputs, *given, **options):
        sizes.append(len(inputs))
        return fit(estimator, inputs, *given, **options)

    fit = _fold.fit_stacked
    monkeypatch.setattr(_fold, "fit_stacked", fit_stacked)
    in_passes = classifier().fit(X, Y)
    assert sizes == [2, 2, 1] * 2
    np.testing.assert_array_equal(at_once.refined_labels_, in_passes.refined_labels_)
    again = classifier(final="folds").fit(X, Y)
    assert sizes[6:] == [2, 2, 1] * 3
    np.testing.assert_array_equal(students.predict_proba(X), again.predict_proba(X))


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_only_a_fold_of_one_class_is_fitted_alone(n_jobs, monkeypatch):
    rows = np.arange(80)
    splits = [(np.setdiff1d(rows, rows[k::5]), rows[k::5]) for k in range(5)]
    splits[2] = (np.setdiff1d(np.flatnonzero(Y == 1), splits[2][1]), splits[2][1])
    student = classifier().estimator.set_params(module__dropout=0.5)
    serial = classifier(cv=splits, estimator=student).fit(X, Y)
    monkeypatch.setattr(_e_step, "effective_n_jobs", lambda _: n_jobs)
    np.testing.assert_array_equal(
        classifier(cv=splits, estimator=student).fit(X, Y).refined_labels_, serial.refined_labels_
    )


def test_pairs_and_weights_of_zero():
    weight = (np.arange(80) % 4 > 0).astype(float)
    pairs = X.astype(np.float64) @ X.T.astype(np.float64)
    student = make_pipeline(
        KernelPCA(4, kernel="precomputed"),
        FunctionTransformer(np.float32),
        classifier().estimator,
    )
    together, one_by_one = (
        classifier(estimator=student, stack_folds=stack).fit(pairs, Y, sample_weight=weight)
        for stack in (True, False)
    )
    assert together.history_["stacked"].all()
    assert np.allclose(together.refined_labels_, one_by_one.refined_labels_, atol=1e-4)
