import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_score,
)

from sklearn_slr import SLRRegressor
from sklearn_slr._em._splits import check_splits, draw_folds, make_split_drawer


@given(
    st.lists(st.integers(0, 4), min_size=6, max_size=40),
    st.integers(2, 6),
    st.integers(0, 2**31 - 1),
)
def test_int_folds_partition_the_rows_and_share_every_class(codes, n_folds, seed):
    codes = np.array(codes)
    folds = draw_folds(len(codes), n_folds, codes, seed)
    tests = np.concatenate([test for _, test in folds])
    assert sorted(tests.tolist()) == list(range(len(codes)))
    for train, test in folds:
        assert np.array_equal(np.union1d(train, test), np.arange(len(codes)))
    sizes = [len(test) for _, test in folds]
    assert max(sizes) - min(sizes) <= 1
    for code in np.unique(codes):
        counts = [(codes[test] == code).sum() for _, test in folds]
        assert max(counts) - min(counts) <= 1


def test_folds_depend_on_the_seed_only():
    codes = np.repeat([0, 1], 20)
    first, again, other = (draw_folds(40, 4, codes, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a[1], b[1]) for a, b in zip(first, other, strict=True))


def test_an_open_random_state_of_a_splitter_is_filled_and_the_splitter_left_alone():
    X, y = np.zeros((20, 1)), np.repeat([0, 1], 10)
    splitter = KFold(4, shuffle=True)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    draw = make_split_drawer(splitter, X, y)
    assert np.array_equal(draw(1)[0][1], draw(1)[0][1])
    assert not np.array_equal(draw(1)[0][1], draw(2)[0][1])
    assert splitter.random_state is None
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_a_splitter_with_its_own_seed_keeps_it():
    X, y = np.zeros((20, 1)), np.repeat([0, 1], 10)
    draw = make_split_drawer(StratifiedKFold(4, shuffle=True, random_state=3), X, y)
    expected = list(StratifiedKFold(4, shuffle=True, random_state=3).split(X, y))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(draw(1), expected, strict=True))


def test_a_generator_of_its_own_is_drawn_from_anew_but_not_the_users():
    X, y = np.zeros((20, 1)), np.zeros(20)
    rng = np.random.RandomState(0)
    draw = make_split_drawer(ShuffleSplit(1, random_state=rng), X, y)
    assert not np.array_equal(draw(1)[0][1], draw(1)[0][1])
    assert rng.randint(1000) == np.random.RandomState(0).randint(1000)


def test_groups_stay_together():
    X, y, groups = np.zeros((12, 1)), np.arange(12) % 2, np.repeat([0, 1, 2], 4)
    for train, test in make_split_drawer(GroupKFold(3), X, y, split_params={"groups": groups})(0):
        assert not set(groups[train]) & set(groups[test])


def test_masks_and_iterables():
    mask = np.array([True, False, False])
    [(train, test)] = check_splits(iter([(~mask, mask)]), 3)
    assert (train.tolist(), test.tolist()) == ([1, 2], [0])


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ([], "no splits"),
        ([[0, 1, 2]], r"pairs \(train, test\)"),
        ([([0, 1], [1, 2])], "trains on rows that it also holds out, e.g. row 1"),
        ([([], [1, 2])], "without training rows"),
        ([([0], [3])], "X has rows 0 to 2"),
        ([([0], [-1])], "X has rows 0 to 2"),
        ([([0.5], [1])], "integer indices"),
    ],
)
def test_bad_splits_are_refused(splits, message):
    with pytest.raises(ValueError, match=message):
        check_splits(splits, 3)


def test_fewer_rows_than_folds():
    with pytest.raises(ValueError, match=r"n_samples=3 into cv=5 folds"):
        make_split_drawer(5, np.zeros((3, 1)), np.zeros(3))


def test_rare_classes_and_idle_groups_warn():
    X, codes = np.zeros((12, 1)), np.array([0] * 11 + [1])
    with pytest.warns(UserWarning, match="only 1 members, fewer than cv=3"):
        make_split_drawer(3, X, codes, strata=codes)
    with pytest.warns(UserWarning, match="groups are ignored by cv=3"):
        make_split_drawer(3, X, codes, split_params={"groups": codes})


def test_missing_groups_are_named_before_any_fit():
    for splitter in (GroupKFold(3), LeaveOneGroupOut(), StratifiedGroupKFold(3)):
        with pytest.raises(ValueError, match=r"needs groups, but fit got none: .* params="):
            make_split_drawer(splitter, np.zeros((9, 1)), np.arange(9) % 3)
    with pytest.raises(ValueError, match="needs groups, but fit got none"):
        cross_val_score(
            SLRRegressor(cv=GroupKFold(3)), np.zeros((30, 1)), np.arange(30.0), error_score="raise"
        )
