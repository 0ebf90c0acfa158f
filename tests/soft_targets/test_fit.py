import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr.soft_targets._fit import choose_route, fit_targets, routes

X, y = load_iris(return_X_y=True)
HARD = np.eye(3)[y]
SOFT = 0.7 * HARD + 0.1


def test_labels_without_doubt_are_fitted_plainly():
    fitted = fit_targets(GaussianNB(), X, HARD)
    assert fitted.route == "hard"
    assert np.array_equal(fitted.predict(X), GaussianNB().fit(X, y).predict_proba(X))


def test_classes_without_mass_come_back_as_empty_columns():
    rows = y != 1
    soft = SOFT[rows] * [1, 0, 1]
    fitted = fit_targets(GaussianNB(), X[rows], soft / soft.sum(axis=1, keepdims=True))
    proba = fitted.predict(X)
    assert fitted.columns.tolist() == [0, 2]
    assert np.all(proba[:, 1] == 0)
    assert np.allclose(proba.sum(axis=1), 1)
    assert set(fitted.classify(X)) == {0, 2}


def test_unknown_classes_have_no_chance_in_the_decision_function():
    rows = y != 1
    fitted = fit_targets(LogisticRegression(max_iter=500), X[rows], HARD[rows])
    scores = fitted.decide(X)
    assert np.all(np.isneginf(scores[:, 1]))
    assert np.array_equal(scores.argmax(axis=1), fitted.classify(X))


def test_class_weights_follow_the_columns_that_are_left():
    rows, weight = y != 1, {0: 1.0, 1: 5.0, 2: 50.0}
    inner = LogisticRegression(class_weight=weight, max_iter=1000)
    proba = fit_targets(inner, X[rows], HARD[rows]).predict(X)
    plain = inner.set_params(class_weight={0: 1.0, 2: 50.0}).fit(X[rows], y[rows])
    assert np.allclose(proba[:, [0, 2]], plain.predict_proba(X))


def test_a_pipelines_transformers_are_fitted_as_on_hard_labels():
    pipeline = make_pipeline(StandardScaler(), SelectKBest(k=2), LogisticRegression())
    fitted = fit_targets(pipeline, X, SOFT).model
    plain = pipeline.fit(X, y)
    assert np.allclose(fitted[0].mean_, plain[0].mean_)
    assert np.allclose(fitted[1].scores_, plain[1].scores_)
    assert fitted is not pipeline


@pytest.mark.parametrize(("targets", "estimator"), [(SOFT, GaussianNB()), (y * 1.0, Ridge())])
def test_weights_are_repetitions_and_zero_is_absence(targets, estimator):
    weight = np.arange(150) % 3
    rows = np.repeat(np.arange(150), weight)
    weighted = fit_targets(make_pipeline(StandardScaler(), estimator), X, targets,
                           sample_weight=weight.astype(float))  # fmt: skip
    repeated = fit_targets(make_pipeline(StandardScaler(), estimator), X[rows], targets[rows])
    assert np.allclose(weighted.predict(X), repeated.predict(X))


def test_keywords_of_a_pipeline_go_to_its_steps():
    with pytest.raises(ValueError, match="'gaussiannb__flag'"):
        fit_targets(make_pipeline(GaussianNB()), X, SOFT, fit_params={"flag": 1})


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.ones((150, 2)), r"shape \(150, 2\) for 150 rows and 3 classes"),
        (np.full((150, 3), np.nan), "NaN"),
        (np.full((150, 3), 0.5), "not probabilities"),
        (np.tile([-1.0, 1, 1], (150, 1)), "not probabilities"),
    ],
)
def test_what_is_no_probability_is_refused(answer, message):
    class Wrong(DummyClassifier):
        def predict_proba(self, X):
            return answer

    with pytest.raises(ValueError, match=message):
        fit_targets(Wrong(), X, HARD).predict(X)


def test_routes_have_names_of_their_own_and_can_be_asked_for():
    names = [route.NAME for route in routes()]
    assert len(set(names)) == len(names)
    assert fit_targets(GaussianNB(), X, SOFT, route="weighted_rows").route == "weighted_rows"
    assert choose_route(make_pipeline(StandardScaler(), LogisticRegression())).NAME == "logistic"
    with pytest.raises(TypeError, match="route='net' cannot train GaussianNB"):
        fit_targets(GaussianNB(), X, SOFT, route="net")
    with pytest.raises(ValueError, match="1 class only"):
        fit_targets(GaussianNB(), X, HARD, sample_weight=(y == 0) * 1.0)
