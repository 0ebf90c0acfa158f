import numpy as np
import pytest
from sklearn.datasets import load_diabetes, make_friedman1
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, ShuffleSplit
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.refinement import AverageRefinement, RobustRefinement

X, Y = make_friedman1(300, noise=0.5, random_state=0)
rng = np.random.default_rng(0)
WRONG = rng.random(300) < 0.1
GIVEN = np.where(WRONG, 10 * Y, Y)


def test_it_is_the_default_and_repairs_gross_errors():
    slr = SLRRegressor(RandomForestRegressor(20), random_state=0).fit(X, GIVEN)
    assert isinstance(slr._get_refinement(), RobustRefinement)
    assert (slr.n_fits_, slr.n_rounds_, slr.decision_) == (16, 3, None)
    assert slr.outlier_share_ == pytest.approx(WRONG.mean(), abs=0.03)
    assert 0.5 < slr.noise_scale_ < 4
    assert np.array_equal(slr.label_issues_, slr.label_quality_ < 0.5)
    assert (slr.label_issues_ == WRONG).mean() > 0.97
    before, after = (np.abs(each - Y)[WRONG].mean() for each in (GIVEN, slr.refined_labels_))
    assert after < 0.05 * before
    assert (
        slr.score(X, Y) > 0.8 > RandomForestRegressor(20, random_state=0).fit(X, GIVEN).score(X, Y)
    )


@pytest.mark.parametrize("model", [Ridge(), KNeighborsRegressor(8)])
def test_right_numbers_hardly_change(model):
    for X, y in ((globals()["X"], Y), load_diabetes(return_X_y=True)):
        half = len(y) // 2
        slr = SLRRegressor(model, random_state=0).fit(X[:half], y[:half])
        assert np.abs(slr.refined_labels_ - y[:half]).mean() < 0.06 * y.std()
        plain = model.fit(X[:half], y[:half]).score(X[half:], y[half:])
        assert slr.score(X[half:], y[half:]) > plain - 0.005


def test_a_step_moves_wrong_numbers_to_calibrated_predictions():
    P = np.linspace(0, 1, 50)
    y = 2 * P + 0.01 * rng.normal(size=50)
    y[10] = 9
    refined, learned = RobustRefinement().refine(y, y, P, round=1)
    assert refined[10] == pytest.approx(2 * P[10], abs=0.05)
    assert np.allclose(np.delete(refined, 10), np.delete(y, 10), atol=0.01)
    assert learned["outlier_share_"] == pytest.approx(1 / 50, abs=0.005)
    assert learned["noise_scale_"] == pytest.approx(0.01, rel=0.5)


def test_it_does_not_take_labels_of_classes():
    message = "labels of 2 classes; it refines numbers: use it with SLRRegressor"
    with pytest.raises(ValueError, match=message):
        SLRClassifier(GaussianNB(), refinement=RobustRefinement()).fit(X, Y > 15)


def group_of_its_own():
    """Return rows of which a twelfth follows a law that a linear model does not know."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(1000, 6))
    special = (X[:, 2] > 1) & (X[:, 3] > 0)
    return X, X[:, 0] + 6 * special + 0.3 * rng.normal(size=1000)


def test_it_stops_where_models_of_refined_labels_predict_less_well():
    X, y = group_of_its_own()
    with pytest.warns(UserWarning, match="stopped after round 3: the given labels are used") as w:
        slr = SLRRegressor(KNeighborsRegressor(5), random_state=0).fit(X, y)
    assert len(w) == 1
    assert np.array_equal(slr.refined_labels_, y)
    assert (slr.n_rounds_, slr.n_fits_) == (0, 16)
    assert slr.decision_["refinement"] == "none"
    assert slr.decision_["loss_gain"] == slr.history_["loss_gain"][-1] < -1.6
    assert slr.predict(X) == pytest.approx(KNeighborsRegressor(5).fit(X, y).predict(X))


def test_the_average_goes_on_and_warns():
    X, y = group_of_its_own()
    with pytest.warns(UserWarning, match="changed labels, .* refinement='robust' takes care"):
        slr = SLRRegressor(KNeighborsRegressor(5), refinement="average", random_state=0).fit(X, y)
    assert slr.n_rounds_ == 3
    assert slr.decision_ is None


def test_rows_of_no_weight_and_rows_never_held_out_do_not_speak():
    weight = np.where(WRONG, 0.0, 1.0)
    slr = SLRRegressor(Ridge(), random_state=0).fit(X, GIVEN, sample_weight=weight)
    assert slr.outlier_share_ < 0.02
    half = ShuffleSplit(1, test_size=0.4, random_state=0)
    slr = SLRRegressor(Ridge(), cv=half, n_rounds=1, random_state=0).fit(X, GIVEN)
    _, held_out = next(half.split(X))
    kept = np.setdiff1d(np.arange(300), held_out)
    assert np.array_equal(slr.refined_labels_[kept], GIVEN[kept])
    assert not slr.label_issues_[kept].any()
    assert slr.outlier_share_ == pytest.approx(WRONG[held_out].mean(), abs=0.03)
    assert (slr.label_issues_ == WRONG)[held_out].mean() > 0.95


def test_searches_and_groups_reach_it():
    search = GridSearchCV(
        SLRRegressor(Ridge(), random_state=0),
        {"refinement": ["robust", "average", RobustRefinement(), AverageRefinement(1)]},
        cv=3,
    ).fit(X, GIVEN)
    scores = search.cv_results_["mean_test_score"]
    assert scores[0] == scores[2]
    assert scores[1] != scores[3]
    groups = np.arange(300) // 3
    slr = SLRRegressor(Ridge(), cv=GroupKFold(5)).fit(X, GIVEN, groups=groups)
    assert (slr.label_issues_ == WRONG).mean() > 0.95
