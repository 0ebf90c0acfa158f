"""Out-of-fold predictions of models trained on soft targets: `cross_val_predict` for any target."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import check_random_state

from ._em._e_step import EStep, as_augmentations
from ._em._splits import make_split_drawer
from .utils._estimators import check_classifier, check_regressor, check_teachers
from .utils._inputs import as_indexable, check_lengths
from .utils._labels import as_array, check_numbers, check_rows
from .utils._routing import check_weight
from .utils._sklearn import HasMethods, Interval, validate_params
from .utils._typing import Augmentations, Cv, Estimator, Floats, Seed, Teachers


@validate_params(
    {
        "estimator": [HasMethods(["fit"])],
        "cv": ["cv_object"],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "fit_params": [dict, None],
        "teachers": [list, None],
    },
    prefer_skip_nested_validation=False,
)
def out_of_fold_predict(
    estimator: Estimator,
    X: Any,
    targets: ArrayLike,
    *,
    cv: Cv | None = 5,
    groups: ArrayLike | None = None,
    n_repeats: int = 1,
    teachers: Teachers | None = None,
    augmentations: Augmentations | None = None,
    sample_weight: ArrayLike | None = None,
    fit_params: dict[str, Any] | None = None,
    n_jobs: int | None = None,
    random_state: Seed = None,
) -> Floats:
    """Predict every row by models that were trained without it: the E step of section II.

    This is ``cross_val_predict`` for targets of any kind: probability rows of a classification,
    which that function turns into integer ranks, or numbers.

    Parameters
    ----------
    estimator : estimator
        A probabilistic classifier, a regressor, a skorch net or a Pipeline ending in one. It is
        cloned for every fold.
    X : indexable of length n_samples
        Inputs, handed to the estimator as they come.
    targets : array-like of shape (n_samples, C) or (n_samples,)
        Probability rows for a classifier; numbers for a regressor.
    cv : int, splitter or iterable of (train, test), default=5
        An int: shuffled folds, stratified by the argmax of probability rows.
    groups : array-like of shape (n_samples,), default=None
        Groups for `cv`.
    n_repeats : int, default=1
        Repeats with new folds; predictions are averaged.
    teachers : list of (str, estimator), default=None
        Estimators whose predictions are averaged instead of `estimator`'s.
    augmentations : callable or list of callable, default=None
        Transformations X -> X' whose predictions are averaged with those on X; they may take
        `random_state`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in training. Rows of weight zero are predicted but never trained on.
    fit_params : dict, default=None
        Keywords of `fit`; arrays of length n_samples are sliced.
    n_jobs : int, default=None
        Folds fitted at once.
    random_state : int, RandomState instance or None, default=None
        Seeds the folds, every open `random_state` of the estimator, and skorch nets. The same
        int gives the same predictions, whatever `n_jobs`.

    Returns
    -------
    ndarray of shape (n_samples, C) or (n_samples,)
        Out-of-fold predictions. Rows that are held out several times get the mean; rows that are
        never held out keep their targets. Where a class is absent from a training fold, the
        held-out rows keep their current mass of it.

    Raises
    ------
    ValueError
        If the targets are not probability rows, there are fewer rows than folds, or a split
        trains on rows that it holds out.
    TypeError
        If the estimator cannot learn from such targets.

    See Also
    --------
    SLRClassifier : Rounds of such predictions.
    sklearn.model_selection.cross_val_predict : For labels.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_slr import out_of_fold_predict
    >>> X, y = load_iris(return_X_y=True)
    >>> soft = 0.9 * np.eye(3)[y] + 0.1 / 3
    >>> P = out_of_fold_predict(LogisticRegression(max_iter=500), X, soft, random_state=0)
    >>> P.shape, bool((P.argmax(axis=1) == y).mean() > 0.9)
    ((150, 3), True)
    """
    X, targets = as_indexable(X), as_array(targets, name="targets")
    soft = targets.ndim == 2 and targets.shape[1] > 1
    check = check_classifier if soft else check_regressor
    check(estimator, "estimator")
    if teachers is not None:
        check_teachers(teachers, check)
    targets = (check_rows if soft else check_numbers)(targets, name="targets")
    n_samples = check_lengths(X, targets=targets, groups=groups, sample_weight=sample_weight)
    sample_weight = check_weight(sample_weight, n_samples)
    strata = targets.argmax(axis=1) if soft else None
    root = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    e_step = EStep(
        [clone(e) for _, e in teachers] if teachers else [clone(estimator)],
        X,
        make_split_drawer(
            cv,
            X,
            targets if strata is None else strata,
            strata=strata,
            split_params={"groups": groups},
        ),
        int(root),
        n_repeats=n_repeats,
        sample_weight=sample_weight,
        fit_params=fit_params,
        augmentations=as_augmentations(augmentations),
        n_jobs=n_jobs,
    )
    return e_step(targets, round=1).predictions
