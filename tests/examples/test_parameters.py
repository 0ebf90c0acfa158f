"""The benchmark of parameters, and the page that it is for: every parameter has its place."""

import importlib
import inspect
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.refinement import (
    AnnotatorRefinement,
    AutoRefinement,
    AverageRefinement,
    PosteriorRefinement,
)

ROOT = Path(__file__).parents[2]
KINDS = (
    SLRClassifier,
    SLRRegressor,
    AutoRefinement,
    AverageRefinement,
    PosteriorRefinement,
    AnnotatorRefinement,
)
ESTIMATORS = KINDS[:2]


def parameters_of(kind):
    return [name for name in inspect.signature(kind).parameters if name != "self"]


def sections():
    """Return the first column of each section's tables on the page, by heading."""
    page = (ROOT / "docs" / "parameters.md").read_text()
    parts = re.split(r"(?m)^## ", page)[1:]
    return {
        part.splitlines()[0]: re.findall(r"(?m)^\| `(\w+)`", part.split("\n", 1)[1])
        for part in parts
    }


def test_the_page_has_a_row_for_every_parameter_and_no_other():
    rows = sections()
    shared = rows["SLRClassifier and SLRRegressor"]
    alone = rows["SLRRegressor alone"]
    assert sorted(shared) == sorted(parameters_of(SLRClassifier))
    assert sorted(shared + alone) == sorted(parameters_of(SLRRegressor))
    for kind in KINDS[2:]:
        assert rows[kind.__name__] == parameters_of(kind)


@pytest.fixture
def bench():
    """Return a function that imports a module of the benchmark."""
    pytest.importorskip("skorch")
    return lambda name: importlib.import_module(f"examples.benchmarks.parameters.{name}")


def test_the_benchmark_changes_every_parameter(bench):
    cases, costs = bench("cases"), bench("costs")
    for kind in KINDS:
        names = parameters_of(kind)
        changes = [
            change
            for table in cases.TABLES.values()
            if table.make is kind or kind not in ESTIMATORS
            for change in table.changes
        ]
        if kind in ESTIMATORS:
            varied = {name for name in names for change in changes if change.startswith(name)}
            varied |= {"refinement"} if any("Refinement(" in each for each in changes) else set()
            # What should leave accuracy alone is measured apart, by functions of these names.
            varied |= {name for name in names if hasattr(costs, f"_{name}")}
        else:
            varied = {
                name for name in names if any(f"{kind.__name__}({name}=" in c for c in changes)
            }
        assert varied == set(names), kind


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "setup", "change"),
    [
        ("average", "cancer, boosting", "augmentations"),
        ("average", "cancer, net", "cv: the same folds every round"),
        ("posterior", "cancer, net", "PosteriorRefinement(transition=the true one)"),
        ("annotators", "answers, logistic", "AnnotatorRefinement(prior=50.0)"),
        ("grades", "diabetes, ridge", 'thresholds="nearest"'),
        ("grades", "diabetes, ridge", "n_rounds=0"),
    ],
)
def test_a_cell_is_a_function_of_its_seed(bench, table, setup, change):
    run_cell = bench("cells").run_cell
    one, base = run_cell(table, setup, change, 3), run_cell(table, setup, "base", 3)
    assert one == run_cell(table, setup, change, 3)
    assert {**one, **base} == base
    assert 0 < one["score"] <= 1
    assert 0 < one["labels_right"] <= 1
    assert (one["score"], one["labels_right"]) != (base["score"], base["labels_right"])


def test_data_are_functions_of_the_seed(bench):
    for table in bench("cases").TABLES.values():
        for make, _ in table.setups.values():
            one, again, other = make(1), make(1), make(2)
            for name in ("X", "y", "truth", "X_test", "y_test"):
                np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
            assert not np.array_equal(one.y, other.y)


def lines_of(values, change):
    return [
        {"table": "t", "setup": "s", "change": change, "seed": seed, "score": score,
         "labels_right": score, "n_fits": 16}
        for seed, score in values.items()
    ]  # fmt: skip


def test_differences_are_paired_by_seed(bench):
    lines = lines_of({1: 0.5, 2: 0.7, 3: 0.6}, "base") + lines_of({1: 0.6, 2: 1.0}, "n=1")
    mean, error = bench("tables").difference(lines, "s", "n=1", "score")
    # +0.1 and +0.3: standard deviation 0.2 / sqrt(2), standard error 0.1.
    np.testing.assert_allclose([mean, error], [0.2, 0.1])
    assert np.isnan(bench("tables").difference(lines, "other", "n=1", "score")[0])


def test_files_are_printed_together(bench, tmp_path, monkeypatch, capsys):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    lines = lines_of({1: 0.5, 2: 0.7}, "base"), lines_of({1: 0.6, 2: 1.0}, "n=1")
    one.write_text(json.dumps({"lines": lines[0], "costs": {}}))
    two.write_text(json.dumps({"lines": lines[1], "costs": {"verbose": "4 lines"}}))
    monkeypatch.setattr(sys, "argv", ["parameters", "--table", str(one), str(two)])
    bench("__main__").main()
    said = capsys.readouterr().out
    assert "| base | 60.0 | 16 |" in said
    assert "| n=1 | +20.0 ± 10.0 | 16 |" in said
    assert "verbose: 4 lines" in said
