"""Callbacks of scikit-learn 1.9: rounds and folds as a tree of tasks."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr._running._progress import SILENT

callback = pytest.importorskip("sklearn.callback")  # scikit-learn 1.9

X, y = load_iris(return_X_y=True)


class Recorder:
    """Keeps the path of every task that begins or ends, and whether the estimator is fitted."""

    def __init__(self):
        self.begun, self.ended, self.is_set_up = [], [], False

    def setup(self, estimator, context):
        self.is_set_up = True

    def teardown(self, estimator, context):
        self.is_set_up = False

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(path_of(context))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.ended.append((path_of(context), fitted_estimator))


def path_of(context):
    here = f"{context.task_name} {context.task_id}"
    return here if context.parent is None else f"{path_of(context.parent)} > {here}"


def paths_of(slr, X=X, y=y):
    recorder = Recorder()
    slr.set_callbacks(recorder).fit(X, y)
    assert not recorder.is_set_up
    assert sorted(recorder.begun) == sorted(path for path, _ in recorder.ended)
    return [path for path, _ in recorder.ended], recorder


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_rounds_and_folds_are_a_tree(n_jobs):
    slr = SLRClassifier(
        GaussianNB(), n_rounds=2, cv=3, n_jobs=n_jobs, random_state=0, refinement="average"
    )
    paths, recorder = paths_of(slr)
    for round in range(2):
        folds = {f"fit 0 > round {round} > fold {k}" for k in range(3)}
        assert set(paths[4 * round : 4 * round + 3]) == folds
        assert paths[4 * round + 3] == f"fit 0 > round {round}"
    assert paths[8:] == ["fit 0 > final fit 2", "fit 0"]
    # A callback that scores gets the fitted estimator when all is done.
    fitted = [fitted for _, fitted in recorder.ended]
    assert fitted[:-1] == [None] * 9
    assert fitted[-1].score(X, y) == slr.score(X, y)


def test_students_of_folds_and_scores_for_cuts_are_tasks():
    slr = SLRClassifier(
        GaussianNB(), n_rounds=1, cv=2, final="folds", random_state=0, refinement="average"
    )
    paths, _ = paths_of(slr)
    assert paths[3:] == [
        "fit 0 > fold students 1 > fold 0",
        "fit 0 > fold students 1 > fold 1",
        "fit 0 > fold students 1",
        "fit 0",
    ]
    slr = SLRRegressor(Ridge(), n_rounds=0, cv=2, thresholds="kappa", random_state=0)
    paths, _ = paths_of(slr)
    assert paths[2:] == ["fit 0 > round 0", "fit 0 > final fit 1", "fit 0"]


def test_folds_found_in_a_checkpoint_are_told_too(tmp_path):
    slr = SLRClassifier(
        GaussianNB(), n_rounds=2, cv=3, random_state=0, checkpoint=tmp_path, refinement="average"
    )
    slr.fit(X, y)
    again, _ = paths_of(clone(slr))
    assert sum("fold" in path for path in again) == 6


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_in_a_search_the_tree_hangs_below_its_own(n_jobs):
    monitor = callback.ScoringMonitor(scoring="accuracy")
    slr = SLRClassifier(
        LogisticRegression(max_iter=300), n_rounds=1, cv=2, random_state=0, refinement="average"
    )
    search = GridSearchCV(slr.set_callbacks(monitor), {"n_rounds": [1, 2]}, cv=2, n_jobs=n_jobs)
    search.fit(X, y)
    logged = [row for log in monitor.get_logs(select="all") for row in log.data]
    scores = [row["accuracy"] for row in logged if row["estimator_name"] == "SLRClassifier"]
    assert len(scores) == 5  # two candidates on two splits, and the refit
    assert search.best_estimator_.score(X, y) in scores


def test_a_progress_bar_counts_rounds_and_folds(capsys):
    pytest.importorskip("rich")
    slr = SLRClassifier(
        GaussianNB(), n_rounds=2, cv=3, n_jobs=2, random_state=0, refinement="average"
    )
    slr.set_callbacks(callback.ProgressBar()).fit(X, y)
    shown = capsys.readouterr().out
    for line in ("SLRClassifier - fit", "SLRClassifier - round #0", "SLRClassifier - round #1"):
        assert line in shown


def test_callbacks_change_no_label_and_an_error_ends_them():
    plain = SLRClassifier(GaussianNB(), random_state=0, refinement="average").fit(X, y)
    recorder = Recorder()
    told = (
        SLRClassifier(GaussianNB(), random_state=0, refinement="average")
        .set_callbacks(recorder)
        .fit(X, y)
    )
    np.testing.assert_array_equal(plain.refined_labels_, told.refined_labels_)

    class Failing(GaussianNB):
        def predict_proba(self, X):
            raise RuntimeError("broken on purpose")

    told.set_params(estimator=Failing())
    with pytest.raises(RuntimeError, match="on purpose"):
        told.fit(X, y)
    assert not recorder.is_set_up
    np.testing.assert_array_equal(plain.refined_labels_, told.refined_labels_)


def test_without_callbacks_nothing_is_reported():
    with SILENT.task("round", 3) as progress:
        progress.finish_subtask("fold", 0)
        assert progress is SILENT
