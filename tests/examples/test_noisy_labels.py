"""The noisy-label benchmark: same cells for all methods, honest counts, runs that go on."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("skorch")
BENCHMARKS = Path(__file__).parents[2] / "examples" / "benchmarks"
CELLS = [("wine-u20", "knn", method, 0) for method in ("plain", "gold")]


@pytest.fixture
def bench(monkeypatch):
    """Return the import function of the folder, where modules import each other by name."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module


@pytest.mark.parametrize("name", ["digits-u30", "cancer-a20", "wine-u40", "blobs-u50"])
def test_a_problem_is_a_function_of_its_seed(bench, name):
    make = bench("_noisy_problems").make_problem
    one, other = make.__wrapped__(name, 3), make.__wrapped__(name, 3)
    for array in ("X", "observed", "truth", "X_test", "y_test"):
        np.testing.assert_array_equal(getattr(one, array), getattr(other, array))
    assert not np.array_equal(one.observed, make(name, 4).observed)
    share = int(name[-2:]) / 100
    # Only the first of two classes is called the other one.
    rows = one.truth == 0 if name == "cancer-a20" else slice(None)
    wrong = one.observed != one.truth
    assert abs(wrong[rows].mean() - share) < 4 * np.sqrt(share * (1 - share) / wrong[rows].size)
    if name == "cancer-a20":
        assert not wrong[~rows].any()


def test_no_noise_leaves_the_labels(bench):
    problem = bench("_noisy_problems").make_problem("wine-u0", 0)
    np.testing.assert_array_equal(problem.observed, problem.truth)


def test_figures_by_hand(bench):
    problems, peers = bench("_noisy_problems"), bench("_noisy_peers")
    labels = np.array([0, 1, 1]), np.array([0, 1, 0])
    problem = problems.Problem(np.zeros((3, 1)), *labels, np.zeros((2, 1)), np.array([0, 1]), 2)
    proba, quality = np.array([[0.8, 0.2], [1.0, 0.0]]), np.array([0.9, 0.1, 0.5])
    result = peers.Result(proba, 7, quality, np.array([0, 1, 0]), {"temperature": 0.5})
    figures = bench("noisy_labels").measure(problem, result)
    clipped = 1e-4 / (1 + 1e-4)
    assert figures.pop("log_loss") == pytest.approx(-np.log([0.8, clipped]).mean())
    # The wrong label is the second in the order of suspicion.
    assert figures == {
        "accuracy": 0.5,
        "average_precision": 0.5,
        "label_accuracy": 1.0,
        "n_fits": 7,
        "temperature": 0.5,
    }


def test_differences_are_paired_and_their_error_is_over_seeds(bench):
    def cells(values):
        keys = [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
        return {key: {"accuracy": value} for key, value in zip(keys, values, strict=True)}

    one, other = cells([0.9, 0.8, 0.7, None]), cells([0.8, 0.8, 0.8, 0.9])
    del other["b", 0]
    other["c", 0] = {"accuracy": 0.0}
    found = bench("_noisy_tables").paired(one, other, "accuracy")
    # Common cells: +0.1 of seed 0 and -0.1 of seed 1.
    assert found.pop("mean") == pytest.approx(0)
    assert found.pop("error") == pytest.approx(0.1)
    assert found == {"wins": 1, "losses": 1, "n": 2}


def test_a_stopped_run_goes_on(bench, tmp_path):
    noisy_labels, path = bench("noisy_labels"), tmp_path / "results.jsonl"
    noisy_labels.run(CELLS, path, None, None, 1)
    first = noisy_labels.read(path)
    assert [row["method"] for row in first] == ["plain", "gold"]
    whole = path.read_text()
    path.write_text(whole[:-30])  # stopped while it wrote the second line
    noisy_labels.run(CELLS, path, None, None, 1)
    again = noisy_labels.read(path)
    assert again[0] == first[0]
    assert again[1]["accuracy"] == first[1]["accuracy"]
    before = path.read_text()
    noisy_labels.run(CELLS, path, None, None, 1)
    assert path.read_text() == before


def test_a_failed_cell_is_kept_and_tried_again(bench, tmp_path, monkeypatch):
    noisy_labels, path = bench("noisy_labels"), tmp_path / "results.jsonl"
    working = noisy_labels.METHODS["plain"]

    def fail(student, problem, seed):
        raise ValueError("no luck")

    monkeypatch.setitem(noisy_labels.METHODS, "plain", fail)
    noisy_labels.run(CELLS, path, None, None, 1)
    assert json.loads(path.read_text().splitlines()[0])["error"] == "ValueError('no luck')"
    monkeypatch.setitem(noisy_labels.METHODS, "plain", working)
    noisy_labels.run(CELLS, path, None, None, 1)
    assert "error" not in noisy_labels.read(path)[-1]


def test_tables_print(bench, tmp_path, capsys):
    noisy_labels, path = bench("noisy_labels"), tmp_path / "results.jsonl"
    noisy_labels.run(CELLS, path, None, None, 1)
    bench("_noisy_tables").print_tables(noisy_labels.read(path))
    printed = capsys.readouterr().out
    assert "knn on wine: test accuracy, %" in printed
    assert "plain 1 /" in printed


@pytest.mark.filterwarnings("ignore")  # of cleanlab, and of its dependencies
def test_controls_have_as_many_fits_as_ours(bench):
    pytest.importorskip("cleanlab")
    peers, students = bench("_noisy_peers"), bench("_noisy_students")
    problem, knn = bench("_noisy_problems").make_problem("wine-u20", 0), "knn"
    for ours, control in (
        ("posterior cold", "cleanlab equal"),
        ("posterior auto", "cleanlab equal auto"),
    ):
        counts = [
            peers.METHODS[method](students.make_student(knn, "wine"), problem, 0).n_fits
            for method in (ours, control)
        ]
        assert counts[0] == counts[1]


@pytest.mark.filterwarnings("ignore")
def test_cleanlab_leaves_the_global_generator(bench):
    pytest.importorskip("cleanlab")
    peers, students = bench("_noisy_peers"), bench("_noisy_students")
    problem = bench("_noisy_problems").make_problem("wine-u20", 0)
    student = students.make_student("knn", "wine")
    state = np.random.get_state()  # noqa: NPY002
    one, other = (peers.clean_learning(student, problem, 5) for _ in range(2))
    np.testing.assert_array_equal(state[1], np.random.get_state()[1])  # noqa: NPY002
    np.testing.assert_array_equal(one.proba, other.proba)


def test_unknown_problems_are_refused(bench):
    noisy_labels = bench("noisy_labels")
    with pytest.raises(SystemExit, match="known are"):
        noisy_labels.choose_problems(["moons"])
    assert noisy_labels.choose_problems(["wine"])[0] == "wine-u0"
