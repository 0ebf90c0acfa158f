import numpy as np
import pytest
from sklearn.base import clone
from sklearn.naive_bayes import (
    BernoulliNB,
    CategoricalNB,
    ComplementNB,
    GaussianNB,
    MultinomialNB,
)

from sklearn_slr.soft_targets.routes import _naive_bayes, _weighted_rows

RNG = np.random.default_rng(0)
X = RNG.integers(0, 5, (150, 4)).astype(float) + np.repeat([0, 1, 2], 50)[:, None]
Y = np.repeat([0, 1, 2], 50)
P = RNG.dirichlet(np.ones(3), 150)
WEIGHT = RNG.uniform(0.1, 2, 150)
KINDS = [
    GaussianNB(),
    GaussianNB(priors=[0.2, 0.3, 0.5]),
    BernoulliNB(binarize=2.0),
    CategoricalNB(),
    ComplementNB(),
    MultinomialNB(fit_prior=False),
]


def fit(route, estimator, P, weight=None):
    return route.fit(clone(estimator), X, P, sample_weight=weight, fit_params={}, seed=0)


@pytest.mark.parametrize("estimator", KINDS, ids=str)
def test_soft_counts_are_those_of_weighted_rows(estimator):
    soft = fit(_naive_bayes, estimator, P, WEIGHT)
    repeated = fit(_weighted_rows, estimator, P, WEIGHT)
    np.testing.assert_allclose(soft.predict_proba(X), repeated.predict_proba(X), atol=1e-9)
    np.testing.assert_allclose(soft.class_count_, repeated.class_count_)
    assert set(vars(soft)) == set(vars(repeated))


@pytest.mark.parametrize("estimator", KINDS, ids=str)
def test_one_hot_rows_count_as_labels(estimator):
    hard, soft = clone(estimator).fit(X, Y), fit(_naive_bayes, estimator, np.eye(3)[Y])
    np.testing.assert_allclose(soft.predict_proba(X), hard.predict_proba(X), atol=1e-9)


@pytest.mark.parametrize("priors", [[0.5, 0.5], [0.1, 0.2, 0.3], [-0.5, 0.5, 1.0]])
def test_bad_priors_are_refused(priors):
    with pytest.raises(ValueError, match=r"[Pp]riors"):
        fit(_naive_bayes, GaussianNB(priors=priors), P)


def test_variances_far_from_the_origin():
    model = _naive_bayes.fit(GaussianNB(), X + 1e6, P, sample_weight=None, fit_params={}, seed=0)
    np.testing.assert_allclose(model.var_, fit(_naive_bayes, GaussianNB(), P).var_, rtol=1e-6)


def test_moments():
    weights = WEIGHT[:, None] * P
    counts, means, variances = _naive_bayes.class_moments(X, weights)
    np.testing.assert_allclose(counts, WEIGHT @ P)
    for k in range(3):
        mean = np.average(X, axis=0, weights=weights[:, k])
        np.testing.assert_allclose(means[k], mean)
        variance = np.average((X - mean) ** 2, axis=0, weights=weights[:, k])
        np.testing.assert_allclose(variances[k], variance)
