import errno
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import sklearn_slr._running._checkpoint
from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr._em import _fold
from sklearn_slr._em._fold import Fold
from sklearn_slr._running._checkpoint import locate_files
from sklearn_slr._running._files import locked
from sklearn_slr._running._fingerprint import digest

X, y = load_iris(return_X_y=True)
X, y = X[::3], y[::3].copy()
y[::7] = (y[::7] + 1) % 3


class Killed(BaseException):
    pass


class Folds(list):
    """Addresses of the folds whose models were fitted; `left` more may be."""

    left = np.inf

    def interrupt_after(self, n_folds):
        self.clear()
        self.left = n_folds

    def count(self):
        n_folds = len(self)
        self.clear()
        return n_folds


@pytest.fixture
def folds(monkeypatch):
    log, predict = Folds(), _fold.predict_test_rows

    def logged(fold, *args, **kwargs):
        if not log.left:
            log.left = np.inf
            raise Killed
        log.left -= 1
        log.append(fold.address)
        return predict(fold, *args, **kwargs)

    monkeypatch.setattr(_fold, "predict_test_rows", logged)
    return log


FEW = {"n_rounds": 2, "cv": 3, "random_state": 0, "refinement": "average"}


def slr(estimator=None, **parameters):
    estimator = GaussianNB() if estimator is None else estimator
    return SLRClassifier(estimator, **{**FEW, **parameters})


def files(folder):
    return sorted(folder.rglob("*.npz"))


def run_folder(folder):
    (manifest,) = folder.glob("*/manifest.json")
    return manifest.parent


def same(first, second):
    names = [n for n in vars(first) if n.endswith("_") and isinstance(vars(first)[n], np.ndarray)]
    assert "refined_labels_" in names
    assert all(np.array_equal(vars(first)[n], vars(second)[n]) for n in names)
    history = {*first.history_} - {"fit_time"}
    assert all(np.array_equal(first.history_[n], second.history_[n]) for n in history)
    assert np.array_equal(first.predict(X), second.predict(X))
    return first.n_fits_ == second.n_fits_


CASES = {
    "plain": (slr(), {}, 6),
    "posterior": (slr(refinement="posterior"), {}, 6),
    "teachers": (
        slr(n_repeats=2, teachers=[("nb", GaussianNB()), ("knn", KNeighborsClassifier())]),
        {},
        24,
    ),
    "best round": (slr(select_round="best"), {"X_val": X[:9], "y_val": y[:9]}, 6),
    "fold students": (slr(final="folds"), {}, 6),
    "weights": (slr(), {"sample_weight": np.arange(50) % 3}, 6),
    "auto": (slr(refinement="auto"), {}, 6),
    "numbers": (SLRRegressor(Ridge(), n_rounds=2, cv=3, random_state=0), {}, 6),
    "grades": (
        SLRRegressor(Ridge(), n_rounds=2, cv=3, random_state=0, thresholds="kappa"),
        {},
        9,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_interrupted_fit_goes_on_after_the_last_finished_fold(case, folds, tmp_path):
    model, inputs, n_folds = CASES[case]
    plain = clone(model).fit(X, y, **inputs)
    total = folds.count()
    assert n_folds in (None, total)
    kept = clone(model).set_params(checkpoint=tmp_path)
    done = 0
    for step in (0, 1, total // 2 - 1):
        folds.interrupt_after(step)
        with pytest.raises(Killed):
            kept.fit(X, y, **inputs)
        done += folds.count()
        assert len(files(tmp_path)) == done
        assert not hasattr(kept, "refined_labels_")
    assert same(kept.fit(X, y, **inputs), plain)
    assert done + folds.count() == total == len(files(tmp_path))
    assert same(clone(kept).fit(X, y, **inputs), plain)
    assert folds.count() == 0


@pytest.mark.parametrize("n_finished", [1, 4])
def test_a_killed_process_leaves_what_it_finished(n_finished, folds, tmp_path):
    script = textwrap.dedent(
        f"""
        import os, signal, sys
        import sklearn_slr._em._fold as module
        from sklearn.datasets import load_iris
        from sklearn.naive_bayes import GaussianNB
        from sklearn_slr import SLRClassifier

        X, y = load_iris(return_X_y=True)
        X, y = X[::3], y[::3].copy()
        y[::7] = (y[::7] + 1) % 3
        done, write = [], os.fsync

        def predict_test_rows(*args, **kwargs):
            done.append(1)
            return before(*args, **kwargs)

        def fsync(handle):  # half a file is on the disk
            if len(done) > {n_finished}:
                os.kill(os.getpid(), signal.SIGKILL)
            write(handle)

        before, os.fsync = module.predict_test_rows, fsync
        module.predict_test_rows = predict_test_rows
        model = SLRClassifier(GaussianNB(), refinement="average", n_rounds=2, cv=3, random_state=0)
        model.set_params(checkpoint=sys.argv[1]).fit(X, y)
        """
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)])
    assert done.returncode == -signal.SIGKILL
    assert len(files(tmp_path)) == n_finished
    assert len(list(tmp_path.rglob("*.tmp"))) == 1
    resumed = slr(checkpoint=tmp_path).fit(X, y)
    assert folds.count() == 6 - n_finished
    assert not list(tmp_path.rglob("*.tmp"))
    assert same(resumed, slr().fit(X, y))


def test_workers_go_on_where_one_process_stopped(folds, tmp_path):
    folds.interrupt_after(2)
    with pytest.raises(Killed):
        slr(checkpoint=tmp_path).fit(X, y)
    parallel = slr(checkpoint=tmp_path, n_jobs=2).fit(X, y)
    assert len(files(tmp_path)) == 6
    assert same(parallel, slr().fit(X, y))


@pytest.mark.parametrize("seed", [None, "generator"])
def test_the_seed_that_was_drawn_first_is_kept(seed, folds, tmp_path):
    def make():
        state = None if seed is None else np.random.RandomState(3)
        return slr(random_state=state, checkpoint=tmp_path)

    folds.interrupt_after(4)
    with pytest.raises(Killed):
        make().fit(X, y)
    first = make().fit(X, y)
    assert len(folds) == 4 + 2
    for path in files(tmp_path)[1:]:
        path.unlink()
    assert same(make().fit(X, y), first)


def test_without_a_seed_another_folder_draws_its_own(tmp_path):
    first, second = (
        slr(random_state=None, checkpoint=tmp_path / name).fit(X, y).refined_labels_
        for name in ("a", "b")
    )
    assert not np.array_equal(first, second)


# Damage


def truncate(path):
    path.write_bytes(path.read_bytes()[:-40])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def exchange(path):
    other = next(each for each in files(path.parent) if each != path)
    path.write_bytes(other.read_bytes())


@pytest.mark.parametrize("damage", [truncate, flip, exchange, lambda path: path.write_bytes(b"")])
def test_the_fold_of_a_damaged_file_is_fitted_again(damage, folds, tmp_path):
    first = slr(checkpoint=tmp_path).fit(X, y)
    assert folds.count() == 6
    damage(files(tmp_path)[3])
    with pytest.warns(UserWarning, match="is damaged: it is removed, and its fold is fitted again"):
        again = slr(checkpoint=tmp_path).fit(X, y)
    assert folds.count() == 1
    assert same(again, first)
    assert same(slr(checkpoint=tmp_path).fit(X, y), first)
    assert len(files(tmp_path)) == 6


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("unpickled",)


@pytest.mark.parametrize("kind", ["pickle", "object array", "other shape", "no clean set"])
def test_nothing_is_unpickled_and_foreign_content_is_refused(kind, folds, tmp_path):
    inputs = {"X_val": X[:9], "y_val": y[:9]}
    first = slr(checkpoint=tmp_path).fit(X, y, **inputs)
    folds.clear()
    path = files(tmp_path)[0]
    arrays = {**np.load(path)}
    if kind == "object array":
        arrays["prediction"] = np.array([Bomb()])
    elif kind == "other shape":
        arrays["prediction"] = arrays["prediction"][1:]
    elif kind == "no clean set":
        del arrays["validation"]
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    content = pickle.dumps(Bomb()) if kind == "pickle" else buffer.getvalue()
    path.unlink()  # with a name that says that all is well
    stem = path.stem.rpartition("-")[0]
    path.with_name(f"{stem}-{digest(content)[:16]}.npz").write_bytes(content)
    with pytest.warns(UserWarning, match="is damaged"):
        again = slr(checkpoint=tmp_path).fit(X, y, **inputs)
    assert folds.count() == 1
    assert same(again, first)


def test_files_of_another_fit_do_not_pass_for_this_ones(folds, tmp_path):
    slr(GaussianNB(var_smoothing=0.1), checkpoint=tmp_path).fit(X, y)
    others = files(tmp_path)
    mine = slr(checkpoint=tmp_path / "mine").fit(X, y)
    for path in files(tmp_path / "mine"):
        path.unlink()
    for path in others:  # round 1 has the same targets, rows and seeds
        os.replace(path, run_folder(tmp_path / "mine") / path.name)
    folds.clear()
    assert same(slr(checkpoint=tmp_path / "mine").fit(X, y), mine)
    assert folds.count() == 6


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": 2}', b'{"format": 1, "root": 0}'])
def test_a_damaged_manifest_is_refused(content, tmp_path):
    slr(checkpoint=tmp_path).fit(X, y)
    (run_folder(tmp_path) / "manifest.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"manifest\.json is not a manifest of format 2"):
        slr(checkpoint=tmp_path).fit(X, y)


# Whose folder it is


def double(X):
    return 2 * X


def double_in_another_way(X):
    return X + X + 0


double_in_another_way.__name__ = double_in_another_way.__qualname__ = "double"


@pytest.mark.parametrize(
    ("name", "parameters", "inputs"),
    [
        ("X", {}, {"X": X + 1}),
        ("y", {}, {"y": (y + 1) % 3}),
        ("sample_weight", {}, {"sample_weight": np.ones(50)}),
        ("X_val", {}, {"X_val": X[:5], "y_val": y[:5]}),
        ("estimator", {"estimator": LogisticRegression()}, {}),
        ("estimator__var_smoothing", {"estimator": GaussianNB(var_smoothing=0.1)}, {}),
        ("cv", {"cv": 4}, {}),
        ("n_repeats", {"n_repeats": 2}, {}),
        ("random_state", {"random_state": 1}, {}),
        ("refinement", {"refinement": "posterior"}, {}),
        ("augmentations", {"augmentations": double}, {}),
        (r"teachers\[0\]", {"teachers": [("nb", GaussianNB())]}, {}),
    ],
)
def test_the_folder_of_one_fit_refuses_any_other_by_name(name, parameters, inputs, folds, tmp_path):
    slr(checkpoint=tmp_path).fit(X, y)
    folder = run_folder(tmp_path)
    slr(checkpoint=folder).fit(X, y)
    before, n_fitted = files(tmp_path), len(folds)
    with pytest.raises(ValueError, match=rf"keeps the folds of another fit: (.*; )?{name} was .*"):
        slr(**{"checkpoint": folder, **parameters}).fit(**{"X": X, "y": y, **inputs})
    assert (files(tmp_path), len(folds)) == (before, n_fitted)


def test_changed_code_is_another_fit(tmp_path):
    def fit(function, folder):
        student = make_pipeline(FunctionTransformer(function), GaussianNB())
        return slr(student, checkpoint=folder).fit(X, y)

    fit(double, tmp_path)
    with pytest.raises(ValueError, match=r"func \(code\) was"):
        fit(double_in_another_way, run_folder(tmp_path))


def test_another_version_is_another_fit(monkeypatch, tmp_path):
    slr(checkpoint=tmp_path).fit(X, y)
    monkeypatch.setattr(sklearn_slr._running._checkpoint, "__version__", "0.0")
    with pytest.raises(ValueError, match=r"version of sklearn_slr was .* and is 0\.0"):
        slr(checkpoint=run_folder(tmp_path)).fit(X, y)
    slr(checkpoint=tmp_path).fit(X, y)
    assert len(list(tmp_path.iterdir())) == 2


def test_how_it_runs_is_free(folds, tmp_path, capsys):
    slr(checkpoint=tmp_path, verbose=1).fit(X, y)
    assert "no finished folds in" in capsys.readouterr().out
    slr(checkpoint=str(tmp_path), n_jobs=1, verbose=1).fit(X, y)
    assert "6 finished folds in" in capsys.readouterr().out
    assert folds.count() == 6
    slr(GaussianNB(var_smoothing=0.1), checkpoint=tmp_path, verbose=1).fit(X, y)
    assert "an earlier fit had other estimator__var_smoothing\n" in capsys.readouterr().out


def test_a_search_shares_a_folder(folds, tmp_path):
    def search(folder):
        grid = {"estimator__var_smoothing": [1e-9, 0.1]}
        return GridSearchCV(slr(checkpoint=folder, n_rounds=1), grid, cv=2).fit(X, y)

    first = search(tmp_path)
    assert folds.count() == 3 * (2 * 2 + 1)
    assert len(list(tmp_path.iterdir())) == 2 * 2 + 1
    again, plain = search(tmp_path), search(None)
    assert folds.count() == 3 * (2 * 2 + 1)  # those of `plain`
    for other in (again, plain):
        scores = "mean_test_score"
        assert np.array_equal(first.cv_results_[scores], other.cv_results_[scores])
        assert same(first.best_estimator_, other.best_estimator_)


def test_a_folder_in_use_is_refused(folds, tmp_path):
    first = slr(checkpoint=tmp_path).fit(X, y)
    (lock,) = run_folder(tmp_path).glob("lock-*")
    with locked(lock):
        message = rf"is in use by process {os.getpid()} on .*: wait for it, stop it, or choose"
        with pytest.raises(RuntimeError, match=message):
            slr(checkpoint=tmp_path).fit(X, y)
        slr(checkpoint=tmp_path).fit(X[1:], y[1:])  # another fit, another sub-folder
    folds.clear()
    assert same(slr(checkpoint=tmp_path).fit(X, y), first)
    assert folds.count() == 0


# More rounds, other students


GRADES = SLRRegressor(Ridge(), n_rounds=2, cv=3, random_state=0, thresholds="kappa")
CLEAN = {"X_val": X[:9], "y_val": y[:9]}
BEST, LAST = {"select_round": "best"}, {"select_round": "last"}
AUTO = {"refinement": "auto"}
# Two calls in turn, and how many folds the second one fits anew.
CONTINUED = {
    "more rounds": (slr(), {}, {"n_rounds": 4}, 6),
    "fewer rounds": (slr(), {"n_rounds": 4}, {}, 0),
    "repeats and teachers": (CASES["teachers"][0], {"n_rounds": 1}, {}, 12),
    "none, then some": (slr(), {"n_rounds": 0}, {}, 6),
    "another student": (slr(), {}, {"final": "folds"}, 0),
    "back again": (slr(), {"final": "folds"}, {"n_rounds": 3}, 3),
    "grades, more rounds": (GRADES, {}, {"n_rounds": 4}, 6 + 3),
    "grades, fewer rounds": (GRADES, {"n_rounds": 4}, {}, 3),
    "grades, none at first": (GRADES, {"n_rounds": 0}, {"n_rounds": 1}, 3 + 3),
    "grades, none at last": (GRADES, {"n_rounds": 1}, {"n_rounds": 0}, 3),
    "grades, other cuts": (GRADES, {}, {"thresholds": [0.7, 1.6]}, 0),
    "grades, cuts at last": (GRADES, {"thresholds": [0.7, 1.6]}, {}, 3),
    "grades, fold students": (GRADES, {"final": "folds"}, {}, 3),
    "grades or numbers": (GRADES, {"thresholds": None}, {}, 9),  # grades stratify the folds
    "the best round": (slr(), LAST, BEST, 0),
    "the best of more": (slr(), BEST, {**BEST, "n_rounds": 3}, 3),
    "auto, more": (slr(**AUTO), {"n_rounds": 1}, {"n_rounds": 3}, 6),
    "auto, fewer": (slr(**AUTO), {"n_rounds": 3}, {"n_rounds": 1}, 0),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CONTINUED)
def test_fits_that_differ_in_their_rounds_share_folds(case, folds, tmp_path):
    model, first, second, n_new = CONTINUED[case]
    inputs = CLEAN if "best" in case else {}
    for parameters in (first, second):
        kept = clone(model).set_params(checkpoint=tmp_path, **parameters).fit(X, y, **inputs)
        n_fitted = folds.count()
        fresh = clone(kept).set_params(checkpoint=None).fit(X, y, **inputs)
        assert same(kept, fresh)
        assert n_fitted <= folds.count()
    assert n_fitted == n_new
    assert len(list(tmp_path.iterdir())) == 1


def test_all_that_share_a_folder_share_the_seed_that_was_drawn_first(tmp_path):
    drawn = slr(random_state=None, checkpoint=tmp_path)
    first = clone(drawn).fit(X, y).history_["label_change"]
    for final in ("refit", "folds"):
        longer = clone(drawn).set_params(n_rounds=3, final=final).fit(X, y)
        assert np.array_equal(longer.history_["label_change"][:2], first)
    assert len(files(tmp_path)) == 9


def test_those_that_share_a_folder_may_run_at_the_same_time(tmp_path):
    class Watching(GaussianNB):
        """Starts another fit in the middle of one, while a file is half written."""

        def fit(self, X_fold, y_fold, sample_weight=None):
            if not done:
                done.append(None)
                half = run_folder(tmp_path) / "1-0-0-0.npz.1a2b.tmp"
                half.touch()
                done.append(model(n_rounds=3).fit(X, y))
                half.unlink()  # it is still there
                with pytest.raises(RuntimeError, match="in use by process"):
                    model().fit(X, y)
            return super().fit(X_fold, y_fold, sample_weight)

    def model(**parameters):
        return slr(Watching(), checkpoint=tmp_path, **parameters)

    done = []
    first = model().fit(X, y)
    done.append(None)
    assert same(first, slr(Watching()).fit(X, y))
    assert same(done[1], slr(Watching(), n_rounds=3).fit(X, y))
    assert len(files(tmp_path)) == 9


def test_a_parallel_search_over_rounds_shares_a_folder(tmp_path):
    grid = {"n_rounds": [0, 1, 2], "final": ["refit", "folds"]}
    first, plain = (
        GridSearchCV(slr(checkpoint=folder), grid, cv=2, n_jobs=2, error_score="raise").fit(X, y)
        for folder in (tmp_path, None)
    )
    scores = "mean_test_score"
    assert np.array_equal(first.cv_results_[scores], plain.cv_results_[scores])
    assert len(list(tmp_path.iterdir())) == 2 + 1


def test_answers_of_workers_that_do_not_see_the_folder_are_kept(folds, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "is_dir", lambda path: False)
        first = slr(checkpoint=tmp_path / "far").fit(X, y)
    assert len(files(tmp_path)) == 6
    folds.clear()
    assert same(slr(checkpoint=tmp_path / "far").fit(X, y), first)
    assert folds.count() == 0


def test_what_another_process_has_kept_meanwhile_is_not_fitted(folds, tmp_path):
    class Helped(GaussianNB):
        """Before the first fold is done, somebody else has finished the fit."""

        def fit(self, X_fold, y_fold, sample_weight=None):
            if not helped:
                helped.append(len(folds))
                slr(Helped(), n_rounds=3, checkpoint=tmp_path).fit(X, y)
                folds.clear()
            return super().fit(X_fold, y_fold, sample_weight)

    helped = []
    first = slr(Helped(), checkpoint=tmp_path).fit(X, y)
    assert folds.count() == 1  # the one that was running
    assert same(first, slr(Helped()).fit(X, y))


# The disk


def test_a_full_disk_is_said_and_costs_nothing_finished(folds, monkeypatch, tmp_path):
    folds.interrupt_after(2)
    with pytest.raises(Killed):
        slr(checkpoint=tmp_path).fit(X, y)

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        model = slr(checkpoint=tmp_path)
        with pytest.raises(OSError, match=r"No space left on device\): free space") as caught:
            model.fit(X, y)
    assert caught.value.errno == errno.ENOSPC
    assert not hasattr(model, "refined_labels_")
    assert len(files(tmp_path)) == 2
    assert not list(tmp_path.rglob("*.tmp"))
    folds.clear()
    assert same(model.fit(X, y), slr().fit(X, y))
    assert folds[:4] == [(1, 0, 2, 0), (2, 0, 0, 0), (2, 0, 1, 0), (2, 0, 2, 0)]


def test_a_folder_that_cannot_be_written_is_said_before_any_fit(folds, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotADirectoryError, match="make the folder writable"):
        slr(checkpoint=tmp_path / "file").fit(X, y)

    def read_only(*args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(type(tmp_path), "mkdir", read_only)
    with pytest.raises(OSError, match=r"Read-only file system.*writable"):
        slr(checkpoint=tmp_path / "new").fit(X, y)
    assert not folds


def test_the_manifest_is_plain_and_the_arrays_are_readable(tmp_path):
    slr(checkpoint=tmp_path).fit(X, y)
    manifest = json.loads((run_folder(tmp_path) / "manifest.json").read_text())
    assert manifest["format"] == 2
    assert manifest["described"]["estimator"] == "sklearn.naive_bayes.GaussianNB"
    assert manifest["described"]["random_state"] == "0"
    with np.load(files(tmp_path)[0]) as arrays:
        assert arrays["prediction"].shape == (17, 3)
        assert np.allclose(arrays["prediction"].sum(axis=1), 1)


# Nets


@pytest.mark.parametrize("stacked", [True, False])
def test_nets_go_on(stacked, folds, tmp_path):
    torch, skorch = pytest.importorskip("torch"), pytest.importorskip("skorch")

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 3)

        def forward(self, X):
            return self.layer(X)

    def fit(folder, n_rounds=2):
        net = skorch.NeuralNetClassifier(
            Net,
            criterion=torch.nn.CrossEntropyLoss,
            max_epochs=2,
            train_split=None,
            verbose=0,
        )
        model = slr(net, n_rounds=n_rounds, checkpoint=folder, stack_folds=stacked)
        return model.fit(X.astype(np.float32), y)

    def same_labels(first, second):
        assert np.array_equal(first.refined_labels_, second.refined_labels_)
        return first.history_["stacked"].tolist() == second.history_["stacked"].tolist()

    plain = fit(None)
    assert plain.history_["stacked"].tolist() == [stacked, stacked]
    folds.interrupt_after(4)
    with pytest.raises(Killed):
        fit(tmp_path)
    folds.clear()
    assert same_labels(fit(tmp_path), plain)
    assert folds.count() == 2
    for path in files(tmp_path)[::2]:
        path.unlink()
    assert same_labels(fit(tmp_path), plain)
    assert folds.count() == 3
    assert same_labels(fit(tmp_path), plain)
    assert folds.count() == 0
    assert same_labels(fit(tmp_path, n_rounds=3), fit(None, n_rounds=3))
    assert folds.count() == 3 + 9


def test_the_name_is_of_the_fold_alone(tmp_path):
    folds = [Fold((1, 0, k, 0), np.arange(9), np.arange(9, 12), k) for k in range(3)]
    names = {
        locate_files(tmp_path, "", group, np.zeros(12), None, False)[0].stem
        for group in (folds[:1], folds[:2], folds)
    }
    assert len(names) == 1
