import pytest

torch = pytest.importorskip("torch")

from sklearn_slr.losses._hardest import keep_hardest  # noqa: E402

LOSSES = torch.tensor([1.0, 5.0, 3.0, 2.0])


@pytest.mark.parametrize(("keep", "mean"), [(1.0, 2.75), (0.75, 10 / 3), (0.5, 4.0), (0.1, 5.0)])
def test_the_mean_equals_that_of_the_kept_losses(keep, mean):
    assert keep_hardest(LOSSES, torch.ones(4), keep).mean().item() == pytest.approx(mean)


def test_divisors():
    divisors = torch.tensor([1.0, 2.0, 0.5, 1.0])
    assert keep_hardest(LOSSES, divisors, 0.5).mean().item() == pytest.approx((5 + 3) / 2.5)


def test_order_does_not_matter():
    order = torch.tensor([2, 0, 3, 1])
    expected = keep_hardest(LOSSES, torch.ones(4), 0.5)
    assert torch.equal(keep_hardest(LOSSES[order], torch.ones(4), 0.5), expected[order])
