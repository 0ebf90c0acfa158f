import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from sklearn_slr._em import _fold
from sklearn_slr._em._fold import Fold, keep_absent_classes, predict_folds, present_classes


def fold(train, test):
    return Fold((1, 0, 2, 0), np.array(train), np.array(test), seed=0)


def predict_fold(fold, estimator, X, targets, augmentations=()):
    shared = {"observed": None, "sample_weight": None, "fit_params": None, "X_val": None}
    task = ([fold], [None], False)
    return predict_folds(
        task, estimators=[estimator], X=X, targets=targets, augmentations=augmentations, **shared
    )[0]


def test_held_out_rows_keep_their_mass_of_a_class_that_the_training_fold_lacks():
    targets = np.array([[1.0, 0, 0], [0, 1.0, 0], [0.2, 0.2, 0.6], [0, 0, 1.0]])
    prediction = np.array([[0.75, 0.25, 0.0], [0.5, 0.5, 0.0]])
    kept = keep_absent_classes(fold([0, 1], [2, 3]), prediction, targets, None, None)
    # 0.6 stays; the other 0.4 is shared 3 to 1. A row that is all in the class stays whole.
    assert np.allclose(kept, [[0.3, 0.1, 0.6], [0, 0, 1]])


def test_a_class_counts_as_absent_unless_it_is_observed_in_a_training_row_of_weight():
    targets = np.array([[0.9, 0.1], [0.2, 0.8]])
    observed = np.array([[1.0, 0.0], [0.0, 1.0]])
    rows = np.array([0, 1])
    assert present_classes(rows, targets, observed, None).tolist() == [True, True]
    assert present_classes(rows[:1], targets, None, None).tolist() == [True, True]
    assert present_classes(rows[:1], targets, observed, None).tolist() == [True, False]
    assert present_classes(rows, targets, observed, np.array([1.0, 0])).tolist() == [True, False]


def test_a_training_fold_of_one_class_says_nothing():
    X, targets = np.arange(4.0)[:, None], np.eye(2)[[0, 0, 1, 0]]
    prediction = predict_fold(fold([0, 1], [2, 3]), LogisticRegression(), X, targets)[0]
    assert np.array_equal(prediction, targets[2:])


def test_augmentations_are_averaged_and_seeded():
    X, targets = np.array([[0.0], [1], [2], [3]]), np.eye(2)[[0, 1, 0, 1]]
    seeds = []

    def shift(X, random_state):
        seeds.append(random_state)
        return X + 1

    model = LogisticRegression()
    plain = predict_fold(fold([0, 1], [2, 3]), model, X, targets)[0]
    shifted = predict_fold(fold([0, 1], [2, 3]), model, X + (X > 1), targets)[0]
    both = predict_fold(fold([0, 1], [2, 3]), model, X, targets, augmentations=[shift])[0]
    predict_fold(fold([0, 1], [2, 3]), model, X, targets, augmentations=[shift])
    assert np.allclose(both, (plain + shifted) / 2)
    assert seeds[0] == seeds[1]


def test_an_error_names_the_round_repeat_fold_and_teacher():
    X, targets = np.zeros((4, 1)), np.eye(2)[[0, 1, 0, 1]]
    broken = DummyClassifier(strategy="constant", constant=7)
    with pytest.raises(ValueError, match="constant target value") as caught:
        predict_fold(fold([0, 1], [2, 3]), broken, X, targets)
    assert caught.value.__notes__ == ["Raised in round 1, repeat 0, fold 2, teacher 0."]


@pytest.mark.parametrize(("n_bytes", "expected"), [(0, 1), (10, 1), (40, 2), (55, 3), (200, 5)])
def test_a_pass_holds_no_more_than_it_may(n_bytes, expected, monkeypatch):
    monkeypatch.setattr(_fold, "_BYTES_PER_PASS", 120)
    assert _fold.count_passes(5, np.zeros(n_bytes, dtype=np.int8)) == expected
    assert _fold.count_passes(5, ["no array"]) == 1
