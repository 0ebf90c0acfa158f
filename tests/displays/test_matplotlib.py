"""Without matplotlib, displays say how to install it."""

import sys

import pytest

from sklearn_slr.displays import ThresholdDisplay


def test_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "sklearn-slr\[plot\]"'):
        ThresholdDisplay.from_predictions([0, 1], [0.1, 0.9], [0.5])
