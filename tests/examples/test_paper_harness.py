"""The paper's experiments: runs that go on, tables by hand, every row on tiny data."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("skorch")

from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import StratifiedKFold  # noqa: E402

from examples.paper import (  # noqa: E402
    _harness,
    _ordinal,
    cifar10,
    deepdrid,
    plant_pathology,
    retinamnist,
    toy,
)
from sklearn_slr import SLRClassifier  # noqa: E402
from sklearn_slr.refinement import AverageRefinement, PosteriorRefinement  # noqa: E402

CPU = ["--device", "cpu", "--epochs", "1", "--seeds", "1"]


def make_experiment(calls, data=0.5, **how):
    def measure(config, data, args, seed, case):
        calls.append((config["add"], seed))
        return {"figures": {"score": data + config["add"] * seed}}

    rows = {
        "quoted": _harness.Row("Quoted", None, {"score": "9"}),
        "base": _harness.Row("Base", {"add": 1}),
        "other": _harness.Row("Other", {"add": 2}, {"score": "7"}, group="more"),
    }
    return _harness.Experiment(
        "test", rows, lambda args: data, measure, metrics=("score",), baseline="base", **how
    )


def cells_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_stopped_run_goes_on(tmp_path, capsys):
    calls, out = [], tmp_path / "deep" / "out.jsonl"
    experiment = make_experiment(calls)
    options = ["--out", str(out), "--first-seed", "3", "--rows", "all", "--seeds", "2"]
    _harness.main(experiment, options)
    assert calls == [(1, 3), (2, 3), (1, 4), (2, 4)]
    whole = out.read_text()
    out.write_text(whole[:-20])  # killed while writing the last line
    _harness.main(experiment, options)
    assert calls[4:] == [(2, 4)]
    keys = ("row", "seed", "figures")
    known = [[cell[key] for key in keys] for cell in map(json.loads, whole.splitlines())]
    assert [[cell[key] for key in keys] for cell in cells_of(out)] == known
    # Looking at a file that another run is writing to leaves it alone.
    out.write_text(whole + '{"row": "ba')
    _harness.main(experiment, [*options, "--table"])
    assert out.read_text() == whole + '{"row": "ba'
    out.write_text(whole)
    # Other settings are other results.
    _harness.main(experiment, [*options, "--epochs", "1"])
    assert len(calls) == 9
    _harness.main(experiment, [*options, "--table"])
    assert len(calls) == 9
    assert out.with_suffix(".md").read_text() in capsys.readouterr().out


def test_results_of_other_data_are_other_results(tmp_path, capsys):
    calls, out = [], tmp_path / "out.jsonl"
    options = ["--out", str(out), "--seeds", "1", "--first-seed", "1"]
    _harness.main(make_experiment(calls), options)
    other = make_experiment(calls, data=7.0, note=lambda data, args: "Made up.")
    _harness.main(other, options)
    assert calls == [(1, 1), (1, 1)]
    table = out.with_suffix(".md").read_text()
    assert "8.0000" in table
    assert "1.5000" not in table
    assert table.endswith("\n\nMade up.\n")
    # Without data, those measured last.
    _harness.main(other, [*options, "--table"])
    assert out.with_suffix(".md").read_text() == table
    _harness.main(make_experiment(calls), options)
    assert "1.5000" in out.with_suffix(".md").read_text()
    assert len(calls) == 2


def test_options_that_make_no_sense_are_refused(tmp_path, capsys):
    experiment, out = make_experiment([]), tmp_path / "out.jsonl"
    for bad in (["--fraction", "0"], ["--fraction", "2"], ["--out", str(tmp_path / "out.md")]):
        with pytest.raises(SystemExit):
            _harness.main(experiment, ["--out", str(out), *bad])
        assert " is " in capsys.readouterr().err
    out.write_text('{"row": "base"}\nnonsense\n')
    with pytest.raises(SystemExit, match=r"out\.jsonl, line 2, is no result"):
        _harness.main(experiment, ["--out", str(out)])
    assert out.read_text() == '{"row": "base"}\nnonsense\n'


def test_the_table_by_hand(tmp_path):
    out = tmp_path / "out.jsonl"
    options = ["--out", str(out), "--first-seed", "1", "--seeds", "2", "--rows", "all"]
    _harness.main(make_experiment([]), options)
    lines = out.with_suffix(".md").read_text().splitlines()
    cells = [[part.strip() for part in line.split("|")[1:-1]] for line in lines if "|" in line]
    assert cells[2][:3] == ["Quoted", "9", ""]
    # Scores 1.5 and 2.5; 2.5 and 4.5: differences 1 and 2, their standard error 1/2.
    assert cells[3][:5] == ["Base", "", "2.0000 ± 0.7071", "", "2"]
    assert cells[4][:5] == ["Other", "7", "3.5000 ± 1.4142", "+1.5000 ± 0.5000, 2/2", "2"]


def test_rows_are_chosen_by_key_and_group():
    rows = make_experiment([]).rows
    assert _harness.chosen(rows, "table") == ["quoted", "base"]
    assert _harness.chosen(rows, "more, base") == ["base", "other"]
    assert _harness.chosen(rows, "all") == [*rows]
    with pytest.raises(SystemExit, match="names nothing; known are"):
        _harness.chosen(rows, "nothing,base")


def test_paired_differences_are_of_common_seeds():
    here, start = {1: 0.5, 2: 0.7, 3: 0.9}, {1: 0.4, 2: 0.8, 4: 0.0}
    # +0.1 and -0.1
    assert _harness.paired(here, start, 2) in ("+0.00 ± 0.10, 1/2", "-0.00 ± 0.10, 1/2")
    assert _harness.paired(start, start) == ""
    assert _harness.mean_std([0.5]) == "0.5000"


def test_toy_runs_and_draws(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(toy, "NOISE", (0.0, 0.3))
    monkeypatch.setattr(toy, "N_ROUNDS", 2)
    out, figures, rows = tmp_path / "toy.jsonl", tmp_path / "figures", "ohem,swa,posterior"
    options = [*CPU, "--fraction", "0.1", "--rows", rows, "--kinds", "blobs", "--out", str(out)]
    toy.main(toy.EXPERIMENT, [*options, "--figures", str(figures)])
    cells = cells_of(out)
    assert sorted(cell["row"] for cell in cells) == sorted(2 * rows.split(","))
    assert all(len(cell["surface"]) == toy.GRID**2 for cell in cells)
    names = sorted(path.name for path in figures.iterdir())
    assert names == ["paper_figure5_blobs.png", "paper_figure6.png"]
    args = _harness.parse(toy.EXPERIMENT, options)
    again = toy.measure(toy.ROWS["swa"].config, toy.load(args), args, 1000, cells[-1]["case"])
    assert again["figures"] == cells[-1]["figures"]
    assert len(toy.ROWS) == 9


def test_toy_grid_covers_the_points_row_by_row():
    grid = toy.grid_of(np.array([[0.0, -1.0], [2.0, 3.0]]))
    np.testing.assert_array_equal(grid[0], [0, -1])
    np.testing.assert_array_equal(grid[toy.GRID - 1], [2, -1])
    np.testing.assert_array_equal(grid[-1], [2, 3])


def digits():
    from sklearn.datasets import load_digits

    X, y = load_digits(n_class=4, return_X_y=True)
    return X[:120] / 16, y[:120]


def test_cifars_own_rounds_are_those_of_the_classifier():
    X, y = digits()
    views = (lambda X: X[:, ::-1], lambda X: X + 0.1)
    student = LogisticRegression()
    oof = cifar10.out_of_fold_views(student, X, np.eye(4)[y], y, 5, views)
    splits = list(StratifiedKFold(5, shuffle=True, random_state=5).split(X, y))
    for augmentations, mean in ((None, oof[0]), ([*views], oof.mean(axis=0))):
        slr = SLRClassifier(
            student, n_rounds=1, cv=splits, augmentations=augmentations, refinement="average"
        )
        slr.fit(X, y)
        labels = cifar10.refined(AverageRefinement(n=3), np.eye(4)[y], mean)
        np.testing.assert_allclose(labels, slr.refined_labels_, atol=1e-12)
        np.testing.assert_allclose(labels, (3 * np.eye(4)[y] + mean) / 4, atol=1e-12)
    posterior = SLRClassifier(student, n_rounds=1, cv=splits, refinement="posterior").fit(X, y)
    step = PosteriorRefinement()
    labels = cifar10.refined(step, np.eye(4)[y], oof[0])
    np.testing.assert_allclose(labels, step.training_targets(posterior.refined_labels_))


def test_cifars_views_move_and_mirror():
    X = np.arange(16, dtype=np.uint8).reshape(1, 1, 4, 4)
    np.testing.assert_array_equal(cifar10.mirror(X)[0, 0, 0], [3, 2, 1, 0])
    np.testing.assert_array_equal(cifar10.move(X, 2)[0, 0, 2:, 2:], X[0, 0, :2, :2])
    np.testing.assert_array_equal(cifar10.move(X, -2)[0, 0, :2, :2], X[0, 0, 2:, 2:])
    assert not cifar10.move(X, 2)[0, 0, :2].any()


@pytest.mark.slow
def test_cifar_runs_every_row(tmp_path, batches, monkeypatch):
    monkeypatch.setattr(cifar10, "N_TRAIN", 100)
    out = tmp_path / "cifar.jsonl"
    options = [*CPU, "--data", str(batches), "--rows", "all", "--out", str(out), "--depth", "8"]
    cifar10.main(cifar10.EXPERIMENT, [*options, "--policy", "flips"])
    figures = {cell["row"]: cell["figures"] for cell in cells_of(out)}
    assert set(figures) == {key for key, row in cifar10.ROWS.items() if row.config}
    assert len(list(out.with_suffix(".folds").iterdir())) == len(cifar10.NETS)
    assert figures["baseline"]["right labels"] == 1
    # The paper's rule keeps three quarters of a label's mass in one round.
    assert figures["slr"]["right labels"] == 1
    # Labels of other people: pseudo-labels of their own.
    X = np.zeros((10, 3, 32, 32), dtype=np.uint8)
    args = _harness.parse(cifar10.EXPERIMENT, [*options, "--policy", "flips"])
    cifar10.pseudo_labels("se", X, np.arange(10) % 2, args, 1000)
    assert len(list(out.with_suffix(".folds").iterdir())) == len(cifar10.NETS) + 1


@pytest.mark.parametrize(
    ("module", "folder", "rows"),
    [
        (plant_pathology, "plants", "ohem,slr,posterior"),
        (deepdrid, "retinas", "plain,swa,slr,three"),
    ],
)
def test_photographs_run(module, folder, rows, tmp_path, request):
    data, out = request.getfixturevalue(folder), tmp_path / "out.jsonl"
    options = [*CPU, "--data", str(data), "--backbone", "tiny", "--size", "16", "--rows", rows]
    module.main(module.EXPERIMENT, [*options, "--out", str(out)])
    cells = cells_of(out)
    assert [cell["row"] for cell in cells] == rows.split(",")
    assert all(np.isfinite([*cell["figures"].values()]).all() for cell in cells)


@pytest.fixture
def small_retinas(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {}
    for part, n in (("train", 40), ("val", 10), ("test", 20)):
        labels = np.arange(n) % 5
        images = rng.integers(0, 40, (n, 28, 28, 3)) + 50 * labels[:, None, None, None] // 2
        arrays |= {f"{part}_images": images.astype(np.uint8), f"{part}_labels": labels[:, None]}
    np.savez(tmp_path / "retinamnist.npz", **arrays)
    return tmp_path


@pytest.mark.slow
def test_retinamnist_runs_its_kinds_of_rows_and_draws(tmp_path, small_retinas):
    pytest.importorskip("matplotlib")
    rows, out = "plain,baseline,swa,slr,three,slr-three,slr-1,posterior", tmp_path / "r.jsonl"
    figures = tmp_path / "figures"
    options = [*CPU, "--data", str(small_retinas), "--rows", rows, "--figures", str(figures)]
    retinamnist.main(retinamnist.EXPERIMENT, [*options, "--out", str(out)])
    cells = {cell["row"]: cell for cell in cells_of(out)}
    assert set(cells) == set(rows.split(","))
    assert all(set(cell["figures"]) == set(_ordinal.METRICS) for cell in cells.values())
    assert {key for key, cell in cells.items() if "curves" in cell} == {"baseline", "slr"}
    assert len(cells["slr"]["curves"]["valid"]) == 1
    # Rows of one net share a folder: SLR, its one round, and the baseline that has none.
    folds = [len(list(each.glob("*.npz"))) for each in out.with_suffix(".folds").iterdir()]
    *others, posterior = *sorted(folds)[:2], *sorted(folds)[3:], sorted(folds)[2]
    assert others == [0, 0, 20, 20]
    assert posterior in (5, 10, 15)  # its guard may see that nets of 40 images guess
    names = sorted(path.name for path in figures.iterdir())
    assert names == ["paper_figure3_r.png", "paper_figure4b_r.png"]


def test_random_splits_differ_by_seed_and_share_no_row(small_retinas):
    options = ["--data", str(small_retinas), "--split", "random"]
    problem = retinamnist.load(_harness.parse(retinamnist.EXPERIMENT, options))
    one, other = problem(1), problem(2)
    assert len(one.y) == 50
    assert not np.array_equal(one.X_test, other.X_test)
    np.testing.assert_array_equal(one.X, problem(1).X)
    rows = {row.tobytes() for row in one.X} & {row.tobytes() for row in one.X_test}
    assert not rows


def test_cuts_of_figures_by_hand():
    oof = np.array([0.1, 0.4, 1.2, 2.1, 3.3, 4.0])
    y = np.array([0, 1, 1, 2, 3, 4])
    # A cut between .1 and .4 is better than rounding, which calls .4 a 0.
    figures = _ordinal.figures_of(oof, y, np.array([0.35, 4.4]), np.array([1, 4]))
    assert figures["QWK"] == figures["accuracy"] == figures["accuracy, kappa cuts"] == 1
    assert figures["QWK, rounded"] < 1
    np.testing.assert_allclose(_ordinal.scores_of(np.array([[0.5, 0, 0, 0, 0.5]])), [2.0])
