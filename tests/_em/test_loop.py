import numpy as np
import pytest

from sklearn_slr._em._e_step import OutOfFold
from sklearn_slr._em._loop import refine_labels
from sklearn_slr.refinement import AverageRefinement

Y = np.eye(2)[[0, 1, 0]]


def run(refinement, n_rounds=2, held_out=(True, True, True), predictions=None):
    predictions = np.full((3, 2), 0.5) if predictions is None else predictions
    records = []

    def e_step(targets, round):
        return OutOfFold(predictions, np.array(held_out), None, 4)

    return refine_labels(
        e_step,
        refinement,
        Y,
        Y,
        n_rounds,
        measure=lambda before, after, found, first: (
            {"change": float(np.abs(after - before).sum())},
            None,
        ),
        on_round=records.append,
    ), records


class Returns:
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
    refined, _ = run(Returns(np.full((2, 2), 0.5)), held_out=(True, False, True))
    assert refined.labels.tolist() == [[0.5, 0.5], [0, 1], [0.5, 0.5]]


def test_attributes_of_the_refinement_are_kept():
    refined, _ = run(Returns((Y, {"extra_": 3})))
    assert refined.attributes == {"extra_": 3}


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (np.ones((2, 2)), ValueError, r"shape \(2, 2\)"),
        (np.full((3, 2), np.nan), ValueError, "NaN"),
        (np.ones((3, 2)), ValueError, "not probabilities"),
        (np.array([[2.0, -1.0]] * 3), ValueError, "not probabilities"),
        ((Y, ["extra_"]), TypeError, "a dict of fitted attributes"),
    ],
)
def test_a_bad_answer_is_refused(answer, error, message):
    with pytest.raises(error, match=message):
        run(Returns(answer))


def test_the_best_round_is_the_one_whose_models_scored_highest():
    answers = [np.full((3, 2), 0.5), np.eye(2)[[1, 1, 1]], np.eye(2)[[0, 0, 0]]]
    scores = [0.3, 0.7, 0.7]

    def e_step(targets, round):
        return OutOfFold(np.eye(2)[[1, 0, 1]], np.ones(3, bool), None, 1)

    class Recite:
        def refine(self, observed, targets, oof, *, round, sample_weight=None):
            return answers[round - 1], {"round_": round}

        def training_targets(self, refined):
            return 0.8 * refined + 0.1

    def run(scores, select):
        rest = iter(scores)
        return refine_labels(
            e_step,
            Recite(),
            Y,
            Y,
            3,
            measure=lambda *_: ({"valid_score": next(rest)}, None),
            select=select,
        )

    best = run(scores, "best")
    # Round 2's models learned the labels that round 1 gave; of equal scores the first counts.
    assert best.n_rounds == 1
    assert np.array_equal(best.labels, answers[0])
    assert np.allclose(best.training, 0.8 * answers[0] + 0.1)
    assert best.attributes == {"round_": 2}
    assert best.history["valid_score"].tolist() == scores
    assert run([0.9, 0.1, 0.2], "best").n_rounds == 0
    last = run(scores, "last")
    assert last.n_rounds == 3
    assert np.array_equal(last.labels, answers[2])
