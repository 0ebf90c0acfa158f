"""The noisy-label benchmark: same cells for all methods, honest counts, runs that go on."""

import json

import numpy as np
import pytest

pytest.importorskip("skorch")

from examples.benchmarks.common import students
from examples.benchmarks.common.noisy_problems import Problem, make_problem
from examples.benchmarks.noisy_labels import __main__ as program
from examples.benchmarks.noisy_labels import cells, comparison, methods, tables

CELLS = [("wine-u20", "knn", method, 0) for method in ("plain", "gold")]


@pytest.mark.parametrize("name", ["digits-u30", "cancer-a20", "wine-u40", "blobs-u50"])
def test_a_problem_is_a_function_of_its_seed(name):
    one, other = (make_problem.__wrapped__(name, 3) for _ in range(2))
    for array in ("X", "observed", "truth", "X_test", "y_test"):
        np.testing.assert_array_equal(getattr(one, array), getattr(other, array))
    assert not np.array_equal(one.observed, make_problem(name, 4).observed)
    share = int(name[-2:]) / 100
    # Only the first of two classes is called the other one.
    rows = one.truth == 0 if name == "cancer-a20" else slice(None)
    wrong = one.observed != one.truth
    assert abs(wrong[rows].mean() - share) < 4 * np.sqrt(share * (1 - share) / wrong[rows].size)
    if name == "cancer-a20":
        assert not wrong[~rows].any()


def test_no_noise_leaves_the_labels():
    problem = make_problem("wine-u0", 0)
    np.testing.assert_array_equal(problem.observed, problem.truth)


def test_figures_by_hand():
    labels = np.array([0, 1, 1]), np.array([0, 1, 0])
    problem = Problem(np.zeros((3, 1)), *labels, np.zeros((2, 1)), np.array([0, 1]), 2)
    proba, quality = np.array([[0.8, 0.2], [1.0, 0.0]]), np.array([0.9, 0.1, 0.5])
    result = methods.Result(proba, 7, quality, np.array([0, 1, 0]), {"decision": "none"})
    figures = cells.measure(problem, result)
    clipped = 1e-4 / (1 + 1e-4)
    assert figures.pop("log_loss") == pytest.approx(-np.log([0.8, clipped]).mean())
    # The wrong label is the second in the order of suspicion.
    assert figures == {
        "accuracy": 0.5,
        "average_precision": 0.5,
        "label_accuracy": 1.0,
        "n_fits": 7,
        "decision": "none",
    }


def test_differences_are_paired_and_their_error_is_over_seeds():
    def scores(values):
        keys = [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
        return {key: {"accuracy": value} for key, value in zip(keys, values, strict=True)}

    one, other = scores([0.9, 0.8, 0.7, None]), scores([0.8, 0.8, 0.8, 0.9])
    del other["b", 0]
    other["c", 0] = {"accuracy": 0.0}
    found = tables.paired(one, other, "accuracy")
    # Common cells: +0.1 of seed 0 and -0.1 of seed 1.
    assert found.pop("mean") == pytest.approx(0)
    assert found.pop("error") == pytest.approx(0.1)
    assert found == {"wins": 1, "losses": 1, "n": 2}


def test_a_stopped_run_goes_on(tmp_path):
    path = tmp_path / "results.jsonl"
    cells.run(CELLS, path, None, None, 1)
    first = cells.read(path)
    assert [row["method"] for row in first] == ["plain", "gold"]
    whole = path.read_text()
    path.write_text(whole[:-30])  # stopped while it wrote the second line
    cells.run(CELLS, path, None, None, 1)
    again = cells.read(path)
    assert again[0] == first[0]
    assert again[1]["accuracy"] == first[1]["accuracy"]
    before = path.read_text()
    cells.run(CELLS, path, None, None, 1)
    assert path.read_text() == before


def test_a_failed_cell_is_kept_and_tried_again(tmp_path, monkeypatch):
    path = tmp_path / "results.jsonl"
    working = comparison.METHODS["plain"]

    def fail(student, problem, seed):
        raise ValueError("no luck")

    monkeypatch.setitem(comparison.METHODS, "plain", fail)
    cells.run(CELLS, path, None, None, 1)
    assert json.loads(path.read_text().splitlines()[0])["error"] == "ValueError('no luck')"
    monkeypatch.setitem(comparison.METHODS, "plain", working)
    cells.run(CELLS, path, None, None, 1)
    assert "error" not in cells.read(path)[-1]


def test_tables_print(tmp_path, capsys):
    path = tmp_path / "results.jsonl"
    cells.run(CELLS, path, None, None, 1)
    tables.print_tables(cells.read(path))
    printed = capsys.readouterr().out
    assert "knn on wine: test accuracy, %" in printed
    assert "plain 1 /" in printed


@pytest.mark.filterwarnings("ignore")  # of cleanlab, and of its dependencies
def test_controls_have_as_many_fits_as_ours():
    pytest.importorskip("cleanlab")
    problem, knn = make_problem("wine-u20", 0), "knn"
    for ours, control in (
        ("posterior cold", "cleanlab equal"),
        ("auto", "cleanlab equal auto"),
    ):
        counts = [
            comparison.METHODS[method](students.make_student(knn, "wine"), problem, 0).n_fits
            for method in (ours, control)
        ]
        assert counts[0] == counts[1]


@pytest.mark.filterwarnings("ignore")
def test_cleanlab_leaves_the_global_generator():
    pytest.importorskip("cleanlab")
    problem = make_problem("wine-u20", 0)
    student = students.make_student("knn", "wine")
    state = np.random.get_state()  # noqa: NPY002
    one, other = (methods.clean_learning(student, problem, 5) for _ in range(2))
    np.testing.assert_array_equal(state[1], np.random.get_state()[1])  # noqa: NPY002
    np.testing.assert_array_equal(one.proba, other.proba)


def test_unknown_problems_are_refused():
    with pytest.raises(SystemExit, match="known are"):
        program.choose_problems(["moons"])
    assert program.choose_problems(["wine"])[0] == "wine-u0"
