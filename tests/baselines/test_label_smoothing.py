import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_slr import SoftTargetClassifier
from sklearn_slr.baselines import LabelSmoothingClassifier

X, y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])
ROWS = 0.7 * np.eye(3)[y] + 0.3 * np.random.default_rng(0).dirichlet(np.ones(3), len(y))


def test_the_targets_by_hand():
    smooth = LabelSmoothingClassifier(GaussianNB(), smoothing=0.3).fit(X, NAMES[y])
    np.testing.assert_allclose(smooth.soft_labels_[0], [0.8, 0.1, 0.1])
    np.testing.assert_allclose(smooth.soft_labels_[-1], [0.1, 0.1, 0.8])
    assert smooth.classes_.tolist() == NAMES.tolist()
    assert set(smooth.predict(X)) == set(NAMES)


@pytest.mark.parametrize("labels", [y, NAMES[y], ROWS, pd.DataFrame(ROWS, columns=NAMES)])
def test_it_is_the_estimator_fitted_to_its_soft_labels(labels):
    smooth = LabelSmoothingClassifier(GaussianNB()).fit(X, labels)
    plain = SoftTargetClassifier(GaussianNB()).fit(X, smooth.soft_labels_)
    np.testing.assert_allclose(smooth.predict_proba(X), plain.predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize("labels", [y, ROWS])
def test_without_smoothing_it_is_the_plain_estimator(labels):
    smooth = LabelSmoothingClassifier(GaussianNB(), smoothing=0).fit(X, labels)
    plain = SoftTargetClassifier(GaussianNB()).fit(X, labels)
    np.testing.assert_array_equal(smooth.predict_proba(X), plain.predict_proba(X))


def test_weights_repeat_the_rows():
    model = LabelSmoothingClassifier(GaussianNB())
    weight = np.random.default_rng(1).integers(0, 3, len(y))
    weighted = clone(model).fit(X, y, sample_weight=weight)
    repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-8)
    assert weighted.soft_labels_.shape == (len(y), 3)


def test_class_weights_are_written_by_the_labels():
    heavy = {"setosa": 1.0, "versicolor": 50.0, "virginica": 1.0}
    plain = LabelSmoothingClassifier(LogisticRegression(max_iter=500)).fit(X, NAMES[y])
    weighted = LabelSmoothingClassifier(LogisticRegression(max_iter=500, class_weight=heavy))
    weighted.fit(X, NAMES[y])
    assert (weighted.predict(X) == "versicolor").sum() > (plain.predict(X) == "versicolor").sum()


def test_in_pipelines_and_searches():
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    search = GridSearchCV(
        LabelSmoothingClassifier(inner),
        {"smoothing": [0.0, 0.2], "estimator__logisticregression__C": [0.1, 1]},
        cv=3,
    ).fit(X, y)
    assert search.best_score_ > 0.9
    assert search.best_estimator_.estimator_[0].mean_.shape == (4,)


def test_keywords_are_routed():
    with sklearn.config_context(enable_metadata_routing=True):
        student = GaussianNB().set_fit_request(sample_weight=True)
        smooth = LabelSmoothingClassifier(student).set_fit_request(sample_weight=True)
        smooth.set_score_request(sample_weight=True)
        GridSearchCV(smooth, {"smoothing": [0.1]}, cv=3).fit(X, y, sample_weight=np.ones(len(y)))
        with pytest.raises(TypeError, match="unexpected argument"):
            LabelSmoothingClassifier(GaussianNB()).fit(X, y, nonsense=1)


def test_errors_leave_the_object_as_it_was():
    smooth = LabelSmoothingClassifier(GaussianNB()).fit(X, y)
    before = smooth.predict_proba(X)
    with pytest.raises(ValueError, match="1 class"):
        smooth.fit(X[:, :2], np.zeros(len(y)))
    np.testing.assert_array_equal(smooth.predict_proba(X), before)
    assert smooth.n_features_in_ == 4
    with pytest.raises(NotFittedError):
        LabelSmoothingClassifier().predict(X)
    with pytest.raises(ValueError, match="smoothing"):
        LabelSmoothingClassifier(smoothing=1).fit(X, y)
    with pytest.raises(TypeError, match="LinearSVC, which has no predict_proba"):
        LabelSmoothingClassifier(LinearSVC()).fit(X, y)
    with pytest.raises(TypeError, match="regressor Ridge"):
        LabelSmoothingClassifier(Ridge()).fit(X, y)
