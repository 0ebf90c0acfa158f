"""The benchmark of the E step: what it counts, and that both sides learn the same."""

import numpy as np
import pytest

pytest.importorskip("skorch")

from examples.benchmarks.e_step import methods, speed


def test_operations_of_a_net_are_those_counted_by_hand():
    # Forward and the weights' gradients of all layers, the inputs' gradients of all but the first.
    weights = np.array([64 * 128, 128 * 128, 128 * 10])
    per_row = 2 * (3 * weights.sum() - weights[0])
    assert speed.floating_point_operations("digits MLP") == per_row * 30 * 1797 * 4
    assert speed.floating_point_operations("LSTM") == 0  # not counted


def test_ours_alone_gets_what_is_asked_for():
    plain, own, *_ = methods.problem("CNN, bfloat16 on request", 0)
    assert plain.get_params()["callbacks"] is None
    assert [type(each).__name__ for each in own.callbacks] == ["MixedPrecision"]
    plain, own, *_ = methods.problem("CNN, 28 x 28", 0)
    assert own.callbacks is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits MLP", "transformer block"])
def test_both_sides_predict_all_rows_about_as_well(name):
    given = methods.problem(name, 0, max_epochs=4)
    y = given[3]
    accuracies = []
    for method in ("by hand", "one process"):
        proba = methods.METHODS[method](*given)
        assert proba.shape == (1797, 10)
        accuracies.append(np.mean(proba.argmax(axis=1) == y))
    assert min(accuracies) > 0.3
    assert abs(accuracies[0] - accuracies[1]) < 0.05
