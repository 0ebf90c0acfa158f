"""The paper's nets: parameters and shapes as their sources give them; pooling; augmentation."""

import itertools
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("skorch")

from torch import nn  # noqa: E402

from examples.benchmarks.common.retina import RetinaNet  # noqa: E402
from examples.paper import _augment, _models  # noqa: E402


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def count(module):
    return sum(part.numel() for part in module.parameters())


def test_resnet56_has_the_parameters_of_its_source():
    # Convolutions 3 x 3 and the two numbers of each normalised channel.
    stages = [18 * (16 * 16 * 9 + 32)]
    stages += [16 * 32 * 9 + 17 * 32 * 32 * 9 + 18 * 64]
    stages += [32 * 64 * 9 + 17 * 64 * 64 * 9 + 18 * 128]
    plain = 3 * 16 * 9 + 32 + sum(stages) + 64 * 10 + 10
    assert plain == 853_018  # 0.85 million in He et al. 2016, table 6
    assert count(_models.cifar_resnet("plain")) == plain
    assert count(_models.cifar_resnet("pre")) == plain
    # Two matrices of C x C/16 in each of nine blocks a stage.
    excitation = 9 * 2 * (16 * 1 + 32 * 2 + 64 * 4)
    assert count(_models.cifar_resnet("se")) == plain + excitation == 859_066


def test_resnet20_has_the_parameters_of_its_source():
    assert round(count(_models.cifar_resnet("plain", 20)) / 1e6, 2) == 0.27


@pytest.mark.parametrize("kind", ["plain", "se", "pre"])
def test_stages_halve_maps_and_double_channels(kind):
    net = _models.cifar_resnet(kind, 8).eval()
    shapes = []
    for part in net:
        if isinstance(part, _models.Block):
            part.register_forward_hook(lambda *call: shapes.append(tuple(call[-1].shape)))
    assert net(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    assert shapes == [(2, 16, 32, 32), (2, 32, 16, 16), (2, 64, 8, 8)]
    depth = sum(isinstance(part, (nn.Conv2d, nn.Linear)) for part in net.modules())
    excitations = 2 * 3 * (kind == "se")
    assert depth - excitations == 8
    n_blocks = sum(isinstance(part, _models.Block) for part in _models.cifar_resnet(kind))
    assert n_blocks == 27


def test_a_block_with_a_silent_branch_is_its_shortcut():
    block = _models.Block(16, 32, 2, "plain").eval()
    nn.init.zeros_(block.branch[-1].weight)
    maps = torch.rand(1, 16, 4, 4)
    found = block(maps)
    torch.testing.assert_close(found[:, 8:24], maps[:, :, ::2, ::2])
    assert not found[:, :8].any()
    assert not found[:, 24:].any()


def test_a_depth_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"depth is 55; 6 n \+ 2"):
        _models.cifar_resnet(depth=55)


def test_gem_lies_between_mean_and_maximum():
    maps = torch.rand(3, 5, 4, 4) + 0.1
    torch.testing.assert_close(_models.GeM(1.0)(maps), maps.mean((-1, -2)))
    torch.testing.assert_close(_models.GeM(3.0)(maps), (maps**3).mean((-1, -2)) ** (1 / 3))
    largest = maps.amax((-1, -2))
    distance = [(largest - _models.GeM(p)(maps)).max() for p in (1.0, 3.0, 10.0, 50.0)]
    assert all(nearer < further for further, nearer in itertools.pairwise(distance))
    # The mean of 16 has at least a 16th of the largest: 16 ** (-1 / 50) > .94 of it.
    assert (_models.GeM(50.0)(maps) > 0.94 * largest).all()


def test_gradients_flow_through_gem_to_maps_and_power():
    pool, maps = _models.GeM(), torch.rand(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    pool = pool.double()
    assert torch.autograd.gradcheck(pool, (maps + 0.1,))
    pool(maps + 0.1).sum().backward()
    assert maps.grad.abs().min() > 0
    assert pool.power.grad.abs() > 0


def test_image_model_normalises_bytes_and_augments_in_training_only():
    calls = []

    def augment(X):
        calls.append(X.dtype)
        return X

    model = _models.ImageModel(nn.Identity, augment, mean=(0.5,) * 3, std=(0.25,) * 3)
    X = torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 3, 1, 1)
    torch.testing.assert_close(model.eval()(X).ravel(), torch.tensor([-2.0, -1.2, 2.0]))
    assert calls == []
    model.train()(X)
    assert calls == [torch.uint8]


def test_views_make_predictions_blind_to_flips():
    X = torch.randint(0, 256, (3, 3, 16, 16), dtype=torch.uint8)
    plain, averaged = (
        _models.ImageModel(partial(_models.photo_net, "tiny", 2), views=views).eval()
        for views in (False, True)
    )
    averaged.load_state_dict(plain.state_dict())
    for axes in ([-1], [-2], [-1, -2]):
        torch.testing.assert_close(averaged(X.flip(axes)), averaged(X))
        assert not torch.allclose(plain(X.flip(axes)), plain(X))
    torch.testing.assert_close(averaged.train()(X), plain.train()(X))
    retina = RetinaNet(views=True).eval()
    X = torch.rand(2, 6, 28, 28)
    torch.testing.assert_close(retina(X.flip(-1)), retina(X))


def test_without_timm_a_backbone_says_what_to_do(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "timm", None)
    with pytest.raises(SystemExit, match="pip install timm"):
        _models.photo_net("efficientnet_b5", 4)


def test_photo_net_pools_and_without_tricks_by_the_mean():
    X = torch.rand(2, 3, 32, 32)
    net = _models.photo_net("tiny", 4)
    assert net(X).shape == (2, 4)
    plain = _models.photo_net("tiny", 4, tricks=False)
    assert list(plain[1].parameters()) == []
    maps = torch.randn(2, 3, 4, 4)  # also where they are negative
    torch.testing.assert_close(plain[1](maps), maps.mean((-1, -2)))


def test_flip_and_crop_moves_each_image_by_itself():
    X = torch.arange(1, 65, dtype=torch.uint8).view(1, 1, 8, 8).repeat(200, 3, 1, 1)
    found = _augment.flip_and_crop(X, pad=2)
    assert found.dtype == torch.uint8
    assert found.shape == X.shape
    padded = nn.functional.pad(X[:1], (2,) * 4)[0, 0]
    windows = [padded[i : i + 8, j : j + 8] for i in range(5) for j in range(5)]
    mirrored = nn.functional.pad(X[:1].flip(-1), (2,) * 4)[0, 0]
    windows += [mirrored[i : i + 8, j : j + 8] for i in range(5) for j in range(5)]
    known = {window.numpy().tobytes() for window in windows}
    drawn = {image[0].contiguous().numpy().tobytes() for image in found}
    assert drawn <= known
    assert len(drawn) > 25  # of 50, in 200 draws


def test_photos_keep_their_kind_and_change():
    X = torch.randint(0, 256, (4, 3, 16, 16), dtype=torch.uint8)
    found = _augment.augment_photos(X)
    assert found.dtype == torch.uint8
    assert found.shape == X.shape
    assert not torch.equal(found, X)
    flat = torch.full((2, 3, 9, 9), 100, dtype=torch.uint8)
    np.testing.assert_array_equal(_augment.augment_photos(flat, light=0.0), flat)


def test_autoaugment_comes_after_flips_and_crops(monkeypatch):
    monkeypatch.setattr(_augment, "autoaugment_policy", lambda: lambda part: 255 - part)
    augment = _augment.AutoAugment()
    X = torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8)
    torch.manual_seed(1)
    found = augment(X)
    torch.manual_seed(1)
    assert torch.equal(found, 255 - _augment.flip_and_crop(X))


def test_without_torchvision_autoaugment_says_what_to_do(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torchvision.transforms", None)
    with pytest.raises(SystemExit, match="--policy flips does without"):
        _augment.AutoAugment()
