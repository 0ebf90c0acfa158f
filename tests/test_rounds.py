import numpy as np
import pytest

from sklearn_slr._out_of_fold import OutOfFold
from sklearn_slr._rounds import refine_labels
from sklearn_slr.refinement import AverageRefinement

Y = np.eye(2)[[0, 1, 0]]


def run(refinement, n_rounds=2, held_out=(True, True, True), predictions=None):
    predictions = np.full((3, 2), 0.5) if predictions is None else predictions
    told = []

    def e_step(targets, round):
        return OutOfFold(predictions, np.array(held_out), None, 4)

    return refine_labels(
        e_step,
        refinement,
        Y,
        Y,
        n_rounds,
        measure=lambda before, after, found: {"change": float(np.abs(after - before).sum())},
        tell=told.append,
    ), told


class Answer:
    """A refinement that returns what it is told to."""

    def __init__(self, answer):
        self.answer = answer

    def refine(self, observed, targets, oof, *, round, sample_weight=None):
        return self.answer


def test_history_has_a_row_for_each_round_and_each_is_told():
    refined, told = run(AverageRefinement(1))
    assert refined.history["round"].tolist() == [1, 2]
    assert refined.history["change"].tolist() == [1.5, 0.75]
    assert refined.history["n_fits"].tolist() == [4, 4]
    assert [record["round"] for record in told] == [1, 2]


def test_without_rounds_the_observed_labels_stay():
    refined, told = run(AverageRefinement(), n_rounds=0)
    assert all(np.array_equal(a, Y) for a in (refined.labels, refined.oof, refined.mean_oof))
    assert refined.history["round"].size == 0
    assert not told


def test_rows_never_held_out_are_left_alone():
    refined, _ = run(Answer(np.full((3, 2), 0.5)), held_out=(True, False, True))
    assert refined.labels.tolist() == [[0.5, 0.5], [0, 1], [0.5, 0.5]]


def test_attributes_of_the_refinement_are_kept():
    refined, _ = run(Answer((Y, {"extra_": 3})))
    assert refined.attributes == {"extra_": 3}


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (np.ones((2, 2)), ValueError, r"shape \(2, 2\)"),
        (np.full((3, 2), np.nan), ValueError, "NaN"),
        (np.ones((3, 2)), ValueError, "no probabilities"),
        (np.array([[2.0, -1.0]] * 3), ValueError, "no probabilities"),
        ((Y, ["extra_"]), TypeError, "a dict of fitted attributes"),
    ],
)
def test_a_bad_answer_is_refused(answer, error, message):
    with pytest.raises(error, match=message):
        run(Answer(answer))
