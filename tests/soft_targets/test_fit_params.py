import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sklearn_slr.soft_targets._fit_params import (
    add_weights,
    refuse_fit_params,
    takes_weights,
)


def test_which_estimators_take_weights():
    assert takes_weights(LogisticRegression())
    assert takes_weights(GridSearchCV(LogisticRegression(), {}))
    assert not takes_weights(KNeighborsClassifier())
    assert not takes_weights(GridSearchCV(KNeighborsClassifier(), {}))
    assert not takes_weights(make_pipeline(LogisticRegression()))
    assert not takes_weights("drop")


def test_weights_are_added_if_there_are_any():
    weight = np.ones(4)
    assert add_weights(KNeighborsClassifier(), {"a": 1}, None) == {"a": 1}
    given = add_weights(LogisticRegression(), {"a": 1}, weight)
    assert given["sample_weight"] is weight
    with pytest.raises(TypeError, match=r"KNeighborsClassifier\.fit does not take it"):
        add_weights(KNeighborsClassifier(), {}, weight)


def test_unknown_keywords():
    refuse_fit_params(object(), {})
    with pytest.raises(TypeError, match=r"object\.fit\(\) got an unexpected keyword argument 'a'"):
        refuse_fit_params(object(), {"a": 1})
