"""Folds on a cluster: dask with two workers on this machine, which are killed now and then."""

import logging

import numpy as np
import pytest
from joblib import parallel_config
from sklearn import config_context, get_config
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import SLRClassifier
from sklearn_slr._running import _parallel
from sklearn_slr._running._parallel import run_tasks
from tests._running.test_parallel import Counted, Faulty, X, count, length, same, slr, y

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def client():
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # deaths are what we are here for
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(2, timeout=300)
        yield client


def allow(client, n_failures):
    """Say how often dask itself runs a task again whose worker died."""

    def change(dask_scheduler):
        dask_scheduler.allowed_failures = n_failures

    client.run_on_scheduler(change)


@pytest.mark.parametrize("n_failures", [3, 0])
def test_a_worker_killed_in_mid_round_changes_nothing(n_failures, client, tmp_path):
    allow(client, n_failures)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    (tmp_path / "log").mkdir()
    model = slr(Faulty(tmp_path / "log", "death"), checkpoint=tmp_path / "folds")
    with parallel_config("dask"):
        model.fit(X, y)
    assert same(model, slr().fit(X, y))
    assert count(tmp_path / "log", "faults") == 1
    # Fitted again is at most what both workers had in hand or had not handed over yet.
    assert 8 + 1 <= count(tmp_path / "log", "fits") - 1 <= 8 + 4
    assert len(list((tmp_path / "folds").rglob("*.npz"))) == 8
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_a_fold_that_kills_its_workers_is_named(client, tmp_path):
    allow(client, 0)
    with (
        parallel_config("dask"),
        pytest.raises(
            RuntimeError, match=r"ran round 1, repeat 0, fold 1, teacher 0 died \(Killed"
        ),
    ):
        slr(Faulty(tmp_path, "death", times=2)).fit(X, y)
    assert count(tmp_path, "faults") == 2


def test_a_cluster_without_workers_names_the_fold(client, monkeypatch):
    """No worker comes back within the time that a cluster has."""
    monkeypatch.setattr(_parallel, "SECONDS_TO_START", 0.5)
    died = _parallel._ProcessDied([0])

    def run(client, function, tasks, shared, n_jobs):
        if len(tasks) > 1:
            raise died
        client.wait_for_workers(99, timeout=_parallel.SECONDS_TO_START)
        yield

    monkeypatch.setattr(_parallel, "_run_on_dask", run)
    with parallel_config("dask"), pytest.raises(RuntimeError, match=r"ran 7 died .*Timeout"):
        list(run_tasks(length, [7, 8], {}, n_jobs=None, describe=str))


def test_an_error_is_raised_and_nothing_fitted_again(client, tmp_path):
    with parallel_config("dask"), pytest.raises(ZeroDivisionError) as caught:
        slr(Faulty(tmp_path, "error")).fit(X, y)
    assert caught.value.__notes__ == ["Raised in round 1, repeat 0, fold 1, teacher 0."]
    assert count(tmp_path, "faults") == 1


def test_what_tasks_share_is_pickled_once(client):
    value = Counted(["text " * 100] * 5000)
    with parallel_config("dask"):
        results = dict(run_tasks(length, [0] * 6, {"value": value}, n_jobs=None, describe=str))
    assert results == dict.fromkeys(range(6), 5000)
    assert value.n_pickled == 1


class Configured(GaussianNB):
    """Fits where scikit-learn's configuration is the caller's."""

    def fit(self, X, y, sample_weight=None):
        assert get_config()["working_memory"] == 77
        return super().fit(X, y, sample_weight)


def test_the_configuration_travels(client):
    with parallel_config("dask"), config_context(working_memory=77):
        slr(Configured(), n_rounds=1).fit(X, y)


def test_a_search_on_the_cluster_is_no_deadlock(client):
    grid = {"estimator__var_smoothing": [1e-9, 1e-2, 0.1]}
    search = GridSearchCV(slr(GaussianNB(), cv=3, n_rounds=1), grid, cv=2, error_score="raise")
    with parallel_config("dask"):
        found = search.fit(X, y).cv_results_["mean_test_score"]
    assert np.array_equal(found, search.fit(X, y).cv_results_["mean_test_score"])


def test_nets_on_the_cluster(client):
    torch, skorch = pytest.importorskip("torch"), pytest.importorskip("skorch")
    net = skorch.NeuralNetClassifier(
        torch.nn.Linear,
        module__in_features=3,
        module__out_features=2,
        criterion=torch.nn.CrossEntropyLoss,
        max_epochs=2,
        train_split=None,
        verbose=0,
    )
    inputs, state = X.astype(np.float32), torch.get_rng_state()
    model = SLRClassifier(
        net,
        n_rounds=1,
        cv=3,
        final="folds",
        random_state=0,
        stack_folds=False,
        refinement="average",
    )
    serial = model.fit(inputs, y).refined_labels_
    with parallel_config("dask"):
        assert np.array_equal(serial, model.fit(inputs, y).refined_labels_)
    assert torch.equal(state, torch.get_rng_state())


def test_a_fold_that_always_kills_its_worker_is_named_soon(client, tmp_path):
    """Also where dask itself tries it again. The last test: its workers stay away for long."""
    allow(client, 3)
    with (
        parallel_config("dask"),
        pytest.raises(RuntimeError, match=r"ran round 1, repeat 0, fold 1, teacher 0 died"),
    ):
        slr(Faulty(tmp_path, "death", times=10**6)).fit(X, y)
