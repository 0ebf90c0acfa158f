"""The data and structure of the review page, and marks converted to labels."""

import base64
import csv
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.datasets import make_noisy_labels
from sklearn_slr.displays import export_label_review, read_label_review

DIGITS = load_digits()
X, IMAGES = DIGITS.data[:150], DIGITS.images[:150]
GIVEN = make_noisy_labels(DIGITS.target[:150], noise=0.2, random_state=0)
HOSTILE = np.array(
    [
        "</script><script>document.title='owned'</script>",
        "<img src=x onerror=alert(1)>",
        "=HYPERLINK(\"http://x\",\"a\")",
        'a "quoted", name\nof two lines',
        "'already quoted",
        "\u2028\u2029 & &amp; <!--",
        "-1",
        "naïve ☃",
        "{{x}} ${y} @DATA@ @POLICY@",
        "",
    ]
)  # fmt: skip
SLR = SLRClassifier(GaussianNB(), n_rounds=1, refinement="posterior", random_state=0)
SLR.fit(X, HOSTILE[GIVEN])


class Reader(HTMLParser):
    """Collects the tags of a page, and the contents of scripts and styles."""

    def __init__(self):
        super().__init__()
        self.tags, self.contents = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] in ("script", "style") and data.strip():
            self.contents.append(data)


def read_page(path):
    """Return the tags, style and script, and the data of a page."""
    reader = Reader()
    reader.feed(path.read_text("ascii"))
    style, data, script = (text for text in reader.contents if len(text) > 50)
    return reader.tags, style, script, json.loads(data)


def write_marks(path, records):
    """Write a CSV file as the page does."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["row", "mark", "observed", "proposed"], *records])
    return path


def test_rows_are_the_most_suspicious_with_labels_bars_and_quality(tmp_path):
    path = export_label_review(SLR, X, tmp_path / "page.html", limit=20, images=IMAGES)
    *_, data = read_page(path)
    assert data["total"] == 150
    assert data["columns"] == []
    expected = np.argsort(SLR.label_quality_, kind="stable")[:20]
    assert [row[0] for row in data["rows"]] == expected.tolist()
    for row, observed, proposed, quality, bars, image, text, values in data["rows"]:
        assert data["names"][observed] == HOSTILE[GIVEN[row]]
        assert proposed == SLR.refined_labels_[row].argmax() == bars[0]
        assert observed in bars[::2]
        assert bars[1::2] == [round(1000 * SLR.refined_labels_[row, code]) for code in bars[::2]]
        assert abs(quality - SLR.label_quality_[row]) < 1e-6
        assert base64.b64decode(image).startswith(b"\x89PNG")
        assert text == ""
        assert values == []


def test_hostile_names_texts_and_columns_are_only_data(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(dict.fromkeys(HOSTILE[:5], HOSTILE[GIVEN]))
    texts = HOSTILE[GIVEN].tolist()
    model = SLRClassifier(GaussianNB(), n_rounds=1, random_state=0, refinement="average").fit(
        X, HOSTILE[GIVEN]
    )
    path = export_label_review(model, frame, tmp_path / "page.html", text=texts)
    tags, _, _, data = read_page(path)
    assert [tag for tag, _ in tags].count("script") == 2
    assert "img" not in [tag for tag, _ in tags]
    assert sorted(data["names"]) == sorted(HOSTILE)
    assert data["columns"] == HOSTILE[:5].tolist()
    row = data["rows"][0]
    assert row[7] == [HOSTILE[GIVEN[row[0]]]] * 5
    assert row[6] == " ".join(HOSTILE[GIVEN[row[0]]].split())
    content = path.read_text("ascii")
    assert content.count("</script") == 2
    assert content.count("<!--") == 0


def test_the_page_loads_nothing_and_runs_only_its_own_script(tmp_path):
    path = export_label_review(SLR, X, tmp_path / "page.html")
    tags, style, script, _ = read_page(path)
    [policy] = [dict(a)["content"] for t, a in tags if dict(a).get("http-equiv")]
    for kind, content in (("style", style), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert not [a for _, a in tags if {"src", "href"} & set(a)]
    assert not re.search(r"https?://|@import|innerHTML|eval\(", style + script)


def test_the_page_is_deterministic_and_limit_none_shows_all_rows(tmp_path):
    one = export_label_review(SLR, X, tmp_path / "one.html", limit=None).read_bytes()
    two = export_label_review(SLR, X, str(tmp_path / "two.html"), limit=150).read_bytes()
    assert one == two


def test_many_images_are_scaled_down_until_they_fit(tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (150, 64, 64, 3)).astype(np.uint8)
    export_label_review(SLR, X, tmp_path / "large.html", images=images, thumbnail_size=64)
    monkeypatch.setattr("sklearn_slr.displays._review._MAX_THUMBNAIL_BYTES", 300_000)
    path = export_label_review(SLR, X, tmp_path / "small.html", images=images)
    encoded = [row[5] for row in read_page(path)[3]["rows"]]
    assert sum(map(len, encoded)) < 330_000
    assert path.stat().st_size < (tmp_path / "large.html").stat().st_size / 4


def test_new_rows_are_reviewed_with_predictions(tmp_path):
    other, y = DIGITS.data[150:180], HOSTILE[DIGITS.target[150:180]]
    path = export_label_review(SLR, other, tmp_path / "page.html", y=y)
    *_, data = read_page(path)
    assert data["total"] == 30
    proposed = {row[0]: data["names"][row[2]] for row in data["rows"]}
    assert [proposed[row] for row in range(30)] == SLR.predict(other).tolist()


def test_accepted_proposals_become_labels(tmp_path):
    *_, data = read_page(export_label_review(SLR, X, tmp_path / "page.html", limit=40))
    marks = ["accept", "reject", ""] * 13
    records = [
        [row[0], mark, data["csv"][row[1]], data["csv"][row[2]]]
        for row, mark in zip(data["rows"], marks, strict=False)
    ]
    path = write_marks(tmp_path / "marks.csv", records)
    expected = HOSTILE[GIVEN]
    for row in data["rows"][:39:3]:
        expected[row[0]] = data["names"][row[2]]
    assert np.any(expected != HOSTILE[GIVEN])
    for labels in (SLR, HOSTILE[GIVEN], HOSTILE[GIVEN].tolist()):
        assert_array_equal(read_label_review(path, labels), expected)
    assert_array_equal(SLR.classes_[SLR.observed_labels_], HOSTILE[GIVEN])


def test_names_are_not_formulas_in_a_spreadsheet(tmp_path):
    *_, data = read_page(export_label_review(SLR, X, tmp_path / "page.html"))
    written = dict(zip(data["names"], data["csv"], strict=True))
    assert written['=HYPERLINK("http://x","a")'] == '\'=HYPERLINK("http://x","a")'
    assert written["'already quoted"] == "''already quoted"
    assert written["-1"] == "-1"
    assert len(set(data["csv"])) == len(HOSTILE)


@pytest.mark.parametrize("thresholds", [None, "kappa"])
def test_numbers_and_grades_are_reviewed(tmp_path, thresholds):
    D, y = load_diabetes(return_X_y=True)
    y = y if thresholds is None else np.digitize(y, [100, 200])
    model = SLRRegressor(n_rounds=4, thresholds=thresholds, random_state=0).fit(D, y)
    *_, data = read_page(export_label_review(model, D, tmp_path / "page.html", limit=9))
    assert data["numeric"] == (thresholds is None)
    assert data["columns"] == [f"x{k}" for k in range(10)]
    row, observed, proposed = data["rows"][0][:3]
    record = [row, "accept", data["csv"][observed], data["csv"][proposed]]
    path = write_marks(tmp_path / "marks.csv", [record])
    expected = y.astype(float)
    expected[row] = model.refined_labels_[row]
    if thresholds:
        expected[row] = np.rint(expected[row])
    for labels in (model, y):
        assert_array_equal(read_label_review(path, labels), expected)


def test_rows_without_an_answer_have_no_label_until_one_is_accepted(tmp_path):
    answers = np.column_stack([GIVEN, GIVEN])
    answers[[3, 4]] = -1
    model = SLRClassifier(GaussianNB(), refinement="annotators", n_rounds=1, random_state=0)
    model.fit(X, answers)
    *_, data = read_page(export_label_review(model, X, tmp_path / "page.html"))
    [proposed] = [row[2] for row in data["rows"] if row[0] == 3]
    path = write_marks(tmp_path / "marks.csv", [[3, "accept", "", proposed]])
    labels = read_label_review(path, model)
    assert labels[3] == model.classes_[proposed]
    assert labels[4] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("row,mark\n1,accept\n", r"lacks the columns \['observed', 'proposed'\]"),
        ("", "lacks the columns"),
        ("row,mark,observed,proposed\n1,accept\n", "line 2: the line has fewer fields"),
        ("row,mark,observed,proposed\n9,accept,a,b\n", "'9'; expected a number from 0 to 2"),
        ("row,mark,observed,proposed\n-1,accept,a,b\n", "the row is '-1'"),
        ("row,mark,observed,proposed\n1,yes,b,a\n", "the mark is 'yes'; expected accept, reject"),
        ("row,mark,observed,proposed\n1,accept,a,b\n", "was reviewed as 'a', but its label is 'b'"),
        ("row,mark,observed,proposed\n1,accept,b,zebra\n", "'zebra' is not a class"),
        ("row,mark,observed,proposed\n1,accept,b,a\n1,reject,b,a\n", "row 1 is marked twice"),
    ],
)
def test_other_files_are_refused(tmp_path, text, message):
    path = tmp_path / "marks.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_label_review(path, ["a", "b", "a"])


def test_a_failed_export_writes_no_file(tmp_path):
    path = tmp_path / "page.html"
    with pytest.raises(TypeError, match="Ridge has no refined_labels_"):
        export_label_review(Ridge().fit(X, GIVEN), X, path)
    with pytest.raises(ValueError, match="limit is 0; expected at least 1"):
        export_label_review(SLR, X, path, limit=0)
    with pytest.raises(ValueError, match="images has 150 rows, but there are 3 labels"):
        export_label_review(SLR, X[:3], path, y=HOSTILE[:3], images=IMAGES)
    assert not path.exists()
