"""Finished folds kept in a folder, so that a fit goes on where it was killed."""

import contextlib
import io
import json
import os
import platform
import warnings
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
import scipy
import sklearn

from .._version import __version__
from ._files import is_locked, locked, remove_unfinished, write_atomically
from ._fingerprint import describe, digest

# Of the manifest and of the files of folds; another number is another, unreadable, layout.
FORMAT = 1
MANIFEST, LOCK, SUFFIX = "manifest.json", "lock", ".npz"
# What a fit may change and still go on: where and how loudly it runs, not what it computes.
# (A seed is not free, but told apart by itself.)
FREE = ("checkpoint", "n_jobs", "verbose", "random_state")
# How far it goes, and what it makes of its rounds. A fold knows of these by its targets, rows and
# seed alone, which are part of its file's name.
OPEN = ("n_rounds", "final", "select_round", "thresholds")
MAX_NAMES = 5


class Answer(NamedTuple):
    """What a fold's model predicted.

    Parameters
    ----------
    prediction : ndarray of shape (n_test, C) or (n_test,)
        Predictions of the held-out rows.
    validation : ndarray of shape (n_validation, C) or (n_validation,), or None
        Predictions of the clean set.
    stacked : bool
        Whether the models of all folds were trained in one pass.
    """

    prediction: np.ndarray
    validation: np.ndarray | None
    stacked: bool


@dataclass(frozen=True)
class Slot:
    """The place of one fold's answer.

    Parameters
    ----------
    folder : Path
        The folder of the fit.
    stem : str
        The fold's address and a hash of all that its model depends on.
    found : tuple of str
        Files of that stem; the hash of a file's bytes is the end of its name.
    shape : tuple of int
        Shape of the predictions.
    has_validation : bool
        Whether there is a clean set.
    """

    folder: Path
    stem: str
    found: tuple[str, ...]
    shape: tuple[int, ...]
    has_validation: bool

    def read(self):
        """Return the answer; None where there is none, or none that is whole."""
        for name in self.found:
            with explained(self.folder):
                content = (self.folder / name).read_bytes()
            answer = self._parse(name, content)
            if answer is not None:
                return answer
            with explained(self.folder):
                (self.folder / name).unlink(missing_ok=True)
            warnings.warn(
                f"{self.folder / name} is damaged: it is removed, and its fold fitted again.",
                UserWarning,
            )
        return None

    def write(self, answer):
        """Write the answer; a file is there whole or not at all."""
        arrays = {"prediction": answer.prediction, "stacked": np.array(answer.stacked)}
        if answer.validation is not None:
            arrays["validation"] = answer.validation
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        content = buffer.getvalue()
        with explained(self.folder):
            write_atomically(self.folder / f"{self.stem}-{_brief(content)}{SUFFIX}", content)

    def now(self):
        """Return the slot with the files that are there by now."""
        with explained(self.folder):
            names = sorted(path.name for path in self.folder.glob(f"{self.stem}-*{SUFFIX}"))
        return replace(self, found=tuple(names))

    def ensure(self, answer):
        """Write the answer unless its worker did: of another machine, it may not see the folder."""
        if not self.now().found:
            self.write(answer)

    def _parse(self, name, content):
        if name != f"{self.stem}-{_brief(content)}{SUFFIX}":
            return None
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                answer = Answer(
                    arrays["prediction"], arrays.get("validation"), bool(arrays["stacked"])
                )
        except Exception:  # whoever wrote it, it was not `write`
            return None
        fits = answer.prediction.shape == self.shape
        return answer if fits and (answer.validation is not None) == self.has_validation else None


@dataclass(frozen=True)
class Checkpoint:
    """The folder of one fit.

    Parameters
    ----------
    folder : Path
        Where its folds are kept.
    fingerprint : str
        Hash of all that the fit depends on.
    """

    folder: Path
    fingerprint: str

    def slots(self, folds, targets, sample_weight, has_validation):
        """Return the places of folds trained on these targets and weights.

        Targets, weights, rows and seeds are part of a place's name. The trials of a
        refinement's alternatives share addresses and seeds, and the targets tell them apart; so
        they do for fits that differ in their rounds; and what a refinement or splitter makes of
        chance is never mixed.
        """
        with explained(self.folder):
            names = sorted(os.listdir(self.folder))
        found = {}
        for name in names:
            if name.endswith(SUFFIX):
                found.setdefault(name.rpartition("-")[0], []).append(name)
        weight = b"" if sample_weight is None else sample_weight
        slots = []
        shared = digest(self.fingerprint, targets, weight)
        for fold in folds:
            inputs = _brief(digest(shared, fold.train, fold.test), str(fold.seed))
            stem = "-".join([*map(str, fold.address), inputs])
            shape = (len(fold.test), *targets.shape[1:])
            files = tuple(found.get(stem, ()))
            slots.append(Slot(self.folder, stem, files, shape, has_validation))
        return slots


def describe_fit(params, inputs):
    """Describe all that a fit depends on but its seed.

    Parameters
    ----------
    params : dict
        Parameters of the estimator.
    inputs : dict
        What `fit` got.

    Returns
    -------
    dict of str to str
        Names and texts.
    """
    described = {"version of python": platform.python_version()}
    for package in (joblib, np, scipy, sklearn):
        described[f"version of {package.__name__}"] = package.__version__
    described["version of sklearn_slr"] = __version__
    for name, value in {**params, **inputs}.items():
        if name not in FREE and name not in OPEN:
            described.update(describe(value, name))
    return described


def name_call(params):
    """Name a call among those that share their folds.

    Parameters
    ----------
    params : dict
        Parameters of the estimator.

    Returns
    -------
    str
        A hash of what those calls may differ in.
    """
    pairs = (describe(params.get(name), name).items() for name in OPEN)
    return _brief(*(text for items in pairs for pair in items for text in pair))


@contextlib.contextmanager
def keeping_folds(path, e_step, described, *, call, random_state, tell):
    """While the context lasts, keep the folds of a fit in its folder, as its only process.

    Fits that differ in nothing but their rounds share the folder, at the same time too, as in a
    search.

    Parameters
    ----------
    path : path-like
        A folder of fits, where each has a sub-folder named by its fingerprint; or the folder of
        one fit, which then must be this one.
    e_step : EStep
        The E step of the fit.
    described : dict of str to str
        All that the fit depends on but its seed.
    call : str
        What tells it from others that share its folds.
    random_state : int, RandomState instance or None
        What the E step's seed was drawn from. With None it differs in every call, and that of
        the first is kept and used.
    tell : callable
        ``tell(line)`` says what was found.

    Yields
    ------
    EStep
        The E step that keeps its folds.

    Raises
    ------
    ValueError
        If the folder belongs to another fit, or its manifest cannot be read.
    RuntimeError
        If another process runs the same fit.
    OSError
        If it cannot be written.
    """
    path = Path(path).absolute()
    is_plain = random_state is None or isinstance(random_state, Integral)
    seed = str(random_state) if is_plain else f"a generator that gave {e_step.root}"
    described = {**described, "random_state": seed}
    fingerprint = digest(str(FORMAT), json.dumps(described, sort_keys=True))
    folder = path if (path / MANIFEST).exists() else path / fingerprint[:16]
    with contextlib.ExitStack() as stack:
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with locked(folder / LOCK, wait=True):  # for a moment, in which nobody else begins
                idle = not any(is_locked(each) for each in folder.glob(f"{LOCK}-*"))
                stack.enter_context(locked(folder / f"{LOCK}-{call}"))
                if idle:
                    remove_unfinished(folder)
                if not (folder / MANIFEST).exists():
                    manifest = {"format": FORMAT, "root": e_step.root, "described": described}
                    content = json.dumps(manifest, indent=1, sort_keys=True)
                    write_atomically(folder / MANIFEST, content.encode())
        root = _check_manifest(folder, described)
        tell(_news(folder, described))
        yield replace(e_step, root=root, checkpoint=Checkpoint(folder, fingerprint))


@contextlib.contextmanager
def explained(folder):
    """Say of an error of the file system what to do about it."""
    try:
        yield
    except OSError as error:
        raise OSError(
            error.errno,
            f"checkpoint cannot be kept ({error.strerror}): free space, or make the folder "
            "writable, and call fit again, which goes on after the last finished fold",
            str(folder),
        ) from error


def _check_manifest(folder, described):
    """Check that a folder's manifest is that of this fit, and return its seed."""
    manifest = _read_manifest(folder)
    if manifest is None:
        raise ValueError(
            f"{folder / MANIFEST} is no manifest of format {FORMAT}: it was changed, or written "
            "by another version. Delete the folder, or choose another."
        )
    names = _differing(manifest["described"], described)
    if names:
        kept = manifest["described"]
        told = "; ".join(
            f"{name} was {kept.get(name, 'absent')} and is {described.get(name, 'absent')}"
            for name in names[:MAX_NAMES]
        )
        more = f"; and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
        raise ValueError(
            f"{folder} keeps the folds of another fit: {told}{more}. Repeat that fit, choose "
            "another folder, or give the folder above it, where each fit has its own."
        )
    return manifest["root"]


def _read_manifest(folder):
    """Return a manifest, or None where it is none of ours."""
    try:
        with explained(folder):
            manifest = json.loads((folder / MANIFEST).read_bytes())
        fits = manifest["format"] == FORMAT and isinstance(manifest["described"], dict)
        return manifest if fits and isinstance(manifest["root"], int) else None
    except (ValueError, KeyError, TypeError):
        return None


def _differing(first, second):
    return sorted(name for name in {*first, *second} if first.get(name) != second.get(name))


def _news(folder, described):
    """Say how many folds are there; if none, how the nearest other fit differs from this."""
    n_folds = sum(name.endswith(SUFFIX) for name in os.listdir(folder))
    if n_folds:
        return f"{n_folds} finished folds in {folder}"
    others = [_read_manifest(each.parent) for each in folder.parent.glob(f"*/{MANIFEST}")]
    differing = [_differing(other["described"], described) for other in others if other]
    nearest = min(filter(None, differing), key=len, default=[])
    names = ", ".join(nearest[:MAX_NAMES])
    return f"no finished folds in {folder}" + (f"; an earlier fit had other {names}" * bool(names))


def _brief(*parts):
    return digest(*parts)[:16]
