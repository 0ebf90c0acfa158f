"""Results of finished folds kept in a folder, so that a killed fit continues where it stopped."""

import contextlib
import functools
import io
import json
import os
import platform
import warnings
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path

import joblib
import numpy as np
import scipy
import sklearn

from .._version import __version__
from ._files import is_locked, locked, remove_unfinished, write_atomically
from ._fingerprint import describe, digest

# Version of the layout of the manifest and the files of folds.
FORMAT = 2
MANIFEST, LOCK, SUFFIX = "manifest.json", "lock", ".npz"
# Parameters that may differ when a fit continues: they do not change what it computes.
# (The seed is compared by itself.)
NOT_COMPARED = ("checkpoint", "n_jobs", "verbose", "random_state")
# Parameters that say how many rounds run and how their labels are used. The result of a fold
# depends on them through its targets, rows and seed alone, which are part of its file's name.
AFTER_FOLDS = ("n_rounds", "final", "select_round", "thresholds")
MAX_NAMES = 5


@dataclass(frozen=True)
class FoldFile:
    """The file of one fold's result.

    Parameters
    ----------
    folder : Path
        The folder of the fit.
    stem : str
        The fold's address and a hash of all that its model depends on.
    existing : tuple of str
        Files of that stem; their names end with a hash of their bytes.
    shape : tuple of int
        Shape of the predictions.
    has_validation : bool
        Whether there is a clean set.
    """

    folder: Path
    stem: str
    existing: tuple[str, ...]
    shape: tuple[int, ...]
    has_validation: bool

    def read(self):
        """Return (prediction, validation, stacked); None where no complete file exists."""
        for name in self.existing:
            with explain_os_error(self.folder):
                content = (self.folder / name).read_bytes()
            result = self._parse(name, content)
            if result is not None:
                return result
            with explain_os_error(self.folder):
                (self.folder / name).unlink(missing_ok=True)
            warnings.warn(
                f"{self.folder / name} is damaged: it is removed, and its fold is fitted again.",
                UserWarning,
            )
        return None

    def write(self, prediction, validation, stacked):
        """Write a result; the file is there completely or not at all."""
        arrays = {"prediction": prediction, "stacked": np.array(stacked)}
        if validation is not None:
            arrays["validation"] = validation
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        content = buffer.getvalue()
        with explain_os_error(self.folder):
            write_atomically(self.folder / f"{self.stem}-{_short_digest(content)}{SUFFIX}", content)

    def refresh(self):
        """Return the same with the files that exist now."""
        with explain_os_error(self.folder):
            names = sorted(path.name for path in self.folder.glob(f"{self.stem}-*{SUFFIX}"))
        return replace(self, existing=tuple(names))

    def _parse(self, name, content):
        if name != f"{self.stem}-{_short_digest(content)}{SUFFIX}":
            return None
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                prediction, stacked = arrays["prediction"], bool(arrays["stacked"])
                validation = arrays.get("validation")
        except Exception:  # not written by `write`
            return None
        fits = prediction.shape == self.shape and (validation is not None) == self.has_validation
        return (prediction, validation, stacked) if fits else None


def run_missing_folds(files, run):
    """Yield the index and result of every fold: kept results first, then those of new models.

    Parameters
    ----------
    files : list of FoldFile
        The file of each fold.
    run : callable
        ``run(missing)`` yields the index and result of each of these folds.
    """
    missing = []
    for k, file in enumerate(files):
        result = file.read()
        if result is None:
            missing.append(k)
        else:
            yield k, result
    with contextlib.closing(run(missing)) as finished:
        for k, result in finished:
            # Its worker has written it, unless that is a machine that does not see the folder.
            if not files[k].refresh().existing:
                files[k].write(*result)
            yield k, result


def locate_files(folder, fingerprint, folds, targets, sample_weight, has_validation):
    """Return the file of each fold trained on these targets and weights.

    The name of a file depends on targets, weights, rows and seed. These tell apart the trials of
    a refinement's alternatives, which share addresses and seeds, and fits of different numbers
    of rounds. Results that a refinement or splitter made by chance are never mixed.

    Parameters
    ----------
    folder : Path
        The folder of the fit.
    fingerprint : str
        Hash of all that the fit depends on.
    folds, targets, sample_weight
        The folds of a round and what their models are trained on.
    has_validation : bool
        Whether there is a clean set.

    Returns
    -------
    list of FoldFile
        In the order of the folds.
    """
    with explain_os_error(folder):
        names = sorted(os.listdir(folder))
    existing = {}
    for name in names:
        if name.endswith(SUFFIX):
            existing.setdefault(name.rpartition("-")[0], []).append(name)
    weight = b"" if sample_weight is None else sample_weight
    files = []
    shared = digest(fingerprint, targets, weight)
    for fold in folds:
        inputs = _short_digest(digest(shared, fold.train, fold.test), str(fold.seed))
        stem = "-".join([*map(str, fold.address), inputs])
        shape = (len(fold.test), *targets.shape[1:])
        files.append(FoldFile(folder, stem, tuple(existing.get(stem, ())), shape, has_validation))
    return files


def describe_fit(params, inputs):
    """Describe by names and texts all that a fit depends on, without its seed.

    `params` are those of the estimator, `inputs` the arguments of `fit`.
    """
    described = {"version of python": platform.python_version()}
    for package in (joblib, np, scipy, sklearn):
        described[f"version of {package.__name__}"] = package.__version__
    described["version of sklearn_slr"] = __version__
    for name, value in {**params, **inputs}.items():
        if name not in NOT_COMPARED and name not in AFTER_FOLDS:
            described.update(describe(value, name))
    return described


@contextlib.contextmanager
def open_checkpoint(path, e_step, params, inputs, *, random_state, print_line):
    """Keep the folds of a fit in its folder for as long as the context lasts.

    Only one process at a time may run a fit. Fits that differ only in their rounds share the
    folder, also at the same time, as in a search.

    Parameters
    ----------
    path : path-like
        A folder of fits, where each has a sub-folder named by its fingerprint; or the folder of
        one fit, which then must be this one.
    e_step : EStep
        The E step of the fit.
    params : dict
        Parameters of the estimator.
    inputs : dict
        Arguments of `fit`.
    random_state : int, RandomState instance or None
        The source of the E step's seed. With None the seed differs in every call, and that of
        the first call is kept and used.
    print_line : callable
        ``print_line(line)`` reports what was found.

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
        If the folder cannot be written.
    """
    path = Path(path).absolute()
    is_plain = random_state is None or isinstance(random_state, Integral)
    seed = str(random_state) if is_plain else f"a generator that gave {e_step.root}"
    described = {**describe_fit(params, inputs), "random_state": seed}
    fingerprint = digest(str(FORMAT), json.dumps(described, sort_keys=True))
    folder = path if (path / MANIFEST).exists() else path / fingerprint[:16]
    with contextlib.ExitStack() as stack:
        with explain_os_error(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with locked(folder / LOCK, wait=True):  # for the moment in which a fit begins
                idle = not any(is_locked(each) for each in folder.glob(f"{LOCK}-*"))
                stack.enter_context(locked(folder / f"{LOCK}-{_digest_rounds(params)}"))
                if idle:
                    remove_unfinished(folder)
                if not (folder / MANIFEST).exists():
                    manifest = {"format": FORMAT, "root": e_step.root, "described": described}
                    content = json.dumps(manifest, indent=1, sort_keys=True)
                    write_atomically(folder / MANIFEST, content.encode())
        root = _check_manifest(folder, described)
        print_line(_describe_folder(folder, described))
        locate = functools.partial(locate_files, folder, fingerprint)
        yield replace(e_step, root=root, locate_files=locate)


def _digest_rounds(params):
    """Return a hash of the parameters in which fits that share their folds may differ."""
    pairs = (describe(params.get(name), name).items() for name in AFTER_FOLDS)
    return _short_digest(*(text for items in pairs for pair in items for text in pair))


@contextlib.contextmanager
def explain_os_error(folder):
    """Add to an error of the file system what to do about it."""
    try:
        yield
    except OSError as error:
        raise OSError(
            error.errno,
            f"checkpoint cannot be kept ({error.strerror}): free space, or make the folder "
            "writable, and call fit again: it continues after the last finished fold",
            str(folder),
        ) from error


def _check_manifest(folder, described):
    """Check that a folder's manifest is that of this fit, and return its seed."""
    manifest = _read_manifest(folder)
    if manifest is None:
        raise ValueError(
            f"{folder / MANIFEST} is not a manifest of format {FORMAT}: it was changed, or written "
            "by another version. Delete the folder, or choose another."
        )
    names = _differing(manifest["described"], described)
    if names:
        kept = manifest["described"]
        changes = "; ".join(
            f"{name} was {kept.get(name, 'absent')} and is {described.get(name, 'absent')}"
            for name in names[:MAX_NAMES]
        )
        more = f"; and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
        raise ValueError(
            f"{folder} keeps the folds of another fit: {changes}{more}. Repeat that fit, choose "
            "another folder, or give the folder above it, where each fit has its own."
        )
    return manifest["root"]


def _read_manifest(folder):
    """Return a manifest, or None if it cannot be read."""
    try:
        with explain_os_error(folder):
            manifest = json.loads((folder / MANIFEST).read_bytes())
        fits = manifest["format"] == FORMAT and isinstance(manifest["described"], dict)
        return manifest if fits and isinstance(manifest["root"], int) else None
    except (ValueError, KeyError, TypeError):
        return None


def _differing(first, second):
    return sorted(name for name in {*first, *second} if first.get(name) != second.get(name))


def _describe_folder(folder, described):
    """Return how many folds are kept; if none, how the most similar other fit differs."""
    n_folds = sum(name.endswith(SUFFIX) for name in os.listdir(folder))
    if n_folds:
        return f"{n_folds} finished folds in {folder}"
    others = [_read_manifest(each.parent) for each in folder.parent.glob(f"*/{MANIFEST}")]
    differing = [_differing(other["described"], described) for other in others if other]
    nearest = min(filter(None, differing), key=len, default=[])
    names = ", ".join(nearest[:MAX_NAMES])
    return f"no finished folds in {folder}" + (f"; an earlier fit had other {names}" * bool(names))


def _short_digest(*parts):
    return digest(*parts)[:16]
