import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier

from sklearn_slr.soft_targets import SoftTargetClassifier
from sklearn_slr.soft_targets.routes import _neighbors

X, y = make_classification(
    200, 4, n_informative=3, n_redundant=0, n_classes=3, random_state=0, n_clusters_per_class=1
)
P = np.random.default_rng(0).dirichlet(np.ones(3), 200)
WEIGHT = np.random.default_rng(1).uniform(0.1, 2, 200)


def fit(estimator, X=X, P=P, weight=None):
    return _neighbors.fit(estimator, X, P, sample_weight=weight, fit_params={}, seed=0)


def inverse(distances):
    return 1 / (1 + distances)


def inverse_each(distances):
    return np.array([1 / (1 + each) for each in distances], dtype=object)


@pytest.mark.parametrize("weights", ["uniform", "distance", inverse])
@pytest.mark.parametrize("algorithm", ["brute", "kd_tree"])
def test_one_hot_rows_vote_as_labels(weights, algorithm):
    params = {"n_neighbors": 7, "weights": weights, "algorithm": algorithm}
    hard = KNeighborsClassifier(**params).fit(X, y)
    soft = fit(KNeighborsClassifier(**params), P=np.eye(3)[y])
    np.testing.assert_allclose(soft.predict_proba(X + 0.1), hard.predict_proba(X + 0.1))
    assert isinstance(soft, KNeighborsClassifier)
    assert soft.get_params() == hard.get_params()


@pytest.mark.parametrize("weights", ["uniform", "distance", inverse_each])
def test_radius_neighbors_vote_as_labels(weights):
    params = {"radius": 1.0, "weights": weights, "outlier_label": "most_frequent"}
    far = np.vstack([X + 0.1, np.full((1, 4), 99.0)])
    hard = RadiusNeighborsClassifier(**params).fit(X, y)
    soft = fit(RadiusNeighborsClassifier(**params), P=np.eye(3)[y])
    np.testing.assert_allclose(soft.predict_proba(far), hard.predict_proba(far))
    np.testing.assert_array_equal(soft.predict(far), hard.predict(far))


def test_the_vote_is_the_weighted_mean_of_rows():
    model = fit(KNeighborsClassifier(3), weight=WEIGHT)
    near = model.kneighbors(X[:20] + 0.1, return_distance=False)
    expected = [np.average(P[each], axis=0, weights=WEIGHT[each]) for each in near]
    np.testing.assert_allclose(model.predict_proba(X[:20] + 0.1), expected)


def test_queries_without_neighbors():
    far = np.full((2, 4), 99.0)
    with pytest.raises(ValueError, match=r"No neighbors found for test samples \[0, 1\]"):
        fit(RadiusNeighborsClassifier(1.0)).predict_proba(far)
    labelled = fit(RadiusNeighborsClassifier(1.0, outlier_label=1))
    np.testing.assert_array_equal(labelled.predict_proba(far), [[0, 1, 0]] * 2)
    unknown = fit(RadiusNeighborsClassifier(1.0, outlier_label=7))
    with pytest.warns(UserWarning, match="Outlier label 7 is not in training classes"):
        np.testing.assert_array_equal(unknown.predict(far), [7, 7])


def test_sparse_and_precomputed_inputs():
    proba = fit(KNeighborsClassifier(3)).predict_proba(X)
    as_sparse = fit(KNeighborsClassifier(3), sparse.csr_array(X))
    np.testing.assert_allclose(as_sparse.predict_proba(sparse.csr_array(X)), proba)
    model = SoftTargetClassifier(KNeighborsClassifier(3, metric="precomputed"))
    model.fit(pairwise_distances(X), P, sample_weight=np.r_[0, np.ones(199)])
    assert model.route_ == "neighbors"
    assert model.predict_proba(pairwise_distances(X)).shape == (200, 3)


def test_weights_count_for_labels_too():
    weight = np.where(y == 0, 100.0, 1.0)
    model = SoftTargetClassifier(KNeighborsClassifier(20)).fit(X, y, sample_weight=weight)
    plain = KNeighborsClassifier(20).fit(X, y)
    assert model.route_ == "neighbors"
    assert model.predict_proba(X)[:, 0].mean() > plain.predict_proba(X)[:, 0].mean()
