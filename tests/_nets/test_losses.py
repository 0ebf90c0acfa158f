import functools

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("skorch")

from torch import nn  # noqa: E402

from sklearn_slr._nets._losses import (  # noqa: E402
    _cross_entropy,
    _expected_loss,
    accepts_soft_targets,
    criterion_class,
)

PRED = torch.tensor([[0.2, -0.4, 1.0], [0.5, 0.5, -1.0]])
LABELS = torch.tensor([2, 0])
ROWS = torch.tensor([[0.2, 0.3, 0.5], [0.7, 0.2, 0.1]])
CLASS_WEIGHT = torch.tensor([1.0, 2.0, 0.5])


@pytest.mark.parametrize(
    "criterion",
    [
        nn.CrossEntropyLoss(),
        nn.CrossEntropyLoss(weight=CLASS_WEIGHT),
        nn.CrossEntropyLoss(weight=CLASS_WEIGHT, label_smoothing=0.2),
        nn.CrossEntropyLoss(reduction="sum"),
    ],
)
def test_one_hot_rows_have_the_loss_of_labels(criterion):
    one_hot = nn.functional.one_hot(LABELS, 3).float()
    assert torch.isclose(_cross_entropy(criterion, PRED, one_hot, None), criterion(PRED, LABELS))


def test_soft_targets_and_weights_by_hand():
    log_proba = torch.log_softmax(PRED, dim=1)
    losses = -(ROWS * log_proba).sum(1)
    weight = torch.tensor([3.0, 1.0])
    expected = (3 * losses[0] + losses[1]) / 4
    assert torch.isclose(_cross_entropy(nn.CrossEntropyLoss(), PRED, ROWS, weight), expected)


def test_expected_cross_entropy_equals_soft_cross_entropy():
    criterion = nn.CrossEntropyLoss()
    expected = _expected_loss(criterion, criterion, PRED, LABELS, ROWS, None)
    assert torch.isclose(expected, _cross_entropy(criterion, PRED, ROWS, None))
    assert criterion.reduction == "mean"


def test_a_class_of_probability_zero_may_be_predicted_as_impossible():
    pred = torch.tensor([[0.0, -np.inf, 0.0]])
    rows = torch.tensor([[0.5, 0.0, 0.5]])
    loss = _cross_entropy(nn.CrossEntropyLoss(), pred, rows, None)
    assert torch.isclose(loss, torch.log(torch.tensor(2.0)))


def test_criteria_are_classes_instances_or_partials():
    partial = functools.partial(nn.CrossEntropyLoss, label_smoothing=0.1)
    assert criterion_class(partial) is criterion_class(nn.CrossEntropyLoss()) is nn.CrossEntropyLoss
    assert accepts_soft_targets(nn.KLDivLoss)
    assert not accepts_soft_targets(nn.CrossEntropyLoss())
