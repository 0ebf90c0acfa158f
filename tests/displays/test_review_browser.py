"""The review page in a browser: sort, filter, accept, download, read back."""

import importlib.util
import shutil
import time

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import SLRClassifier
from sklearn_slr.datasets import make_noisy_labels
from sklearn_slr.displays import export_label_review, read_label_review

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER and importlib.util.find_spec("selenium")),
    reason="needs chromium, chromedriver and selenium",
)
# Seconds to wait for the download at most; a busy machine may need long.
TIMEOUT = 120

DIGITS = load_digits()
X, IMAGES = DIGITS.data[:200], DIGITS.images[:200]
NAMES = np.array(
    [
        "<img src=x onerror=\"document.title='owned'\">",
        "</script><script>document.title='owned'</script>",
        "=1+1",
        *"3456789",
    ]
)
GIVEN = NAMES[make_noisy_labels(DIGITS.target[:200], noise=0.2, random_state=0)]
TEXTS = [f"text {k} <b>&amp; \u2028 <script>document.title='owned'</script>" for k in range(200)]


@pytest.fixture(scope="module")
def slr():
    return SLRClassifier(GaussianNB(), n_rounds=1, random_state=0, refinement="average").fit(
        X, GIVEN
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("review")


@pytest.fixture(scope="module")
def driver(folder):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(folder)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield started
    started.quit()


@pytest.fixture
def page(driver, slr, folder):
    """Return the opened page, without marks."""
    path = export_label_review(slr, X, folder / "page.html", images=IMAGES, text=TEXTS)
    driver.get("about:blank")
    driver.get(path.as_uri())
    yield driver
    driver.execute_script("marks.clear()")


def find(page, selector):
    return page.find_elements("css selector", selector)


def column(page, title):
    """Return the texts in a column of the rows shown."""
    heads = [head.text.rstrip(" ▲▼") for head in find(page, "th")]
    return [
        cell.get_attribute("textContent")
        for cell in find(page, f"#body td:nth-child({heads.index(title) + 1})")
    ]


def click_header(page, title):
    [head] = [each for each in find(page, "th button") if each.text == title]
    head.click()


def choose(page, select, name):
    [option] = [
        each
        for each in find(page, f"#{select} option")
        if each.get_attribute("textContent") == name
    ]
    option.click()


def test_it_opens_with_the_most_suspicious_rows_and_no_errors(page, slr):
    rows = [int(text) for text in column(page, "Row")]
    assert rows == np.argsort(slr.label_quality_, kind="stable")[:50].tolist()
    assert column(page, "Text") == [" ".join(TEXTS[row].split()) for row in rows]
    assert column(page, "Observed") == [GIVEN[row] for row in rows]
    assert page.title == "Label review"
    loaded = page.execute_script(
        "return [...document.images].every((i) => i.complete && i.naturalWidth === 8)"
    )
    assert loaded
    assert page.get_log("browser") == []


def test_sorting_and_pages(page, slr):
    click_header(page, "Row")
    assert column(page, "Row") == [str(row) for row in range(50)]
    click_header(page, "Row")
    assert column(page, "Row")[0] == "199"
    find(page, "#next")[0].click()
    assert column(page, "Row")[0] == "149"
    assert find(page, "#page")[0].text.startswith("page 2 of 4: 200 of 200 rows")
    click_header(page, "Quality")
    quality = [float(text) for text in column(page, "Quality")]
    assert quality == sorted(quality)


def test_filters_and_search(page, slr):
    choose(page, "observed", "=1+1")
    assert set(column(page, "Observed")) == {"=1+1"}
    assert len(column(page, "Row")) == np.sum(GIVEN == "=1+1")
    find(page, "#differ")[0].click()
    proposed = slr.classes_[slr.refined_labels_.argmax(axis=1)]
    assert len(column(page, "Row")) == np.sum((GIVEN == "=1+1") & (proposed != GIVEN))
    find(page, "#differ")[0].click()
    choose(page, "observed", "all")
    find(page, "#search")[0].send_keys("TEXT 123 ")
    assert column(page, "Row") == ["123"]


def test_marks_are_downloaded_and_become_labels(page, slr, folder):
    proposed = slr.classes_[slr.refined_labels_.argmax(axis=1)]
    rows = [int(text) for text in column(page, "Row")][:3]
    find(page, "button.accept")[0].click()
    find(page, "button.reject")[1].click()
    find(page, "button.accept")[2].click()
    find(page, "button.accept")[2].click()  # removes the mark
    choose(page, "marks", "unmarked")
    assert not {str(row) for row in rows[:2]} & set(column(page, "Row"))
    choose(page, "marks", "all")
    choose(page, "proposed", "=1+1")
    expected = GIVEN.copy()
    expected[proposed == "=1+1"] = "=1+1"
    find(page, "#accept-all")[0].click()
    choose(page, "proposed", "all")
    expected[rows[0]] = proposed[rows[0]]
    if proposed[rows[1]] != "=1+1":
        assert "1 rejected" in find(page, "#count")[0].text
    path = folder / "label_review.csv"
    find(page, "#download")[0].click()
    end = time.monotonic() + TIMEOUT
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert "'=1+1" in path.read_text("utf-8")
    assert read_label_review(path, slr).tolist() == expected.tolist()
    assert page.get_log("browser") == []
