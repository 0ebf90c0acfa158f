"""mlflow: fitted estimators logged, saved in a folder and loaded again."""

import warnings

import numpy as np
import pytest

pytest.importorskip("mlflow")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import mlflow
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.ordinal import ThresholdedRegressor
from sklearn_slr.soft_targets import SoftTargetClassifier

X, Y = load_iris(return_X_y=True, as_frame=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
FEW = {"n_rounds": 1, "cv": 3, "random_state": 0}
MODELS = {
    "classifier": lambda: SLRClassifier(RandomForestClassifier(5), **FEW, refinement="average").fit(
        X, NAMES
    ),
    "folds": lambda: SLRClassifier(refinement="posterior", final="folds", **FEW).fit(X, Y),
    "pipeline": lambda: make_pipeline(
        StandardScaler(), SLRClassifier(LogisticRegression(), **FEW, refinement="average")
    ).fit(X, NAMES),
    "grades": lambda: SLRRegressor(thresholds="kappa", **FEW).fit(X, Y),
    "cuts": lambda: ThresholdedRegressor(cv=3, random_state=0).fit(X, Y),
    "soft": lambda: SoftTargetClassifier(LogisticRegression(max_iter=500)).fit(
        X, 0.9 * np.eye(3)[Y] + 0.1 / 3
    ),
}

# mlflow's own: its database, and types of models that say nothing of their inputs.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*type hint is inferred:UserWarning"),
]


@pytest.fixture
def tracking(tmp_path, monkeypatch):
    """Runs and models go into a database and a folder of this test."""
    monkeypatch.chdir(tmp_path)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    experiment = mlflow.create_experiment("slr", artifact_location=(tmp_path / "runs").as_uri())
    mlflow.set_experiment(experiment_id=experiment)
    yield
    mlflow.set_tracking_uri(before)


def assert_same_predictions(loaded, model):
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    if hasattr(model, "predict_proba"):
        np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_predicts_the_same(tmp_path, name):
    model = MODELS[name]()
    mlflow.sklearn.save_model(
        model, tmp_path / "model", serialization_format="cloudpickle", pip_requirements=[]
    )
    assert_same_predictions(mlflow.sklearn.load_model(str(tmp_path / "model")), model)
    served = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    np.testing.assert_array_equal(served.predict(X), model.predict(X))


@pytest.mark.usefixtures("tracking")
@pytest.mark.parametrize("name", ["classifier", "pipeline", "grades"])
def test_a_logged_model_predicts_the_same(name):
    model = MODELS[name]()
    slr = model[-1] if name == "pipeline" else model
    with mlflow.start_run():
        mlflow.log_params(slr.get_params(deep=False))
        for number, change in enumerate(slr.history_["label_change"], start=1):
            mlflow.log_metric("label_change", change, step=number)
        logged = mlflow.sklearn.log_model(
            model,
            name="model",
            input_example=X[:3],
            serialization_format="cloudpickle",
            pip_requirements=[],
        )
    assert_same_predictions(mlflow.sklearn.load_model(logged.model_uri), model)
    run = mlflow.get_run(logged.run_id)
    assert run.data.params["n_rounds"] == "1"
    assert run.data.metrics["label_change"] == pytest.approx(slr.history_["label_change"][0])


@pytest.mark.usefixtures("tracking")
def test_autologging_records_parameters_and_score():
    mlflow.sklearn.autolog(log_models=False, log_datasets=False, silent=True)
    try:
        with mlflow.start_run() as run:
            model = make_pipeline(StandardScaler(), SLRClassifier(**FEW, refinement="average")).fit(
                X, NAMES
            )
    finally:
        mlflow.sklearn.autolog(disable=True)
    data = mlflow.get_run(run.info.run_id).data
    assert data.metrics["training_score"] == pytest.approx(model.score(X, NAMES))
    assert data.params["slrclassifier__cv"] == "3"
