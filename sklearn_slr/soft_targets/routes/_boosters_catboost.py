"""CatBoost on probability rows, by objectives of its own; X is passed on unchanged.

For two classes the objective is its cross-entropy: exact. Its log-loss for more classes takes
labels only. There the binary cross-entropies of the classes are summed instead, in one model whose
trees serve all classes, and its probabilities are divided by their sum: not exact, but as good as
weighted rows.
"""

import functools

import numpy as np


def make_placeholder_labels(n_samples, n_classes):
    """Return labels that hold every class, for checks; an objective on rows does not read them."""
    return np.arange(n_samples) % n_classes


def fit_catboost(estimator, X, rows, weights, fit_params):
    """Boost on probability rows, and return the fitted CatBoostClassifier."""
    binary = rows.shape[1] == 2
    if not binary:
        estimator = _make_soft_class()(**estimator.get_params())
    params = estimator.get_params()
    changed = {"loss_function": "CrossEntropy" if binary else "MultiCrossEntropy"}
    if params.get("learning_rate") is None and params.get("eta") is None:
        changed["learning_rate"] = _default_learning_rate(estimator, rows)
    if binary and "scale_pos_weight" in params:
        changed["scale_pos_weight"] = None
    if 2 < rows.shape[1] <= 10 and params.get("leaf_estimation_iterations") is None:
        # CatBoost's 10 for such losses cost a fifth more; its 1 for labels learns less at small
        # learning rates. Many classes start far above their share: there 10 learn more for free.
        changed["leaf_estimation_iterations"] = 3
    estimator.set_params(**changed)
    targets = rows[:, 1] if binary else rows
    return estimator.fit(X, targets, **{**fit_params, "sample_weight": weights})


class _SumsToOne:
    """Predictions of a model whose probabilities of the classes are independent of each other."""

    def predict_proba(self, X, **params):
        """Return probabilities (n_samples, n_classes), as CatBoostClassifier does."""
        proba = super().predict_proba(X, **params)
        return proba / proba.sum(axis=-1, keepdims=True)

    def predict_log_proba(self, X, **params):
        """Return logarithms of probabilities (n_samples, n_classes)."""
        return np.log(self.predict_proba(X, **params))

    def predict(self, data, prediction_type="Class", **params):
        """Return class indices (n_samples, 1), or another `prediction_type`."""
        if prediction_type == "Class":
            proba = self.predict_proba(data, **params)
            return self.classes_[proba.argmax(axis=-1, keepdims=True)]
        if prediction_type == "Probability":
            return self.predict_proba(data, **params)
        if prediction_type == "LogProbability":
            return self.predict_log_proba(data, **params)
        return super().predict(data, prediction_type, **params)

    def score(self, X, y):
        """Return the accuracy; `y` holds class indices."""
        return float(np.mean(self.predict(X)[:, 0] == np.asarray(y)))


@functools.cache
def _make_soft_class():
    # Imported late: this runs only for a CatBoost model, fitted or unpickled.
    from catboost import CatBoostClassifier

    names = {"__module__": __name__, "__doc__": "CatBoostClassifier of probability rows."}
    return type("SoftCatBoostClassifier", (_SumsToOne, CatBoostClassifier), names)


def __getattr__(name):
    """Let pickle find the class, which cannot be made before CatBoost is imported."""
    if name == "SoftCatBoostClassifier":
        return _make_soft_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _StopAfterFirstIteration:
    def after_iteration(self, info):
        return False


def _default_learning_rate(estimator, rows):
    """Return the learning rate that CatBoost sets by default, which it does for labels only."""
    relevant = ("iterations", "n_estimators", "num_boost_round", "num_trees", "l2_leaf_reg")
    relevant += ("reg_lambda", "leaf_estimation_method", "leaf_estimation_iterations")
    params = {name: value for name, value in estimator.get_params().items() if name in relevant}
    n_samples, n_classes = rows.shape
    probe = type(estimator)(**params, allow_writing_files=False, verbose=0, thread_count=1)
    probe.fit(
        np.arange(n_samples, dtype=np.float64)[:, None],
        # The rate depends only on whether there are more than two classes.
        make_placeholder_labels(n_samples, min(n_classes, 3)),
        callbacks=[_StopAfterFirstIteration()],
    )
    return probe.learning_rate_
