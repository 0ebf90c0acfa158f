"""Nets around and inside; what all baselines share is tested in test_common."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from sklearn_slr import SoftTargetClassifier  # noqa: E402
from sklearn_slr.baselines import (  # noqa: E402
    KnowledgeDistillationClassifier,
    KnowledgeDistillationRegressor,
    LabelRefineryClassifier,
    LabelSmoothingClassifier,
)

X, y = load_iris(return_X_y=True)
X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)
NAMES = np.array(["setosa", "versicolor", "virginica"])


def classifier(**parameters):
    return skorch.NeuralNetClassifier(
        torch.nn.Linear,
        module__in_features=4,
        module__out_features=3,
        criterion=torch.nn.CrossEntropyLoss,
        lr=0.5,
        max_epochs=3,
        verbose=0,
        **parameters,
    )


@pytest.mark.parametrize(
    "model",
    [
        LabelSmoothingClassifier(classifier(), random_state=0),
        KnowledgeDistillationClassifier(classifier(), random_state=0),
        LabelRefineryClassifier(classifier(), n_rounds=1, random_state=0),
    ],
)
def test_nets_learn_the_soft_labels(model):
    before = torch.random.get_rng_state()
    model.fit(X, NAMES[y])
    assert torch.equal(torch.random.get_rng_state(), before)
    assert type(model.estimator_) is skorch.NeuralNetClassifier
    assert model.score(X, NAMES[y]) > 0.7
    plain = SoftTargetClassifier(classifier(), random_state=0).fit(X, model.soft_labels_)
    np.testing.assert_allclose(model.predict_proba(X), plain.predict_proba(X), atol=1e-6)


def test_a_net_that_learns_numbers():
    net = skorch.NeuralNetRegressor(
        torch.nn.Linear,
        module__in_features=4,
        module__out_features=1,
        max_epochs=10,
        lr=0.1,
        verbose=0,
        train_split=None,
    )
    student = KnowledgeDistillationRegressor(net, random_state=0).fit(X, y)
    assert student.predict(X).shape == student.soft_labels_.shape == y.shape
    assert student.score(X, y) > 0.7
