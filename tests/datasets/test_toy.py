import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from sklearn_slr.datasets import make_three_class_toy


@pytest.mark.parametrize("kind", ["spirals", "blobs"])
def test_three_even_classes_from_the_seed(kind):
    X, y = make_three_class_toy(100, kind=kind, random_state=0)
    assert X.shape == (100, 2)
    assert np.bincount(y).tolist() == [34, 33, 33]
    again, _ = make_three_class_toy(100, kind=kind, random_state=0)
    assert np.array_equal(X, again)


def test_spirals_are_separable_but_not_linearly():
    X, y = make_three_class_toy(random_state=0)
    assert cross_val_score(KNeighborsClassifier(), X, y).mean() > 0.9
    assert cross_val_score(LogisticRegression(), X, y).mean() < 0.7
