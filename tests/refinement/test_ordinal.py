import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor

from sklearn_slr import SLRRegressor
from sklearn_slr.refinement import AverageRefinement, OrdinalRefinement, RobustRefinement

X, progression = load_diabetes(return_X_y=True)
GRADES = np.digitize(progression, [100, 150, 200])


def test_it_is_what_robust_means_with_thresholds():
    for thresholds, expected in ((None, RobustRefinement), ("kappa", OrdinalRefinement)):
        assert type(SLRRegressor(thresholds=thresholds)._get_refinement()) is expected
    default, average = (
        SLRRegressor(Ridge(0.1), thresholds="kappa", refinement=refinement, random_state=0)
        for refinement in ("robust", "average")
    )
    assert np.array_equal(
        default.fit(X, GRADES).refined_labels_, average.fit(X, GRADES).refined_labels_
    )
    assert not hasattr(default, "outlier_share_")
    assert default.set_params(refinement__n=1).refinement.n == 1


def test_the_step_is_the_average():
    L, P = np.array([0.0, 1, 3]), np.array([0.5, 2, 2])
    for n in (1, "round"):
        one, other = (
            kind(n).refine(L, L, P, round=2) for kind in (OrdinalRefinement, AverageRefinement)
        )
        assert np.array_equal(one, other)


def test_it_stops_where_grades_follow_from_the_features():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 3))
    grades = np.digitize(np.floor(2 * X[:, 0]) + 2 * (X[:, 1] > 0), [-1, 1, 3])
    slr = SLRRegressor(KNeighborsRegressor(3), thresholds="kappa", random_state=0)
    with pytest.warns(UserWarning, match="the given labels are used, as models of round"):
        slr.fit(X, grades)
    assert np.array_equal(slr.refined_labels_, grades)
    assert slr.decision_["refinement"] == "none"
