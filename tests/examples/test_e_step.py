"""The benchmark of the E step: what it counts, and that both sides learn the same."""

import importlib
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("skorch")

BENCHMARKS = Path(__file__).parents[2] / "examples" / "benchmarks"


@pytest.fixture
def e_step(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("e_step")


def test_operations_of_a_net_are_those_counted_by_hand(e_step):
    # Forward and the weights' gradients of all layers, the inputs' gradients of all but the first.
    weights = np.array([64 * 128, 128 * 128, 128 * 10])
    per_row = 2 * (3 * weights.sum() - weights[0])
    assert e_step.floating_point_operations("digits MLP") == per_row * 30 * 1797 * 4
    assert e_step.floating_point_operations("LSTM") == 0  # not counted


def test_ours_alone_gets_what_is_asked_for(e_step):
    plain, own, *_ = e_step.problem("CNN, bfloat16 on request", 0)
    assert plain.get_params()["callbacks"] is None
    assert [type(each).__name__ for each in own.callbacks] == ["MixedPrecision"]
    plain, own, *_ = e_step.problem("CNN, 28 x 28", 0)
    assert own.callbacks is None


@pytest.mark.parametrize("name", ["digits MLP", "transformer block"])
def test_both_sides_predict_all_rows_about_as_well(e_step, name):
    given = e_step.problem(name, 0, max_epochs=4)
    y = given[3]
    accuracies = []
    for method in ("by hand", "one process"):
        proba = e_step.METHODS[method](*given)
        assert proba.shape == (1797, 10)
        accuracies.append(np.mean(proba.argmax(axis=1) == y))
    assert min(accuracies) > 0.3
    assert abs(accuracies[0] - accuracies[1]) < 0.05
