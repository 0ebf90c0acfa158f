import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr.soft_targets._fit import fit_targets
from sklearn_slr.soft_targets._pipelines import replace_last_step

X, y = load_iris(return_X_y=True)
SOFT = 0.7 * np.eye(3)[y] + 0.1


def test_transformers_are_fitted_as_on_hard_labels():
    pipeline = make_pipeline(StandardScaler(), SelectKBest(k=2), LogisticRegression())
    fitted = fit_targets(pipeline, X, SOFT).model
    plain = pipeline.fit(X, y)
    assert np.allclose(fitted[0].mean_, plain[0].mean_)
    assert np.allclose(fitted[1].scores_, plain[1].scores_)
    assert fitted is not pipeline


def test_keywords_go_to_the_steps():
    with pytest.raises(ValueError, match="'gaussiannb__flag'"):
        fit_targets(make_pipeline(GaussianNB()), X, SOFT, fit_params={"flag": 1})


def test_the_last_step_of_nested_pipelines_is_replaced():
    model = GaussianNB()
    nested = make_pipeline(StandardScaler(), make_pipeline(SelectKBest(k=2), LogisticRegression()))
    assert replace_last_step(nested, model)[-1][-1] is model
    assert replace_last_step(LogisticRegression(), model) is model
