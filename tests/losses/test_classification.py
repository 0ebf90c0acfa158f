import math

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

from sklearn_slr.losses import FocalLoss, OHEMLoss, SoftTargetKLDivLoss  # noqa: E402

LOGITS = torch.tensor(
    [[0.2, -0.4, 1.0], [0.5, 0.5, -1.0], [2.0, 0.0, 0.0], [-1.0, 3.0, 0.0]], dtype=torch.float64
)
LABELS = torch.tensor([2, 0, 1, 1])
ONE_HOT = F.one_hot(LABELS, 3).double()
ROWS = torch.tensor(
    [[0.2, 0.3, 0.5], [0.7, 0.2, 0.1], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0]], dtype=torch.float64
)
CLASS_WEIGHT = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)
LOSSES = [SoftTargetKLDivLoss(), FocalLoss(2.0), OHEMLoss(0.5)]
WEIGHTED = [
    SoftTargetKLDivLoss(CLASS_WEIGHT),
    FocalLoss(2.0, CLASS_WEIGHT),
    OHEMLoss(0.5, CLASS_WEIGHT),
]


def gradient(loss, target):
    logits = LOGITS.clone().requires_grad_()
    loss(logits, target).backward()
    return logits.grad


@pytest.mark.parametrize("loss", LOSSES + WEIGHTED)
def test_one_hot_rows_have_the_loss_of_labels(loss):
    assert torch.isclose(loss(LOGITS, ONE_HOT), loss(LOGITS, LABELS))
    assert torch.allclose(gradient(loss, ONE_HOT), gradient(loss, LABELS))


@pytest.mark.parametrize("weight", [None, CLASS_WEIGHT])
@pytest.mark.parametrize("kind", [SoftTargetKLDivLoss, FocalLoss, OHEMLoss])
def test_the_cross_entropy_is_a_special_case(kind, weight):
    parameters = {FocalLoss: {"gamma": 0}, OHEMLoss: {"keep": 1}}.get(kind, {})
    plain, loss = nn.CrossEntropyLoss(weight=weight), kind(weight=weight, **parameters)
    assert torch.isclose(loss(LOGITS, LABELS), plain(LOGITS, LABELS))
    assert torch.allclose(gradient(loss, LABELS), gradient(plain, LABELS))


@pytest.mark.parametrize("loss", LOSSES + WEIGHTED)
def test_gradients_match_the_values(loss):
    logits = LOGITS.clone().requires_grad_()
    for target in (LABELS, ROWS):
        assert torch.autograd.gradcheck(lambda z, target=target: loss(z, target), logits)


def test_the_divergence_by_hand():
    logits = torch.log(torch.tensor([[0.5, 0.5], [0.9, 0.1]]))
    rows = torch.tensor([[0.8, 0.2], [0.9, 0.1]])
    first = 0.8 * math.log(0.8 / 0.5) + 0.2 * math.log(0.2 / 0.5)
    losses = SoftTargetKLDivLoss(reduction="none")(logits, rows)
    assert losses.tolist() == pytest.approx([first, 0.0], abs=1e-6)
    assert SoftTargetKLDivLoss()(logits, rows).item() == pytest.approx(first / 2)
    weighted = SoftTargetKLDivLoss(torch.tensor([1.0, 3.0]))
    # The divisors are 0.8 + 3 * 0.2 and 0.9 + 3 * 0.1.
    expected = 0.8 * math.log(0.8 / 0.5) + 3 * 0.2 * math.log(0.2 / 0.5)
    assert weighted(logits, rows).item() == pytest.approx(expected / 2.6)


def test_the_divergence_equals_that_of_torch():
    theirs = nn.KLDivLoss(reduction="batchmean")(F.log_softmax(LOGITS, dim=1), ROWS)
    assert torch.isclose(SoftTargetKLDivLoss()(LOGITS, ROWS), theirs)
    theirs = nn.KLDivLoss(reduction="sum")(F.log_softmax(LOGITS, dim=1), ROWS)
    assert torch.isclose(SoftTargetKLDivLoss(reduction="sum")(LOGITS, ROWS), theirs)


def test_the_divergence_has_the_gradient_of_the_cross_entropy():
    plain = nn.CrossEntropyLoss()
    assert torch.allclose(gradient(SoftTargetKLDivLoss(), ROWS), gradient(plain, ROWS))


def test_focal_by_hand():
    logits = torch.log(torch.tensor([[0.8, 0.2], [0.8, 0.2]]))
    easy, hard = -(0.2**2) * math.log(0.8), -(0.8**2) * math.log(0.2)
    losses = FocalLoss(2.0, reduction="none")(logits, torch.tensor([0, 1]))
    assert losses.tolist() == pytest.approx([easy, hard])
    mixed = FocalLoss(2.0)(logits[:1], torch.tensor([[0.3, 0.7]]))
    assert mixed.item() == pytest.approx(0.3 * easy + 0.7 * hard)
    weighted = FocalLoss(2.0, torch.tensor([1.0, 3.0]))(logits, torch.tensor([0, 1]))
    assert weighted.item() == pytest.approx((easy + 3 * hard) / 4)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal_gradients_of_certain_predictions(gamma):
    logits = torch.tensor([[1000.0, 0.0], [0.0, 1000.0]], requires_grad=True)
    loss = FocalLoss(gamma)(logits, torch.tensor([0, 0]))
    loss.backward()
    assert loss == 500
    assert logits.grad.tolist() == [[0, 0], [-0.5, 0.5]]


def test_the_hardest_by_hand():
    logits = torch.log(torch.tensor([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8], [0.7, 0.3]]))
    labels = torch.zeros(4, dtype=torch.long)
    expected = (math.log(1 / 0.2) + math.log(1 / 0.5)) / 2
    assert OHEMLoss(0.5)(logits, labels).item() == pytest.approx(expected)
    losses = OHEMLoss(0.5, reduction="none")(logits, labels)
    assert losses.tolist() == pytest.approx([0.0, 2 * math.log(2), 2 * math.log(5), 0.0])
    assert OHEMLoss(0.01)(logits, labels).item() == pytest.approx(math.log(5))
    # With four times the weight for class 1, the first sample is the hardest.
    weighted = OHEMLoss(0.25, torch.tensor([1.0, 4.0]))
    assert weighted(logits, 1 - labels).item() == pytest.approx(math.log(10))


def test_rows_that_are_learned_exactly_are_easy():
    logits = torch.log(torch.tensor([[0.5, 0.5], [0.9, 0.1]]))
    rows = torch.tensor([[0.5, 0.5], [0.6, 0.4]])
    losses = OHEMLoss(0.5, reduction="none")(logits, rows)
    assert losses[0] == 0
    assert losses[1] > 0


def test_easy_samples_have_no_gradient():
    slopes = gradient(OHEMLoss(0.5), LABELS).abs().sum(1)
    hard = F.cross_entropy(LOGITS, LABELS, reduction="none").topk(2).indices
    assert set(slopes.nonzero().flatten().tolist()) == set(hard.tolist())


def test_in_evaluation_all_samples_count():
    loss = OHEMLoss(0.25)
    assert loss(LOGITS, LABELS) > F.cross_entropy(LOGITS, LABELS)
    assert torch.isclose(loss.eval()(LOGITS, LABELS), F.cross_entropy(LOGITS, LABELS))


@pytest.mark.parametrize("loss", LOSSES + WEIGHTED)
def test_a_class_of_probability_zero_may_be_predicted_as_impossible(loss):
    logits = torch.tensor([[0.0, -math.inf, 0.0]], dtype=torch.float64, requires_grad=True)
    for target in (torch.tensor([0]), torch.tensor([[0.3, 0.0, 0.7]])):
        value = loss(logits, target)
        (gradient,) = torch.autograd.grad(value, logits)
        assert value.isfinite()
        assert gradient[0, 1] == 0
        assert gradient.isfinite().all()


@pytest.mark.parametrize("loss", LOSSES)
def test_errors(loss):
    with pytest.raises(ValueError, match=r"shape \(4, 3\) and targets of shape \(4, 2\)"):
        loss(LOGITS, ROWS[:, :2])
    with pytest.raises(ValueError, match="expected logits"):
        loss(LOGITS, LABELS.double())
    with pytest.raises(ValueError, match=r"targets of shape \(3,\)"):
        loss(LOGITS, LABELS[:3])


def test_parameters_out_of_range():
    with pytest.raises(ValueError, match="gamma=-1"):
        FocalLoss(-1)
    with pytest.raises(ValueError, match="keep=0"):
        OHEMLoss(0)
    with pytest.raises(ValueError, match="expected 'mean' or 'none'"):
        OHEMLoss(0.5, reduction="sum")
    for loss in (SoftTargetKLDivLoss, FocalLoss):
        with pytest.raises(ValueError, match="reduction='Mean', expected 'mean', 'sum' or 'none'"):
            loss(reduction="Mean")(LOGITS, LABELS)
