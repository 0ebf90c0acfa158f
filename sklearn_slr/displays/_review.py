"""Write a page to review suspicious labels, and read its marks back into labels."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import column_or_1d

from ..utils._labels import as_array
from ..utils._typing import Estimator, FilePath
from ._label_comparison import LabelComparison
from ._label_issues import top_classes
from ._row_contents import RowContents
from ._thumbnails import encode_png, make_thumbnails

# Longest sides that thumbnails may have, and the size of all thumbnails in the file, in bytes.
_SIDES, _MAX_THUMBNAIL_BYTES = (64, 48, 40, 32, 28, 24, 20, 16), 12_000_000
_MAX_CHARACTERS, _N_BARS = 400, 5
_COLUMNS = {"row", "mark", "observed", "proposed"}
_MARKS = ("accept", "reject", "")


def export_label_review(
    est: Estimator,
    X: Any,
    path: FilePath,
    *,
    y: ArrayLike | None = None,
    images: Sequence[Any] | ArrayLike | None = None,
    text: ArrayLike | None = None,
    limit: int | None = 1000,
    thumbnail_size: int | None = None,
) -> Path:
    """Write a page on which a person accepts or rejects proposed labels.

    The page is one HTML file, which loads nothing from elsewhere. It has a table of rows, the most
    suspicious first, which can be sorted, searched and filtered. Each row has an image, a text or
    values, the observed and the proposed label, and bars of the refined distribution. The marks
    are downloaded as CSV, and `read_label_review` converts them to labels.

    Parameters
    ----------
    est : estimator
        Fitted SLRClassifier or SLRRegressor, or Pipeline ending in one.
    X : indexable of length n_samples or None
        Inputs. A list of strings is shown as texts, an array (n_samples, height, width) as images.
        Up to 12 columns of a DataFrame are always shown, columns of another table only if there
        are neither images nor texts.
    path : path-like
        Path of the file. An existing file is overwritten.
    y : array-like of shape (n_samples,), default=None
        Observed labels. None, or the labels passed to `fit`: the training rows, with their
        out-of-fold quality. Other labels: new rows, with predictions as proposed labels.
    images : sequence of length n_samples, default=None
        Images (height, width), optionally with 1, 3 or 4 channels: arrays, PIL images, or paths.
    text : sequence of str of length n_samples, default=None
        Texts. The first 400 characters are shown.
    limit : int or None, default=1000
        Number of rows, the most suspicious ones. None: all rows.
    thumbnail_size : int, default=None
        Longest side of the images in pixels. None: at most 64, and small enough that all images
        together take at most about 12 MB.

    Returns
    -------
    Path
        Path of the file.

    Raises
    ------
    TypeError
        If the estimator does not refine labels.
    ValueError
        If lengths differ, or an item of `images` is not an image.

    See Also
    --------
    read_label_review : Read the marks back into labels.
    LabelIssuesDisplay : Plot the most suspicious rows.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_slr import SLRClassifier
    >>> from sklearn_slr.displays import export_label_review, read_label_review
    >>> X, y = load_iris(return_X_y=True)
    >>> slr = SLRClassifier(GaussianNB(), random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = export_label_review(slr, X, Path(folder, "review.html"), limit=20)
    ...     page.read_text().startswith("<!doctype html>")
    True
    """
    for name, value in (("limit", limit), ("thumbnail_size", thumbnail_size)):
        if value is not None and value < 1:
            raise ValueError(f"{name} is {value}; expected at least 1, or None.")
    labels = LabelComparison.from_estimator(est, X, y)
    contents = RowContents.from_inputs(X, len(labels.observed), images=images, text=text)
    rows = labels.most_suspicious(limit)
    path = Path(path)
    path.write_text(_fill_page(_collect_data(labels, contents, rows, thumbnail_size)), "ascii")
    return path


def read_label_review(path: FilePath, labels: Estimator | ArrayLike) -> NDArray[Any]:
    """Convert the marks that were downloaded from a review page to labels.

    Parameters
    ----------
    path : path-like
        The CSV file, with the columns row, mark, observed, proposed. A mark is "accept", "reject"
        or empty. Other columns are ignored.
    labels : estimator or array-like of shape (n_samples,)
        The fitted estimator whose training rows were reviewed; or the observed labels that were
        reviewed, such as the `y` passed to `export_label_review`. It is not changed.

    Returns
    -------
    ndarray of shape (n_samples,)
        The observed labels, or the proposed label where it was accepted. None where no annotator
        answered and no label was accepted.

    Raises
    ------
    ValueError
        If the file is not a review, or is a review of other labels.

    See Also
    --------
    export_label_review : Write the page.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_slr.displays import read_label_review
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     marks = Path(folder, "label_review.csv")
    ...     _ = marks.write_text("row,mark,observed,proposed\\n2,accept,cat,dog\\n")
    ...     read_label_review(marks, ["cat", "dog", "cat"]).tolist()
    ['cat', 'dog', 'dog']
    """
    observed, classes = _get_observed_labels(labels)
    index = {name: code for code, name in enumerate(_escape_formulas(_as_strings(classes)))}
    names = _escape_formulas(_as_strings(observed))
    reviewed, seen = observed.copy(), set()
    for line, record in enumerate(_read_records(path), 2):
        where = f"{path}, line {line}"
        row = _parse_row(record["row"], len(observed), where)
        if row in seen:
            raise ValueError(f"{where}: row {row} is marked twice: keep one of its marks.")
        seen.add(row)
        if record["mark"] not in _MARKS:
            raise ValueError(
                f"{where}: the mark is {record['mark']!r}; expected accept, reject or nothing."
            )
        if record["observed"] != names[row] and _parse_number(record["observed"]) != observed[row]:
            raise ValueError(
                f"{where}: row {row} was reviewed as {record['observed']!r}, but its label is "
                f"{names[row]!r}: pass the labels that the review page was written for."
            )
        if record["mark"] == "accept":
            reviewed[row] = _parse_label(record["proposed"], index, classes, where)
    return reviewed


def _collect_data(labels, contents, rows, thumbnail_size):
    """Return the data of the page, ready for JSON."""
    numeric = labels.classes is None
    observed, proposed = labels.observed[rows], labels.proposed[rows]
    classes = labels.classes
    if numeric:
        classes, codes = np.unique(np.concatenate([observed, proposed]), return_inverse=True)
        observed, proposed = np.split(codes, 2)
    names = _as_strings(classes)
    images = [""] * len(rows)
    if contents.images is not None:
        size = thumbnail_size or _choose_size(contents.images, rows)
        images = [_encode_image(p) for p in make_thumbnails(contents.images, rows, size)]
    records = []
    for k, row in enumerate(rows.tolist()):
        bars = []
        if not numeric:
            proba = labels.refined[row]
            codes = top_classes(proba, labels.observed[row], _N_BARS).tolist()
            bars = [item for code in codes for item in (code, round(1000 * proba[code]))]
        records.append(
            [
                row,
                int(observed[k]),
                int(proposed[k]),
                round(float(labels.quality[row]), 6),
                bars,
                images[k],
                contents.snippet(row, _MAX_CHARACTERS) if contents.text is not None else "",
                contents.values(row),
            ]
        )
    return {
        "names": names,
        "csv": _escape_formulas(names),
        "columns": contents.columns,
        "numeric": numeric,
        "total": len(labels.observed),
        "rows": records,
    }


def _choose_size(images, rows):
    """Return the largest side at which all thumbnails are small enough, judging by a sample."""
    sample = rows[:: max(1, len(rows) // 32)]
    for size in _SIDES:
        n_bytes = [len(_encode_image(image)) for image in make_thumbnails(images, sample, size)]
        if np.mean(n_bytes) * len(rows) <= _MAX_THUMBNAIL_BYTES:
            return size
    return _SIDES[-1]


def _encode_image(pixels):
    return base64.b64encode(encode_png(pixels)).decode("ascii")


def _fill_page(data):
    """Return the page with its data, and a policy that allows only its own script and style."""
    page = resources.files(__package__).joinpath("review.html").read_text("utf-8")
    policy = "; ".join(
        f"{tag}-src 'sha256-{_digest(content)}'"
        for tag, content in re.findall(r"<(style|script)>(.*?)</\1>", page, flags=re.DOTALL)
    )
    # Only ASCII, and no character that could end the script or start a comment or an entity.
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    text = text.translate({ord(character): f"\\u{ord(character):04x}" for character in "<>&"})
    before, after = page.replace("@POLICY@", policy).split("@DATA@")
    return before + text + after


def _digest(content):
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode("ascii")


def _as_strings(labels):
    return ["" if label is None else str(label) for label in labels.tolist()]


def _escape_formulas(names):
    """Return names that a spreadsheet does not run as formulas."""
    return [
        "'" + name if name[:1] in tuple("=+-@\t\r'") and _parse_number(name) is None else name
        for name in names
    ]


def _parse_number(text):
    try:
        return float(text)
    except ValueError:
        return None


def _get_observed_labels(labels):
    """Return observed labels and their classes; of numbers, the numbers twice."""
    if not hasattr(labels, "fit"):
        observed = column_or_1d(as_array(labels, name="labels"))
        return observed, np.unique(observed)
    comparison = LabelComparison.from_estimator(labels)
    codes, classes = comparison.observed, comparison.classes
    if classes is None:
        return codes, codes
    observed = classes[codes]
    if np.any(codes < 0):
        observed = np.where(codes < 0, None, observed.astype(object))
    return observed, classes


def _read_records(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = _COLUMNS - set(reader.fieldnames or [])
        if missing:
            raise ValueError(
                f"{path} lacks the columns {sorted(missing)}: pass the CSV file that was "
                "downloaded from a review page."
            )
        records = list(reader)
    for line, record in enumerate(records, 2):
        if any(record[name] is None for name in _COLUMNS):
            raise ValueError(f"{path}, line {line}: the line has fewer fields than the first one.")
    return records


def _parse_row(text, n_samples, where):
    if not text.isdecimal() or int(text) >= n_samples:
        raise ValueError(
            f"{where}: the row is {text!r}; expected a number from 0 to {n_samples - 1}: pass the "
            "labels that the review page was written for."
        )
    return int(text)


def _parse_label(text, index, classes, where):
    if text in index:
        return classes[index[text]]
    if classes.dtype.kind == "f" and _parse_number(text) is not None:
        return _parse_number(text)
    raise ValueError(
        f"{where}: {text!r} is not a class; expected one of {classes.tolist()}. If the labels lack "
        "a class, pass the fitted estimator instead."
    )
