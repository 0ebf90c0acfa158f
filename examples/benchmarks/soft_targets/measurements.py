"""Times, memory and scores of soft fits, beside hard fits and weighted rows."""

import time
import tracemalloc

import numpy as np
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from sklearn_slr.soft_targets import SoftTargetClassifier


def timed(fit):
    start = time.process_time()
    model = fit()
    return time.process_time() - start, model


def peak_memory(estimator, problem, seed):
    """Return the peak of what NumPy allocates during a soft fit, over the size of X."""
    X, _, P, _, _ = problem
    soft = SoftTargetClassifier(seeded(estimator, seed), random_state=seed)
    tracemalloc.start()
    try:
        soft.fit(X, P)
        return tracemalloc.get_traced_memory()[1] / X.nbytes
    finally:
        tracemalloc.stop()


def seeded(estimator, seed):
    estimator = clone(estimator)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=seed)
    return estimator


def measure(estimator, problem, n_rows, names, seed, args):
    """Return route, times and scores of the fits called `names` on the first rows."""
    X, observed, P, X_test, y_test = problem
    X, observed, P = X[:n_rows], observed[:n_rows], P[:n_rows]
    soft = SoftTargetClassifier(estimator, random_state=seed)
    longer = clone(soft)
    if args.equal_steps and isinstance(estimator, MLPClassifier):
        epochs = estimator.max_iter * P.shape[1]
        longer.set_params(estimator__max_iter=epochs, estimator__n_iter_no_change=epochs)
    # Where an estimator takes no weights, labels are drawn.
    route = "weighted_rows" if repeats_rows(estimator) else "label_draws"
    fits = {
        "hard": lambda: clone(estimator).fit(X, observed),
        "soft": lambda: clone(longer).fit(X, P),
        "repeated": lambda: clone(soft).set_params(route=route).fit(X, P),
    }
    times, models = {name: [] for name in names}, {}
    for _ in range(args.repeats):
        for name in names:
            seconds, models[name] = timed(fits[name])
            times[name].append(seconds)
    scores = {name: score(model, X_test, y_test) for name, model in models.items()}
    return models["soft"].route_, times, scores


def repeats_rows(estimator):
    """Whether the route of weighted rows takes `estimator`."""
    X, P = np.arange(4.0)[:, None], np.array([[0.9, 0.1], [0.2, 0.8]] * 2)
    try:
        SoftTargetClassifier(estimator, route="weighted_rows").fit(X, P)
    except TypeError:
        return False
    return True


def score(model, X_test, y_test):
    """Return log-loss and accuracy."""
    proba = np.asarray(model.predict_proba(X_test), dtype=np.float64)
    loss = log_loss(y_test, np.clip(proba, 1e-4, 1), labels=np.arange(proba.shape[1]))
    return loss, float(np.mean(proba.argmax(axis=1) == y_test))


def compare(estimator, problem, seed, args):
    """Measure one estimator on one problem, beside weighted rows on as many rows as allowed."""
    n_samples, n_classes = problem[2].shape
    estimator = seeded(estimator, seed)
    names = ("hard", "soft", "repeated") if args.max_repeated_rows else ("hard", "soft")
    n_compared = min(n_samples, args.max_repeated_rows // n_classes or n_samples)
    route, times, scores = measure(estimator, problem, n_compared, names, seed, args)
    result = {
        "route": route,
        "compared_rows": n_compared,
        "compared_times": times,
        "times": times,
        "scores": scores,
    }
    if n_compared < n_samples:
        result["times"] = measure(estimator, problem, n_samples, names[:2], seed, args)[1]
    return result
