"""What both meta-estimators share: tags, parameters, the plan."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from sklearn_slr import SLRClassifier, SLRRegressor


def test_tags_are_the_students_and_no_more_than_every_teachers():
    assert get_tags(
        SLRClassifier(HistGradientBoostingClassifier(), refinement="average")
    ).input_tags.allow_nan
    # scikit-learn 1.6.0 says of hardly any estimator that it takes sparse matrices.
    takes_sparse = get_tags(LogisticRegression()).input_tags.sparse
    assert get_tags(SLRClassifier(refinement="average")).input_tags.sparse == takes_sparse
    assert not get_tags(
        SLRClassifier(teachers=[("nb", GaussianNB())], refinement="average")
    ).input_tags.sparse
    assert get_tags(
        SLRClassifier(KNeighborsClassifier(metric="precomputed"), refinement="average")
    ).input_tags.pairwise
    assert get_tags(SLRRegressor()).estimator_type == "regressor"


def test_unfitted_ones_say_so():
    for method in ("predict", "predict_proba", "decision_function"):
        with pytest.raises(Exception, match="not fitted yet"):
            getattr(SLRClassifier(refinement="average"), method)(np.zeros((2, 2)))
    with pytest.raises(Exception, match="not fitted yet"):
        check_is_fitted(SLRRegressor())


@pytest.mark.parametrize(
    ("parameters", "plan"),
    [
        ({"n_rounds": 0}, "0 rounds x 1 repeats x 0 folds x 1 teachers = 0 fits, 1 final: 1 in"),
        ({"n_rounds": 2, "cv": 3, "final": "folds"}, "= 6 fits, 3 final: 9 in all"),
        ({"n_rounds": 1, "cv": [([0, 1, 2, 3], [4, 5])]}, "x 1 folds x 1 teachers = 1 fits"),
        (
            {"n_rounds": 1, "cv": 2, "teachers": [(n, GaussianNB()) for n in "ab"]},
            "x 2 teachers = 4",
        ),
    ],
)
def test_the_plan_counts_the_fits_that_are_run(parameters, plan, capsys):
    X, y = np.arange(6.0)[:, None], np.array([0, 1] * 3)
    slr = SLRClassifier(GaussianNB(), refinement="average", verbose=1, **parameters).fit(X, y)
    line = capsys.readouterr().out.splitlines()[0]
    assert plan in line
    final = len(slr.estimators_) if slr.final == "folds" else 1
    assert f"{slr.history_['n_fits'].sum() + final:.0f} in all" in line


def test_html_shows_student_teachers_and_refinement():
    teachers = [("forest", RandomForestClassifier())]
    html = SLRClassifier(teachers=teachers, refinement="posterior")._repr_html_()
    shown = ("estimator: LogisticRegression", "forest: RandomForestClassifier")
    for title in (*shown, "refinement: PosteriorRefinement"):
        assert title in html
    assert "estimator: Ridge" in SLRRegressor()._repr_html_()
    assert "refinement: RobustRefinement" in SLRRegressor(Ridge())._repr_html_()


def test_names_of_teachers_must_not_be_names_of_parameters():
    slr = SLRClassifier(teachers=[("cv", LogisticRegression())], refinement="average")
    with pytest.raises(ValueError, match="conflict with constructor arguments"):
        slr.fit(np.arange(6.0)[:, None], [0, 1] * 3)
