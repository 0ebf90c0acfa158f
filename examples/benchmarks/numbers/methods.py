"""What one can do about wrong numbers: nothing, a robust loss, drop them, repair them."""

import importlib.util

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import HuberRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr import SLRRegressor


class Counted(RegressorMixin, BaseEstimator):
    """A regressor that counts its fits; nets get columns, which `SLRRegressor` sees to itself."""

    fits = 0

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        type(self).fits += 1
        if hasattr(getattr(self.estimator, "_final_estimator", None), "module"):
            y = y.astype(np.float32)[:, None]
        self.estimator_ = clone(self.estimator).fit(X, y)
        return self

    def predict(self, X):
        return self.estimator_.predict(X).ravel()


def slr(**parameters):
    def run(student, problem, seed):
        model = SLRRegressor(student, random_state=seed, **parameters)
        model.fit(problem.X, problem.given)
        return model.predict(problem.X_test), 1 - model.label_quality_, model.n_fits_

    return run


def robust_loss(student, problem, seed):
    """Fit the student's own family with a loss that outliers hardly move."""
    if isinstance(student, HistGradientBoostingRegressor):
        model = clone(student).set_params(loss="absolute_error")
    else:
        model = make_pipeline(StandardScaler(), HuberRegressor(max_iter=1000))
    return model.fit(problem.X, problem.given).predict(problem.X_test), None, 1


def cleanlab(**search):
    """Drop rows as cleanlab's `regression.CleanLearning` does."""

    def run(student, problem, seed):
        from cleanlab.regression.learn import CleanLearning

        Counted.fits = 0
        n_boot = 0 if search else 5
        model = CleanLearning(Counted(student), seed=seed, n_boot=n_boot)
        model.fit(problem.X, problem.given, find_label_issues_kwargs=search)
        quality = model.get_label_issues()["label_quality"].to_numpy()
        return model.predict(problem.X_test), 1 - quality, Counted.fits

    return run


METHODS = {
    "plain": slr(n_rounds=0),
    "robust": slr(),
    "average": slr(refinement="average"),
    "robust loss": robust_loss,
    "cleanlab": cleanlab(),
    # 21 fits: the first predictions, one share to drop, its predictions, and the noise.
    "cleanlab, 21 fits": cleanlab(coarse_search_range=[0.1], fine_search_size=0),
}


def applies(method, student):
    """Whether a method is run with a student."""
    if method == "robust loss":
        return student in ("ridge", "boosting")
    return not method.startswith("cleanlab") or importlib.util.find_spec("cleanlab") is not None


def clip(value):
    """Return R2, not below -1."""
    return float(np.maximum(value, -1))
