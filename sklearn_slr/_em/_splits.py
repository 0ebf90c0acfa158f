"""Folds: what `cv` means; drawn again in every round."""

import copy
import numbers
import warnings

import numpy as np
from sklearn.utils.metadata_routing import get_routing_for_object

from ..utils._sklearn import num_samples


def make_split_drawer(cv, X, y, *, strata=None, split_params=None):
    """Return a function of a seed that draws the splits of one repeat.

    Parameters
    ----------
    cv : int, splitter, iterable of (train, test), or None
        int: shuffled folds, stratified by `strata`, drawn again for every seed; None is 5.
        Splitter: ``split`` is called for every seed, which fills a `random_state` of None.
        Iterable: the same splits for every seed.
    X : indexable of length n_samples
        Inputs that a splitter sees.
    y : ndarray of shape (n_samples,)
        Targets that a splitter sees.
    strata : ndarray of int of shape (n_samples,), default=None
        Classes that int folds are stratified by.
    split_params : dict, default=None
        Keywords of a splitter's `split`: `groups`, and others with metadata routing.

    Returns
    -------
    callable
        ``draw(seed) -> list of (train, test)`` index arrays.

    Raises
    ------
    ValueError
        If there are fewer samples than folds, or a split is not valid.
    """
    n_samples = num_samples(X)
    cv = 5 if cv is None else cv
    split_params = split_params or {}
    if isinstance(cv, numbers.Integral):
        _check_fold_count(cv, n_samples, strata)
        if split_params.get("groups") is not None:
            warnings.warn(
                f"groups are ignored by cv={cv}, whose folds are drawn at random: pass a group "
                f"splitter, e.g. cv=GroupKFold({cv}).",
                UserWarning,
            )
        return lambda seed: draw_folds(n_samples, cv, strata, seed)
    if hasattr(cv, "split"):
        if split_params.get("groups") is None:
            _refuse_missing_groups(cv)
        splitter = copy.deepcopy(cv)  # so that the user's generator does not advance
        fill = hasattr(splitter, "random_state") and splitter.random_state is None

        def draw(seed):
            if fill:
                splitter.random_state = seed
            return check_splits(call_splitter(splitter.split, X, y, split_params), n_samples)

        return draw
    splits = check_splits(cv, n_samples)
    return lambda seed: splits


def _refuse_missing_groups(splitter):
    """Raise a ValueError that says what to do, if scikit-learn's splitter needs groups."""
    if not type(splitter).__module__.startswith("sklearn.model_selection."):
        return  # others may do without groups, whatever they request
    if get_routing_for_object(splitter).split.requests.get("groups") is True:
        raise ValueError(
            f"cv={splitter} needs groups, but fit got none: pass fit(X, y, groups=...). Functions "
            "that call fit themselves, such as cross_val_score and GridSearchCV, hand groups on "
            "with metadata routing only: sklearn.set_config(enable_metadata_routing=True), then "
            "cross_val_score(..., params={'groups': groups})."
        )


def call_splitter(method, X, y, split_params):
    """Call `split` or `get_n_splits` of a splitter.

    Parameters
    ----------
    method : callable
        The bound method.
    X : indexable of length n_samples
        Inputs that the splitter sees.
    y : ndarray of shape (n_samples,)
        Targets that the splitter sees.
    split_params : dict
        Keywords. `groups` alone go by position, as a splitter may call them otherwise.

    Returns
    -------
    iterable of (train, test), or int
        What the method returns.
    """
    if split_params.keys() == {"groups"}:
        return method(X, y, split_params["groups"])
    return method(X, y, **split_params)


def draw_folds(n_samples, n_folds, strata, seed):
    """Draw shuffled folds; class counts and fold sizes differ by at most one.

    Rows are sorted by class, in random order within each class, and assigned to the folds in
    turn. A class with fewer members than folds needs no exception.
    """
    order = np.random.default_rng(seed).permutation(n_samples)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    fold = np.empty(n_samples, dtype=np.intp)
    fold[order] = np.arange(n_samples) % n_folds
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_folds)]


def check_splits(splits, n_samples):
    """Check (train, test) pairs and return them as index arrays."""
    checked = []
    for split in splits:
        try:
            train, test = split
        except (TypeError, ValueError):
            raise ValueError(
                f"cv yielded {split!r}; expected pairs (train, test) of row indices."
            ) from None
        train, test = _as_rows(train, n_samples), _as_rows(test, n_samples)
        if len(test) == 0:
            continue  # nothing to predict
        if len(train) == 0:
            raise ValueError("cv yielded a split without training rows: use fewer or other folds.")
        both = np.intersect1d(train, test)
        if len(both):
            raise ValueError(
                f"cv yielded a split that trains on rows that it also holds out, e.g. row "
                f"{both[0]}: out-of-fold predictions would repeat the labels. Make train and test "
                "disjoint."
            )
        checked.append((train, test))
    if not checked:
        raise ValueError(
            "cv yielded no splits that hold rows out; a one-shot iterator is used up after one "
            "pass."
        )
    return checked


def _as_rows(indices, n_samples):
    rows = np.asarray(indices)
    if rows.dtype == bool and rows.shape == (n_samples,):
        return np.flatnonzero(rows)
    if rows.size == 0:
        return np.empty(0, dtype=np.intp)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ValueError(
            f"cv yielded rows of dtype {rows.dtype} and shape {rows.shape}; expected 1-D integer "
            f"indices, or a mask of shape ({n_samples},)."
        )
    if rows.min() < 0 or rows.max() >= n_samples:
        raise ValueError(
            f"cv yielded rows {rows.min()} to {rows.max()}, but X has rows 0 to {n_samples - 1}."
        )
    return rows


def _check_fold_count(n_folds, n_samples, strata):
    if n_samples < n_folds:
        raise ValueError(
            f"Cannot split n_samples={n_samples} into cv={n_folds} folds: use a smaller cv, or "
            "more data."
        )
    if strata is None:
        return
    smallest = np.unique(strata, return_counts=True)[1].min()
    if smallest < n_folds:
        warnings.warn(
            f"The least populated class has only {smallest} members, fewer than cv={n_folds} "
            "folds. Folds are as even as possible; where a class is absent from a training fold, "
            "the held-out rows keep their current mass of it.",
            UserWarning,
        )
