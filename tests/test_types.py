"""Typed use of every public name: mypy reads this file strictly, and pytest runs it.

`assert_type` says what a caller gets; a `type: ignore` that mypy does not need is its error, so
that those below say what it refuses. scikit-learn has no types: its estimators are anything.
"""

from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB

import sklearn_slr
from sklearn_slr import (
    SLRClassifier,
    SLRRegressor,
    SoftTargetClassifier,
    ThresholdedRegressor,
    out_of_fold_predict,
)
from sklearn_slr.baselines import (
    KnowledgeDistillationClassifier,
    KnowledgeDistillationRegressor,
    LabelRefineryClassifier,
    LabelRefineryRegressor,
    LabelSmoothingClassifier,
)
from sklearn_slr.datasets import (
    fetch_cifar10,
    fetch_cifar10n,
    fetch_retinamnist,
    make_noisy_labels,
    make_three_class_toy,
)
from sklearn_slr.metrics import (
    label_quality_scores,
    quadratic_weighted_kappa,
    quadratic_weighted_kappa_scorer,
    soft_log_loss,
)
from sklearn_slr.ordinal import apply_thresholds, fit_thresholds
from sklearn_slr.refinement import (
    AnnotatorRefinement,
    AutoRefinement,
    AverageRefinement,
    OrdinalRefinement,
    PosteriorRefinement,
    RobustRefinement,
)

Floats = NDArray[np.float64]
X, Y = make_three_class_toy(60, kind="blobs", random_state=0)


class Plain:
    """An estimator with types, and nothing of scikit-learn's."""

    def fit(self, X: Floats, y: NDArray[Any]) -> "Plain":
        return self


class Halfway:
    """An M step with types."""

    def refine(
        self,
        observed: Floats,
        targets: Floats,
        oof: Floats,
        *,
        round: int,
        sample_weight: Floats | None = None,
    ) -> Floats:
        return (targets + oof) / 2


class Forgetful:
    """No M step: it takes no round."""

    def refine(self, observed: Floats, targets: Floats, oof: Floats) -> Floats:
        return targets


def test_classifier() -> None:
    assert_type(sklearn_slr.__version__, str)
    model = SLRClassifier(
        GaussianNB(),
        n_rounds=1,
        refinement=Halfway(),
        cv=[(np.arange(30), np.arange(30, 60))],
        teachers=[("bayes", GaussianNB())],
        augmentations=lambda X: X,
        random_state=np.random.RandomState(0),
    )
    fitted = assert_type(model.fit(X, Y, sample_weight=np.ones(60)), SLRClassifier)
    assert_type(fitted.predict(X), NDArray[Any])
    assert_type(fitted.predict_proba(X), Floats)
    assert_type(fitted.predict_log_proba(X), Floats)
    assert_type(fitted.score(X, Y), float)
    assert_type(fitted.get_params(), dict[str, Any])
    assert_type(fitted.set_params(n_rounds=2), SLRClassifier)
    assert_type(
        SLRClassifier(n_rounds=0, refinement="average").fit(X, Y.tolist()).decision_function(X),
        Floats,
    )
    table = [[label, None, label] for label in Y.tolist()]
    assert_type(SLRClassifier(GaussianNB(), refinement="annotators").fit(X, table), SLRClassifier)


def test_regressors() -> None:
    model = SLRRegressor(Ridge(), n_rounds=1, thresholds=[0.5, 1.5], final="folds", cv=3)
    fitted = assert_type(model.fit(X, Y), SLRRegressor)
    assert_type(fitted.predict(X), NDArray[Any])
    assert_type(fitted.decision_function(X), Floats)
    assert_type(fitted.score(X, Y), float)
    cut = assert_type(ThresholdedRegressor(metric="mae", n_bags=2).fit(X, Y), ThresholdedRegressor)
    assert_type(cut.predict(X), NDArray[Any])
    assert_type(cut.predict_proba(X), Floats)


def test_soft_targets_and_baselines() -> None:
    rows = assert_type(out_of_fold_predict(GaussianNB(), X, np.eye(3)[Y], cv=3), Floats)
    soft = assert_type(SoftTargetClassifier(GaussianNB()).fit(X, rows), SoftTargetClassifier)
    assert_type(soft.predict_proba(X), Floats)
    smooth = LabelSmoothingClassifier(GaussianNB(), smoothing=0.2).fit(X, Y)
    assert_type(smooth, LabelSmoothingClassifier)
    taught = KnowledgeDistillationClassifier(teacher=GaussianNB(), alpha=0.3).fit(X, Y)
    assert_type(taught, KnowledgeDistillationClassifier)
    assert_type(LabelRefineryClassifier(n_rounds=1).fit(X, Y).score(X, Y), float)
    assert_type(LabelRefineryRegressor(n_rounds=1).fit(X, Y), LabelRefineryRegressor)
    assert_type(KnowledgeDistillationRegressor(alpha=0.3).fit(X, Y).predict(X), NDArray[Any])


def test_refinements() -> None:
    observed, oof = np.array([[1.0, 0.0]]), np.array([[0.2, 0.8]])
    assert_type(AverageRefinement("round").refine(observed, observed, oof, round=1), Floats)
    assert_type(AverageRefinement(lambda t: 1 / t), AverageRefinement)
    numbers, losses = np.arange(3.0), {"loss_gain": np.zeros(1)}
    refined, learned = RobustRefinement().refine(numbers, numbers, numbers, round=1)
    assert_type(refined, Floats)
    assert_type(OrdinalRefinement(2).review(losses, 3), dict[str, Any] | None)
    posterior = PosteriorRefinement(1.0, [[0.9, 0.1], [0.3, 0.7]])
    refined, learned = posterior.refine(observed, observed, oof, round=1)
    assert_type(refined, Floats)
    assert_type(learned, dict[str, Any])
    figures = {
        name: np.zeros(1)
        for name in ("agreement_gain", "likelihood_gain", "over_chance", "smallest_class_kept")
    }
    assert_type(AutoRefinement(0.6).review(figures, 3), dict[str, Any] | None)
    answers = AnnotatorRefinement(n_iter=2).initial_targets(np.array([[0, 1, -1]]), 2)
    assert_type(answers, Floats)


def test_functions() -> None:
    assert_type(make_noisy_labels(["a", "b", "a"], noise=0.5, kind="adjacent"), NDArray[Any])
    cuts = assert_type(fit_thresholds([0.1, 0.2, 0.9], [0, 0, 1], method="nearest"), Floats)
    assert_type(apply_thresholds([0.2], cuts, grades=["low", "high"]), NDArray[Any])
    assert_type(quadratic_weighted_kappa([0, 1, 2], [0.1, 0.9, 2.2]), float)
    assert_type(label_quality_scores([0, -1], [[0.9, 0.1], [0.5, 0.5]]), Floats)
    assert_type(soft_log_loss([[0.5, 0.5]], [[0.5, 0.5]]), float)
    assert quadratic_weighted_kappa_scorer(SLRRegressor(n_rounds=0).fit(X, Y), X, Y) <= 1


def test_fetchers(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        fetch_cifar10(data_home=tmp_path, subset="test", download_if_missing=False)
    with pytest.raises(OSError, match="missing"):
        fetch_cifar10n(data_home=tmp_path, labels="aggre", download_if_missing=False)
    with pytest.raises(OSError, match="missing"):
        fetch_retinamnist(data_home=tmp_path, subset="val", download_if_missing=False)


def test_displays(tmp_path: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from sklearn_slr.displays import (
        LabelIssuesDisplay,
        LabelRefinementDisplay,
        RefinementCurveDisplay,
        ThresholdDisplay,
        export_label_review,
        read_label_review,
    )

    model = SLRClassifier(GaussianNB(), n_rounds=1, random_state=0, refinement="average").fit(X, Y)
    assert_type(LabelIssuesDisplay.from_estimator(model, X, n_rows=2), LabelIssuesDisplay)
    flow = LabelRefinementDisplay.from_estimator(model).plot(kind="heatmap", labels="observed")
    assert_type(flow, LabelRefinementDisplay)
    curve = RefinementCurveDisplay.from_estimator({"slr": model}, metrics="score")
    assert_type(curve, RefinementCurveDisplay)
    cuts = ThresholdDisplay.from_predictions([0, 1, 1], [0.2, 0.5, 0.9], [0.4])
    assert_type(cuts.plot(bins=3), ThresholdDisplay)
    page = assert_type(export_label_review(model, X, tmp_path / "review.html"), Path)
    marks = page.with_suffix(".csv")
    marks.write_text("row,mark,observed,proposed\n")
    assert_type(read_label_review(str(marks), model), NDArray[Any])
    matplotlib.pyplot.close("all")


def test_nets() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("skorch")
    from torch import Tensor

    from sklearn_slr.callbacks import (
        MixedPrecision,
        StochasticWeightAveraging,
        cosine_with_warmup,
        one_cycle,
    )
    from sklearn_slr.losses import FocalLoss, OHEMLoss, OHEMRegressionLoss, SoftTargetKLDivLoss

    logits: Tensor = torch.zeros(2, 3)
    labels: Tensor = torch.tensor([0, 1])
    assert_type(FocalLoss(gamma=1.0, reduction="sum").forward(logits, labels), Tensor)
    assert_type(SoftTargetKLDivLoss(torch.ones(3)).forward(logits, labels), Tensor)
    assert_type(OHEMLoss(0.5, reduction="none").forward(logits, labels), Tensor)
    assert_type(OHEMRegressionLoss(0.5).forward(logits, logits), Tensor)
    assert_type(StochasticWeightAveraging(3, lr=0.1).initialize(), StochasticWeightAveraging)
    assert_type(MixedPrecision(), MixedPrecision)
    cosine_with_warmup(10, warmup=0.2, step_every="epoch")
    one_cycle(warmup=0.2)
    with pytest.raises(ValueError, match="expected 'mean' or 'none'"):
        OHEMLoss(reduction="sum")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'batch' or 'epoch'"):
        one_cycle(step_every="step")  # type: ignore[arg-type]


def test_estimators_take_what_can_be_fitted() -> None:
    assert_type(ThresholdedRegressor(Plain()), ThresholdedRegressor)
    SLRClassifier("tree", refinement="average")  # type: ignore[arg-type]
    SLRClassifier(teachers=["bayes"], refinement="average")  # type: ignore[list-item]
    SLRClassifier(refinement=Forgetful())  # type: ignore[arg-type]
    SLRClassifier(refinement="median")  # type: ignore[arg-type]
    SLRRegressor(refinement="posterior")  # type: ignore[arg-type]
    SLRRegressor(thresholds="quantile")  # type: ignore[arg-type]
    SLRRegressor(n_rounds="3")  # type: ignore[arg-type]
