import functools

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from sklearn_slr.losses import OHEMRegressionLoss  # noqa: E402

PREDICTED = torch.zeros(4, 1)
TARGET = torch.tensor([[1.0], [3.0], [-2.0], [0.5]])


def test_by_hand():
    assert OHEMRegressionLoss(0.5)(PREDICTED, TARGET).item() == pytest.approx((9 + 4) / 2)
    losses = OHEMRegressionLoss(0.5, reduction="none")(PREDICTED, TARGET)
    assert losses.tolist() == [0.0, 18.0, 8.0, 0.0]
    absolute = OHEMRegressionLoss(0.25, nn.L1Loss)
    assert absolute(PREDICTED, TARGET).item() == 3.0
    huber = OHEMRegressionLoss(0.25, functools.partial(nn.HuberLoss, delta=0.1))
    assert huber(PREDICTED, TARGET).item() == pytest.approx(0.1 * (3 - 0.05))


def test_all_samples_give_the_plain_loss():
    plain = nn.MSELoss()(PREDICTED, TARGET)
    assert torch.isclose(OHEMRegressionLoss(1)(PREDICTED, TARGET), plain)
    assert torch.isclose(OHEMRegressionLoss(0.25).eval()(PREDICTED, TARGET), plain)
    flat = OHEMRegressionLoss(0.5)(PREDICTED[:, 0], TARGET[:, 0])
    assert torch.isclose(flat, OHEMRegressionLoss(0.5)(PREDICTED, TARGET))


def test_only_the_hardest_samples_have_a_gradient():
    predicted = PREDICTED.clone().requires_grad_()
    OHEMRegressionLoss(0.5)(predicted, TARGET).backward()
    assert predicted.grad.flatten().tolist() == [0.0, -3.0, 2.0, 0.0]


def test_errors():
    with pytest.raises(ValueError, match="broadcast"):
        OHEMRegressionLoss()(PREDICTED, TARGET[:, 0])
    with pytest.raises(ValueError, match="keep=2"):
        OHEMRegressionLoss(2)
    with pytest.raises(ValueError, match="expected 'mean' or 'none'"):
        OHEMRegressionLoss(reduction="sum")
