"""Types for signatures; scikit-learn and skorch have none of their own."""

from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
# Not `ArrayLike`, which accepts any string.
Numbers: TypeAlias = Sequence[float] | NDArray[Any]
Matrix: TypeAlias = Sequence[Sequence[float]] | NDArray[Any]
FilePath: TypeAlias = str | PathLike[str]
# Tables of answers hold None too.
Labels: TypeAlias = ArrayLike | Sequence[Sequence[Any]]
Seed: TypeAlias = int | np.random.RandomState | None


class Estimator(Protocol):
    """An object with `fit`."""

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        """Fit."""


class Splitter(Protocol):
    """An object that splits rows into folds."""

    def split(self, *args: Any, **kwargs: Any) -> Iterable[Any]:
        """Yield (train, test) indices."""


class Refinement(Protocol):
    """An M step; the developers' page lists its optional methods."""

    def refine(
        self, observed: Any, targets: Any, oof: Any, /, *, round: int, sample_weight: Any = None
    ) -> Any:
        """Return refined labels, or these and a dict of fitted attributes."""


Teachers: TypeAlias = list[tuple[str, Estimator]]
Augmentations: TypeAlias = Callable[..., Any] | list[Callable[..., Any]]
Cv: TypeAlias = int | Splitter | Iterable[tuple[ArrayLike, ArrayLike]]
