"""What the benchmark of parameters tries: problems, and one changed parameter at a time."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
from sklearn.datasets import load_diabetes, load_digits, make_friedman1
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.datasets import make_noisy_labels
from sklearn_slr.refinement import (
    AnnotatorRefinement,
    AutoRefinement,
    AverageRefinement,
    PosteriorRefinement,
)

from ..common.noisy_problems import make_problem
from ..common.students import make_student

# Rows of the test set that are the clean set of select_round="best"; no score counts them.
N_CLEAN = 40


@dataclass(frozen=True)
class Data:
    """Rows and labels of one seed.

    Parameters
    ----------
    X, X_test : ndarray of shape (n_samples, n_features)
        Training and test rows.
    y : ndarray of shape (n_samples,) or (n_samples, n_annotators)
        What `fit` gets: labels, some of them wrong, or answers.
    truth, y_test : ndarray of shape (n_samples,)
        True labels of both.
    views : list of callable
        Augmentations that suit the rows.
    """

    X: np.ndarray
    y: np.ndarray
    truth: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    views: list


@dataclass(frozen=True)
class Table:
    """A base estimator, the problems it is tried on, and what is changed.

    Parameters
    ----------
    make : callable
        Makes the estimator of a student and parameters.
    base : dict
        Parameters besides the constructor's defaults.
    setups : dict of str to (callable, callable)
        Column heading to what makes the data of a seed, and what makes the student.
    changes : dict of str to (dict or callable)
        Row heading to parameters; a callable takes the data and the seed.
    """

    make: type
    base: dict
    setups: dict
    changes: dict = field(default_factory=dict)


def with_wrong_labels(name, seed):
    """Return a problem of the noisy-label benchmark."""
    found = make_problem(name, seed)
    views = [partial(_shift, by=-1), partial(_shift, by=1)] if "digits" in name else [jitter]
    return Data(found.X, found.observed, found.truth, found.X_test, found.y_test, views)


def with_answers(seed):
    """Return digits and the answers of twelve people, three an image; three of them guess."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(
        (X / 16).astype(np.float32), y, train_size=300, stratify=y, random_state=seed
    )
    rng = np.random.default_rng(seed)
    share_right = np.array([0.9] * 4 + [0.7] * 5 + [0.1] * 3)
    right = rng.random((len(y), 12)) < share_right
    said = np.where(right, y[:, None], rng.integers(0, 10, right.shape))
    answers = np.where(rng.random(right.shape) < 0.25, said, -1)
    return Data(X, answers, y, X_test, y_test, [])


def with_grades(name, seed):
    """Return five grades, 30 % of them off by one in training."""
    if name == "diabetes":
        X, y = load_diabetes(return_X_y=True)
    else:
        X, y = make_friedman1(2400, noise=2.0, random_state=seed)
    grades = np.digitize(y, np.quantile(y, [0.35, 0.6, 0.8, 0.92]))
    size = 0.5 if name == "diabetes" else 400
    X, X_test, truth, y_test = train_test_split(
        X, grades, train_size=size, stratify=grades, random_state=seed
    )
    scaler = StandardScaler().fit(X)
    given = make_noisy_labels(truth, noise=0.3, kind="adjacent", random_state=seed)
    return Data(scaler.transform(X), given, truth, scaler.transform(X_test), y_test, [jitter])


def _shift(X, by):
    """Move digits of 8 x 8 pixels sideways."""
    return np.roll(X.reshape(-1, 8, 8), by, axis=2).reshape(X.shape)


def jitter(X, random_state):
    """Add noise of a tenth of a standard deviation."""
    noise = np.random.default_rng(random_state).normal(scale=0.1, size=X.shape)
    return X + noise.astype(X.dtype)


def _student(name, problem):
    return partial(make_student, name, problem)


def _boosting(kind):
    return partial(kind, max_iter=15, max_leaf_nodes=8, early_stopping=False)


def _fixed_folds(data, seed, kind):
    folds = kind(5, shuffle=True, random_state=seed)
    return {"cv": list(folds.split(data.X, data.y))}


def _shared_changes(forest, teachers, folds):
    """Return the changes that classifier and regressor have in common, in their order."""
    return {
        "estimator=forest": {"estimator": forest},
        **{f"n_rounds={each}": {"n_rounds": each} for each in (0, 1, 5, 8)},
        "cv=3": {"cv": 3},
        "cv=10": {"cv": 10},
        "cv: the same folds every round": partial(_fixed_folds, kind=folds),
        "n_repeats=3": {"n_repeats": 3},
        "teachers: three": {"teachers": teachers},
        "augmentations": lambda data, seed: {"augmentations": data.views},
        'final="folds"': {"final": "folds"},
        "final=20": {"final": 20},
        'select_round="best"': {"select_round": "best"},
    }


def _refinements(kind, name, values):
    return {
        f"{kind.__name__}({name}={value!r})": {"refinement": kind(**{name: value})}
        for value in values
    }


def _true_transition(data, seed):
    classes = np.unique(data.truth)
    matrix = np.stack([[np.mean(data.y[data.truth == c] == o) for o in classes] for c in classes])
    return {"refinement": PosteriorRefinement(transition=matrix)}


_CLASSIFIER = _shared_changes(
    RandomForestClassifier(30),
    [
        ("forest", RandomForestClassifier(30)),
        ("neighbours", KNeighborsClassifier(5)),
        ("logistic", LogisticRegression(max_iter=1000)),
    ],
    StratifiedKFold,
)
_REGRESSOR = _shared_changes(
    RandomForestRegressor(30),
    [
        ("forest", RandomForestRegressor(30)),
        ("neighbours", KNeighborsRegressor(10)),
        ("ridge", Ridge()),
    ],
    KFold,
)
_WRONG = {
    "digits, logistic": (partial(with_wrong_labels, "digits-u30"), _student("logistic", "digits")),
    "cancer, logistic": (
        partial(with_wrong_labels, "cancer-a30"),
        _student("logistic", "cancer"),
    ),
    "cancer, net": (partial(with_wrong_labels, "cancer-a30"), _student("mlp", "cancer")),
    "cancer, boosting": (
        partial(with_wrong_labels, "cancer-a30"),
        _boosting(HistGradientBoostingClassifier),
    ),
}
_AVERAGES = _refinements(AverageRefinement, "n", (0, 1, 9, "round"))
TABLES = {
    "auto": Table(
        SLRClassifier,
        {},
        _WRONG,
        {
            "n_rounds=0": {"n_rounds": 0},
            "n_rounds=3": {"n_rounds": 3},
            "n_rounds=8": {"n_rounds": 8},
            'final="refit"': {"final": "refit"},
            "final=20": {"final": 20},
            **{f'refinement="{name}"': {"refinement": name} for name in ("average", "posterior")},
            **_refinements(AutoRefinement, "temperature", (0.5, 1.0)),
            **_refinements(AutoRefinement, "smoothing", (0.0, 0.3)),
        },
    ),
    "average": Table(
        SLRClassifier,
        {"refinement": "average"},
        _WRONG,
        {**_CLASSIFIER, 'refinement="posterior"': {"refinement": "posterior"}, **_AVERAGES},
    ),
    "posterior": Table(
        SLRClassifier,
        {"refinement": "posterior"},
        _WRONG,
        {
            **_CLASSIFIER,
            **_refinements(PosteriorRefinement, "temperature", (0.25, 1.0, 2.0)),
            **_refinements(PosteriorRefinement, "transition", ("em",)),
            "PosteriorRefinement(transition=the true one)": _true_transition,
            **_refinements(PosteriorRefinement, "smoothing", (0.0, 0.3)),
        },
    ),
    "annotators": Table(
        SLRClassifier,
        {"refinement": "annotators"},
        {"answers, logistic": (with_answers, _student("logistic", "digits"))},
        {
            **_refinements(AnnotatorRefinement, "temperature", (0.5, 1.0, 2.0)),
            **_refinements(AnnotatorRefinement, "prior", (0.5, 50.0)),
            **_refinements(AnnotatorRefinement, "n_iter", (1, 50)),
            **_refinements(AnnotatorRefinement, "smoothing", (0.0, 0.3)),
        },
    ),
    "grades": Table(
        SLRRegressor,
        {"thresholds": "kappa"},
        {
            "diabetes, ridge": (partial(with_grades, "diabetes"), Ridge),
            "friedman, boosting": (
                partial(with_grades, "friedman"),
                _boosting(HistGradientBoostingRegressor),
            ),
        },
        {
            **_REGRESSOR,
            **_AVERAGES,
            "thresholds=None": {"thresholds": None},
            'thresholds="nearest"': {"thresholds": "nearest"},
            'thresholds="nearest", n_rounds=0': {"thresholds": "nearest", "n_rounds": 0},
            "thresholds=[0.7, 1.3, 2.0, 2.7]": {"thresholds": [0.7, 1.3, 2.0, 2.7]},
        },
    ),
}
