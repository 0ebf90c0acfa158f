"""What is compared for each family of regressors: cuts, rounds, and other packages."""

import time

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.ordinal import ThresholdedRegressor, apply_thresholds, fit_thresholds

from .other_packages import LINEAR_MODELS, NET_MODELS, nelder_mead_cuts
from .students import ExpectedGrade, regression_net

FAMILIES = ("ridge", "net", "boosting")
REFERENCE = "exact cuts"


def make_regressor(family, X, y):
    """Return the regressor of a family."""
    if family == "ridge":
        return Ridge()
    if family == "boosting":
        return HistGradientBoostingRegressor(max_iter=50, max_leaf_nodes=8)
    return regression_net(X.shape[1], float(np.mean(y)))


def compare_cuts(regressor, X, y, X_test, seed):
    """Yield (method, predicted grades, seconds to fit, seconds for the cuts alone)."""
    begin = time.perf_counter()
    model = ThresholdedRegressor(regressor, random_state=seed).fit(X, y)
    fit_time = time.perf_counter() - begin
    oof, grades = model.oof_predictions_, model.grades_
    scores = model.decision_function(X_test)
    begin = time.perf_counter()
    clone(model.estimator_).fit(X, y.astype(np.float32)[:, None] if _is_net(regressor) else y)
    alone = time.perf_counter() - begin
    nearest = fit_thresholds(oof, y, method="nearest")
    yield "rounding", apply_thresholds(scores, nearest, grades), alone, 0.0
    values = grades.astype(float)
    ways = {
        REFERENCE: lambda: fit_thresholds(oof, y),
        "Nelder-Mead cuts": lambda: nelder_mead_cuts(oof, y, values),
        "bagged cuts": lambda: _bagged(oof, y, grades, seed),
        "quantile cuts": lambda: fit_thresholds(oof, y, method="quantile"),
        "moments cuts": lambda: fit_thresholds(oof, y, method="moments"),
        "exact cuts for MAE": lambda: fit_thresholds(oof, y, metric="mae"),
        "exact cuts for accuracy": lambda: fit_thresholds(oof, y, metric="accuracy"),
    }
    for name, fit in ways.items():
        # The best of three: the first call pays for cold caches, whichever method it is.
        cut_times = []
        for _ in range(3):
            begin = time.perf_counter()
            cuts = fit()
            cut_times.append(time.perf_counter() - begin)
        cut_time = min(cut_times)
        yield name, apply_thresholds(scores, cuts, grades), fit_time + cut_time, cut_time


def _bagged(oof, y, grades, seed):
    """Return cuts as `ThresholdedRegressor(n_bags=8)` fits them, on scores that are there."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(len(y), np.full(len(y), 1 / len(y)), size=8)
    return np.mean([fit_thresholds(oof, y, grades=grades, sample_weight=n) for n in counts], axis=0)


def _is_net(regressor):
    return hasattr(regressor, "module")


def methods_of(family, regressor, X, y, X_test, seed, rounds):
    """Return functions, each of which yields results like `compare_cuts`, by name."""

    def timed(name, predict):
        def run():
            begin = time.perf_counter()
            predicted = predict()
            yield name, predicted, time.perf_counter() - begin, np.nan

        return run

    def slr(n_rounds):
        model = SLRRegressor(regressor, n_rounds=n_rounds, thresholds="kappa", random_state=seed)
        return model.fit(X, y).predict(X_test)

    def expected(classifier):
        model = ThresholdedRegressor(ExpectedGrade(classifier), random_state=seed)
        return model.fit(X, y).predict(X_test)

    found = {"cuts": lambda: compare_cuts(regressor, X, y, X_test, seed)}
    for t in rounds:
        found[f"SLR {t} + cuts"] = timed(f"SLR {t} + cuts", lambda t=t: slr(t))
    grades, codes = np.unique(y, return_inverse=True)
    models = {"ridge": LINEAR_MODELS, "net": NET_MODELS}.get(family, {})
    for name, model in models.items():
        found[name] = timed(
            name, lambda model=model: grades[model(X, codes, len(grades), X_test, seed)]
        )
    if family == "ridge":
        classifier = LogisticRegression(max_iter=1000)
        refined = SLRClassifier(classifier, n_rounds=2, random_state=seed, refinement="average")
        for name, model in (
            ("logistic expected grade + cuts", classifier),
            ("SLR 2 logistic expected grade + cuts", refined),
        ):
            found[name] = timed(name, lambda model=model: expected(model))
    return found
