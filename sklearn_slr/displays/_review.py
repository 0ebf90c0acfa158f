"""A page to look through suspicious labels and mark them; its marks, read back into labels."""

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
from ._contents import find_contents
from ._judged import judge_estimator
from ._label_issues import top_classes
from ._thumbnails import encode_png, take_thumbnails

# Longest sides that thumbnails may have, and what all of them may take in the file, in bytes.
_SIDES, _THUMBNAIL_BYTES = (64, 48, 40, 32, 28, 24, 20, 16), 12_000_000
_CHARACTERS, _BARS = 400, 5
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

    One HTML file, which loads nothing from elsewhere: a table of rows, the most suspicious first,
    to be sorted, searched and filtered; with their pictures, texts or values, the observed and the
    proposed label, and bars of the refined distribution. Its marks download as CSV, and
    `read_label_review` makes labels of them.

    Parameters
    ----------
    est : estimator
        Fitted SLRClassifier or SLRRegressor, or Pipeline ending in one.
    X : indexable of length n_samples or None
        Inputs. The values of up to 12 columns are shown, if it has such, where there are neither
        images nor texts (a DataFrame's: always); of a list of strings the texts.
    path : path-like
        Where the file goes. It is overwritten.
    y : array-like of shape (n_samples,), default=None
        Observed labels. None, or those given to `fit`: the rows of training, judged out of fold.
        Others: rows that the estimator was not trained on, judged by its predictions.
    images : sequence of length n_samples, default=None
        Images (height, width), also with 1, 3 or 4 channels: arrays, PIL images, or paths.
    text : sequence of str of length n_samples, default=None
        Texts. The first 400 characters are shown.
    limit : int or None, default=1000
        Number of rows, the most suspicious. None: all.
    thumbnail_size : int, default=None
        Longest side of the pictures in pixels. None: at most 64, and small enough that all
        pictures take about 12 MB at the most.

    Returns
    -------
    Path
        Where the file is.

    Raises
    ------
    TypeError
        If the estimator refines no labels.
    ValueError
        If lengths differ, images are none, or two classes have the same name.

    See Also
    --------
    read_label_review : Read the marks back into labels.
    LabelIssuesDisplay : A picture of the most suspicious rows.

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
            raise ValueError(f"{name} is {value}; 1 or more is wanted, or None.")
    judged = judge_estimator(est, X, y)
    contents = find_contents(X, len(judged.observed), images=images, text=text)
    rows = judged.most_suspicious(limit)
    path = Path(path)
    path.write_text(_fill_page(_describe(judged, contents, rows, thumbnail_size)), "ascii")
    return path


def read_label_review(path: FilePath, labels: Estimator | ArrayLike) -> NDArray[Any]:
    """Read the marks that were downloaded from a review page back into labels.

    Parameters
    ----------
    path : path-like
        The CSV file, with the columns row, mark, observed, proposed. A mark is "accept", "reject"
        or empty. Further columns do not count.
    labels : estimator or array-like of shape (n_samples,)
        The fitted estimator whose rows of training were reviewed; or the observed labels that
        were, such as the `y` given to `export_label_review`. It is not changed.

    Returns
    -------
    ndarray of shape (n_samples,)
        The observed labels, with the proposed one where it was accepted. None where nobody
        answered and nothing was accepted.

    Raises
    ------
    ValueError
        If the file is no review, or one of other labels.

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
    observed, classes = _observed_labels(labels)
    index = {name: code for code, name in enumerate(_csv_names(_names(classes)))}
    names = _csv_names(_names(observed))
    reviewed, seen = observed.copy(), set()
    for line, record in enumerate(_read_records(path), 2):
        where = f"{path}, line {line}"
        row = _read_row(record["row"], len(observed), where)
        if row in seen:
            raise ValueError(f"{where}: row {row} is marked twice; keep one of its marks.")
        seen.add(row)
        if record["mark"] not in _MARKS:
            raise ValueError(
                f"{where}: the mark is {record['mark']!r}; accept, reject or nothing is wanted."
            )
        if record["observed"] != names[row] and _number(record["observed"]) != observed[row]:
            raise ValueError(
                f"{where}: row {row} was reviewed as {record['observed']!r}, but its label is "
                f"{names[row]!r}: pass the labels that the review page was made of."
            )
        if record["mark"] == "accept":
            reviewed[row] = _proposed_label(record["proposed"], index, classes, where)
    return reviewed


def _describe(judged, contents, rows, thumbnail_size):
    """Return what the page shows, ready for JSON."""
    numeric = judged.classes is None
    observed, proposed = judged.observed[rows], judged.proposed[rows]
    classes = judged.classes
    if numeric:
        classes, codes = np.unique(np.concatenate([observed, proposed]), return_inverse=True)
        observed, proposed = np.split(codes, 2)
    names = _names(classes)
    pictures = [""] * len(rows)
    if contents.images is not None:
        size = thumbnail_size or _choose_size(contents.images, rows)
        pictures = [_embed(p) for p in take_thumbnails(contents.images, rows, size)]
    records = []
    for k, row in enumerate(rows.tolist()):
        bars = []
        if not numeric:
            shares = judged.refined[row]
            codes = top_classes(shares, judged.observed[row], _BARS).tolist()
            bars = [item for code in codes for item in (code, round(1000 * shares[code]))]
        records.append(
            [
                row,
                int(observed[k]),
                int(proposed[k]),
                round(float(judged.quality[row]), 6),
                bars,
                pictures[k],
                contents.snippet(row, _CHARACTERS) if contents.text is not None else "",
                contents.values(row),
            ]
        )
    return {
        "names": names,
        "csv": _csv_names(names),
        "columns": contents.columns,
        "numeric": numeric,
        "total": len(judged.observed),
        "rows": records,
    }


def _choose_size(images, rows):
    """Return the largest side at which the thumbnails of some rows tell that all are small."""
    sample = rows[:: max(1, len(rows) // 32)]
    for size in _SIDES:
        lengths = [len(_embed(picture)) for picture in take_thumbnails(images, sample, size)]
        if np.mean(lengths) * len(rows) <= _THUMBNAIL_BYTES:
            return size
    return _SIDES[-1]


def _embed(pixels):
    return base64.b64encode(encode_png(pixels)).decode("ascii")


def _fill_page(data):
    """Return the page with its data, and a policy under which nothing but its own script runs."""
    page = resources.files(__package__).joinpath("review.html").read_text("utf-8")
    policy = "; ".join(
        f"{tag}-src 'sha256-{_digest(content)}'"
        for tag, content in re.findall(r"<(style|script)>(.*?)</\1>", page, flags=re.DOTALL)
    )
    # ASCII throughout, and no character that could end the script or begin a comment or entity.
    written = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        written = written.replace(character, f"\\u{ord(character):04x}")
    before, after = page.replace("@POLICY@", policy).split("@DATA@")
    return before + written + after


def _digest(content):
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode("ascii")


def _names(labels):
    return ["" if label is None else str(label) for label in labels.tolist()]


def _csv_names(names):
    """Return names as a spreadsheet may show them: none of them is run as a formula."""
    return [
        "'" + name if name[:1] in tuple("=+-@\t\r'") and _number(name) is None else name
        for name in names
    ]


def _number(text):
    try:
        return float(text)
    except ValueError:
        return None


def _observed_labels(labels):
    """Return observed labels and the classes; no classes where they are plain numbers."""
    if not hasattr(labels, "fit"):
        observed = column_or_1d(as_array(labels, name="labels"))
        return observed, np.unique(observed)
    judged = judge_estimator(labels)
    if judged.classes is None:
        return judged.observed, judged.observed
    observed = judged.classes[judged.observed]
    if np.any(judged.observed < 0):
        observed = np.where(judged.observed < 0, None, observed.astype(object))
    return observed, judged.classes


def _read_records(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = {"row", "mark", "observed", "proposed"} - set(reader.fieldnames or [])
        if missing:
            raise ValueError(
                f"{path} lacks the columns {sorted(missing)}: the CSV file that a review page "
                "downloads is wanted."
            )
        records = list(reader)
    for line, record in enumerate(records, 2):
        if any(record[name] is None for name in ("row", "mark", "observed", "proposed")):
            raise ValueError(f"{path}, line {line}: it has fewer fields than the first line.")
    return records


def _read_row(text, n_samples, where):
    if not text.isdecimal() or int(text) >= n_samples:
        raise ValueError(
            f"{where}: the row is {text!r}; a number from 0 to {n_samples - 1} is wanted: pass "
            "the labels that the review page was made of."
        )
    return int(text)


def _proposed_label(text, index, classes, where):
    if text in index:
        return classes[index[text]]
    if classes.dtype.kind == "f" and _number(text) is not None:
        return _number(text)
    raise ValueError(
        f"{where}: {text!r} is no class; known are {classes.tolist()}. Where labels lack a class, "
        "pass the fitted estimator instead."
    )
