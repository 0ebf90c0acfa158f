"""The gallery: pages say what they are; those that want more packages do without them, too."""

import ast
import importlib.util
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
GALLERY = sorted((ROOT / "examples").glob("plot_*.py"))


def load(name, *constants, **names):
    """Run the imports and definitions of an example, and some constants; return its names."""

    def is_kept(node):
        if isinstance(node, ast.Assign):
            targets = {each.id for target in node.targets for each in ast.walk(target)
                       if isinstance(each, ast.Name)}  # fmt: skip
            return bool(targets & set(constants))
        return isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef))

    tree = ast.parse((ROOT / "examples" / f"{name}.py").read_text())
    tree.body = [node for node in tree.body if is_kept(node)]
    exec(compile(tree, name, "exec"), names)
    return names


def run(name, tmp_path, **constants):
    """Run an example, with other values for some of its constants; return its names."""
    source = (ROOT / "examples" / f"{name}.py").read_text()
    for constant, value in constants.items():
        source, count = re.subn(rf"(?m)^{constant} = .*$", f"{constant} = {value}", source)
        assert count == 1, constant
    script = tmp_path / f"{name}.py"
    script.write_text(source)
    return runpy.run_path(str(script), run_name="__main__")


@pytest.fixture
def pyplot(monkeypatch):
    """Draw without a screen; close what was drawn, and leave the command line as it was."""
    matplotlib = pytest.importorskip("matplotlib")
    pytest.importorskip("matplotlib.pyplot")
    pytest.importorskip("pandas")
    monkeypatch.setattr(sys, "argv", ["example"])
    before = matplotlib.get_backend()
    matplotlib.use("agg")
    matplotlib.pyplot.close("all")  # what doctests of pages have left open
    # Without a screen there is nothing to show, which is a warning.
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)
    yield matplotlib.pyplot
    matplotlib.pyplot.close("all")
    matplotlib.use(before)


@pytest.fixture
def without(monkeypatch):
    """Return a function that hides packages."""

    def hide(*names):
        find_spec = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: None if name in names else find_spec(name)
        )
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)

    return hide


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_a_page_has_a_title_and_a_picture_or_a_table(path):
    source = path.read_text()
    title, line, *_ = ast.get_docstring(ast.parse(source)).splitlines()
    assert set(line) == {"="}
    assert len(line) == len(title)
    assert "plt." in source or "Display" in source or "to_string" in source


@pytest.mark.slow
def test_boosters_without_any_library(pyplot, without, capsys, tmp_path):
    without("xgboost", "lightgbm")
    names = run("plot_boosters", tmp_path, N_SEEDS=2)
    assert list(names["students"]) == ["HistGradientBoosting"]
    said = capsys.readouterr().out
    assert "xgboost is not installed" in said
    assert "lightgbm is not installed" in said
    assert len(names["table"]) == 2 * 2
    assert len(pyplot.get_fignums()) == 1


@pytest.mark.slow
def test_cleanlab_page_without_cleanlab(pyplot, without, capsys, tmp_path):
    without("cleanlab")
    names = run("plot_cleanlab", tmp_path, N_SEEDS=1)
    assert "cleanlab is not installed" in capsys.readouterr().out
    assert set(names["table"]["method"]) == {"plain", *names["ours"]}
    assert names["baseline"] == "plain"
    assert len(pyplot.get_fignums()) == 1


def test_cleanlab_has_the_folds_that_ours_has():
    pytest.importorskip("cleanlab")
    pytest.importorskip("pandas")
    from cleanlab.count import estimate_confident_joint_and_cv_pred_proba
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    names = load("plot_cleanlab", "problems", "learner")
    X, given, *_ = names["make_problem"]("10 %", 3)
    folds = StratifiedKFold(5, shuffle=True, random_state=3)
    ours = cross_val_predict(names["learner"], X, given, cv=folds, method="predict_proba")
    _, theirs = estimate_confident_joint_and_cv_pred_proba(
        X, given, names["learner"], cv_n_folds=5, seed=3
    )
    np.testing.assert_allclose(theirs, ours)


def test_dask_page_without_dask(pyplot, without, capsys, tmp_path):
    without("distributed")
    run("plot_dask", tmp_path, N_ROUNDS=1, N_FOLDS=2)
    said = capsys.readouterr().out
    assert "of the labels were right" in said
    assert "dask is not installed" in said


def test_folds_are_read_from_dasks_records(pyplot):
    names = load("plot_dask", N_ROUNDS=1, N_FOLDS=2)

    def record(worker, *steps):
        keys = ("action", "start", "stop")
        return {
            "worker": worker,
            "startstops": [dict(zip(keys, step, strict=True)) for step in steps],
        }

    records = [
        record("b", ("transfer", 10.0, 19.0), ("compute", 20.0, 21.0)),
        record("a", ("compute", 10.0, 10.001)),
        record("a", ("compute", 18.0, 20.0)),
    ]
    assert names["find_folds"](records) == [(0, 0.0, 2.0), (1, 2.0, 3.0)]


def test_drawn_retinas_are_worse_the_higher_the_grade():
    pytest.importorskip("skorch")
    pytest.importorskip("matplotlib")
    names = load("plot_retina_grades", "rows")
    images, grades = names["draw_grades"](300, np.random.default_rng(0))
    assert images.shape == (300, 28, 28, 3)
    assert images.dtype == np.uint8
    assert set(grades) == {0, 1, 2, 3, 4}
    dark = (images.max(axis=3)[:, 8:20, 8:20] < 80).mean(axis=(1, 2))
    means = [dark[grades == grade].mean() for grade in range(5)]
    assert means == sorted(means)


@pytest.mark.slow
def test_the_review_page_is_written_where_it_is_wanted(pyplot, monkeypatch, tmp_path, capsys):
    folder = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["example", str(folder)])
    names = run("plot_find_and_review", tmp_path)
    assert {path.name for path in folder.iterdir()} == {
        "label_review.html",
        *(f"display_{name}.png" for name in names["pictures"]),
    }
    page = (ROOT / "docs" / "displays.md").read_text()
    assert all(f"images/display_{name}.png" in page for name in names["pictures"])
    given, left = map(
        int, re.search(r"labels: (\d+) given, (\d+) after", capsys.readouterr().out).groups()
    )
    assert given - 60 <= left < given - 50  # nearly all of the first 60 are wrong, and mended
