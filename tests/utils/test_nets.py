import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr import SLRClassifier
from sklearn_slr.ordinal import ThresholdedRegressor
from sklearn_slr.utils._nets import contains_net, final_step, is_net


def test_a_net_is_found_wherever_it_hides():
    torch, skorch = pytest.importorskip("torch"), pytest.importorskip("skorch")
    net, plain = skorch.NeuralNetClassifier(torch.nn.Linear), LogisticRegression()
    pipeline = make_pipeline(StandardScaler(), net)
    assert is_net(net)
    assert not is_net(pipeline)
    assert final_step(make_pipeline(StandardScaler(), pipeline)) is net
    for holder in (net, pipeline, GridSearchCV(pipeline, {}), VotingClassifier([("net", net)])):
        assert contains_net(holder)
    assert not contains_net(make_pipeline(StandardScaler(), plain))
    for keeper in (SLRClassifier(net, refinement="average"), ThresholdedRegressor(net)):
        assert not contains_net(keeper)  # these isolate them themselves


def test_parameters_that_contain_their_own_estimator_end():
    pytest.importorskip("skorch")

    class Registered(BaseEstimator):
        def __init__(self, registry=None):
            self.registry = registry

    estimator = Registered([])
    estimator.registry.append(estimator)
    assert not contains_net(estimator)
