"""The cells of the tables: one estimator on one problem, with one parameter changed."""

import warnings

import numpy as np
from sklearn.base import is_classifier

from sklearn_slr.metrics import quadratic_weighted_kappa

from .cases import N_CLEAN, TABLES

BASE = "base"


def run_cell(table, setup, change, seed):
    """Fit one estimator.

    Parameters
    ----------
    table, setup, change : str
        Names: of a table, of one of its problems, and of a change or `BASE`.
    seed : int
        Draws rows, wrong labels and folds.

    Returns
    -------
    dict
        `score` on right test labels; `labels_right`, the share of refined labels that are right,
        rounded grades of a regressor; `n_fits`.
    """
    chosen = TABLES[table]
    make_data, make_student = chosen.setups[setup]
    data = make_data(seed)
    changed = {} if change == BASE else chosen.changes[change]
    if callable(changed):
        changed = changed(data, seed)
    parameters = {"estimator": make_student(), **chosen.base, **changed}
    model = chosen.make(random_state=seed, **parameters)
    with warnings.catch_warnings():
        # Cuts that stay where they are, although rounds move the scores: wanted here.
        warnings.simplefilter("ignore", UserWarning)
        model.fit(data.X, data.y, X_val=data.X_test[:N_CLEAN], y_val=data.y_test[:N_CLEAN])
    predicted, y_test = model.predict(data.X_test[N_CLEAN:]), data.y_test[N_CLEAN:]
    labels = model.refined_labels_
    if is_classifier(model):
        score, labels = np.mean(predicted == y_test), model.classes_[labels.argmax(axis=1)]
    else:
        score, labels = quadratic_weighted_kappa(y_test, predicted), np.rint(labels)
    return {
        "table": table,
        "setup": setup,
        "change": change,
        "seed": seed,
        "score": float(score),
        "labels_right": float(np.mean(labels == data.truth)),
        "n_fits": int(model.n_fits_),
    }


def run(tables, seed, setups=None):
    """Run all changes of the tables, on some of their problems, on one seed."""
    return [
        run_cell(table, setup, change, seed)
        for table in tables
        for change in (BASE, *TABLES[table].changes)
        for setup in TABLES[table].setups
        if setups is None or setup in setups
    ]
