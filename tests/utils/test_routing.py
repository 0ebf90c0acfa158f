import numpy as np
import pytest
import sklearn
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr import SLRClassifier
from sklearn_slr.utils._routing import can_request_weights, check_weight, make_router, route_fit

WEIGHT, GROUPS = np.array([1.0, 0, 2]), np.array([0, 1, 1])


def test_without_routing_everything_goes_where_its_name_says():
    weight, inner, split_params, params = route_fit(
        SLRClassifier(refinement="average"), 3, WEIGHT, GROUPS, {"a": 1}
    )
    assert weight is inner
    assert weight.tolist() == WEIGHT.tolist()
    assert split_params == {"groups": GROUPS}
    assert params == {"a": 1}


def test_with_routing_everything_goes_where_it_was_requested():
    with sklearn.config_context(enable_metadata_routing=True):
        student = LogisticRegression().set_fit_request(sample_weight="importance")
        owner = SLRClassifier(student, cv=GroupKFold(2), refinement="average")
        metadata = {"importance": WEIGHT}
        weight, inner, split_params, params = route_fit(owner, 3, None, GROUPS, metadata)
        assert weight is None
        assert inner.tolist() == WEIGHT.tolist()
        assert split_params == {"groups": GROUPS}
        assert params == {}
        router = make_router(owner, student, GroupKFold())
        assert router.consumes("fit", ["groups", "importance"]) == {"groups", "importance"}


@pytest.mark.parametrize("bad", [[0, 0, 0], [1, -1, 1], [1, np.nan, 1], [1, 1]])
def test_bad_weights_are_refused(bad):
    with pytest.raises(ValueError, match=r"[Ww]eight|shape"):
        check_weight(bad, 3)


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (LogisticRegression(), True),
        (KNeighborsClassifier(), False),
        (make_pipeline(StandardScaler(), KNeighborsClassifier()), True),
        (make_pipeline(PCA(), KNeighborsClassifier()), False),
        (GridSearchCV(LogisticRegression(), {}), True),
        (SLRClassifier(KNeighborsClassifier(), refinement="average"), True),
    ],
)
def test_who_can_request_weights(estimator, expected):
    assert can_request_weights(estimator) is expected
