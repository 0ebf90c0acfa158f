"""Public names: where they are, their types, their defaults, and what importing them costs."""

import ast
import contextlib
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sklearn_slr
from sklearn_slr import SLRRegressor

ROOT = Path(sklearn_slr.__file__).parent
PUBLIC = [
    "",
    ".baselines",
    ".callbacks",
    ".datasets",
    ".displays",
    ".losses",
    ".metrics",
    ".ordinal",
    ".refinement",
    ".soft_targets",
]
# No signature that `help` prints is longer.
MAX_SIGNATURE = 610


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_sorted_exist_and_live_in_one_place(name):
    if name in (".callbacks", ".losses"):
        pytest.importorskip("skorch")
    module = importlib.import_module("sklearn_slr" + name)
    assert module.__all__ == sorted(module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)
    assert all(hasattr(module, public) for public in module.__all__)


def test_the_api_page_has_every_public_name_once_and_no_other():
    pytest.importorskip("skorch")  # callbacks and losses have no names without it
    page = (ROOT.parent / "docs" / "api.rst").read_text()
    module, listed = "", []
    for line in page.splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.split()[-1]
        elif line.startswith("   ") and not line.strip().startswith(":"):
            listed.append(f"{module}.{line.strip()}")
    assert len(set(listed)) == len(listed)
    names = {
        f"sklearn_slr{package}.{name}"
        for package in PUBLIC
        for name in importlib.import_module("sklearn_slr" + package).__all__
    }
    # Scorers are objects without a page; these two estimators are listed at the top level.
    elsewhere = {
        "sklearn_slr.__version__",
        "sklearn_slr.metrics.quadratic_weighted_kappa_scorer",
        "sklearn_slr.ordinal.ThresholdedRegressor",
        "sklearn_slr.soft_targets.SoftTargetClassifier",
    }
    assert set(listed) == names - elsewhere
    assert "quadratic_weighted_kappa_scorer" in page


def public_callables():
    """Yield the name and the function of everything public that is called."""
    for package in PUBLIC:
        module = importlib.import_module("sklearn_slr" + package)
        for name in module.__all__:
            found = getattr(module, name)
            if inspect.isfunction(found):
                yield name, found
            elif inspect.isclass(found):
                yield from ((f"{name}.{part}", method) for part, method in own_methods(found))


def own_methods(kind):
    """Yield `__init__` and the public methods that a class has from this package."""
    for name in dir(kind):
        owner = next(each for each in kind.__mro__ if name in vars(each))
        method = getattr(kind, name)
        ours = owner.__module__.startswith("sklearn_slr")
        if ours and (name == "__init__" or not name.startswith("_")):
            method = getattr(method, "__func__", method)
            # `set_fit_request` and the like are written by scikit-learn.
            if inspect.isfunction(method) and method.__module__.startswith("sklearn_slr"):
                yield name, method


def test_what_is_public_has_types_throughout():
    pytest.importorskip("skorch")
    checked = dict(public_callables())
    assert {"SLRClassifier.fit", "SLRClassifier.decision_function", "fit_thresholds"} <= {*checked}
    for name, function in checked.items():
        signature = inspect.signature(function)
        bare = [
            each.name
            for each in signature.parameters.values()
            if each.annotation is each.empty and each.name not in ("self", "cls")
        ]
        assert not bare, f"{name} has no types of {bare}"
        assert signature.return_annotation is not signature.empty, f"{name} has no return type"


def test_signatures_are_readable():
    pytest.importorskip("skorch")
    # With `from __future__ import annotations` types are printed as they are written.
    printed = {name: str(inspect.signature(function)) for name, function in public_callables()}
    assert {name for name, text in printed.items() if len(text) > MAX_SIGNATURE} == set()
    expanded = re.compile("numpy._typing|SupportsArray")
    assert {name for name, text in printed.items() if expanded.search(text)} == set()


def test_html_links_to_no_page_that_is_not_there():
    """Our pages have no address yet; scikit-learn's estimators within have theirs."""
    for package in ["", ".baselines", ".refinement"]:
        module = importlib.import_module("sklearn_slr" + package)
        for kind in filter(inspect.isclass, [getattr(module, name) for name in module.__all__]):
            links = re.findall(r'href="([^"]+)', kind()._repr_html_())
            assert all("/generated/sklearn." in link for link in links), (kind, links)
    assert re.search(r'href="[^"]+sklearn.linear_model.Ridge.html', SLRRegressor()._repr_html_())


def test_every_public_name_is_used_with_types():
    pytest.importorskip("skorch")
    tree = ast.parse((Path(__file__).parent / "test_types.py").read_text())
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names = {
        name
        for package in PUBLIC
        for name in importlib.import_module("sklearn_slr" + package).__all__
    }
    assert names - {"__version__"} <= used


def test_names_of_the_contract():
    from sklearn_slr import SLRClassifier, SLRRegressor

    shared = {
        "estimator": None,
        "n_rounds": None,
        "refinement": "average",
        "cv": None,
        "n_repeats": 1,
        "teachers": None,
        "augmentations": None,
        "final": None,
        "n_jobs": None,
        "random_state": None,
        "verbose": 0,
        "checkpoint": None,
        "select_round": "last",
        "stack_folds": True,
    }
    assert SLRClassifier(refinement="average").get_params() == shared
    assert SLRRegressor(refinement="average").get_params() == {**shared, "thresholds": None}
    assert SLRRegressor().refinement == "robust"
    for kind in (SLRClassifier, SLRRegressor):
        assert list(inspect.signature(kind.fit).parameters) == [
            "self", "X", "y", "sample_weight", "groups", "X_val", "y_val", "fit_params",
        ]  # fmt: skip


def documented_defaults(module):
    """Yield what docstrings of a module say of defaults, and the parameters themselves."""
    for kind in vars(module).values():
        if not callable(kind) or getattr(kind, "__module__", "") != module.__name__:
            continue
        methods = [m for m in vars(kind).values() if inspect.isfunction(m)]
        for each in [kind, *(methods if inspect.isclass(kind) else [])]:
            section = (inspect.getdoc(each) or "").partition("Parameters\n---")[2]
            section = re.split(r"\n\w[\w ]*\n---", section.replace("\\\n", ""))[0]
            for name, default in re.findall(r"(?m)^(\w+) : .*default=(.+)$", section):
                with contextlib.suppress(ValueError):  # an object, by its name
                    yield ast.literal_eval(default), inspect.signature(each).parameters[name]


@pytest.mark.parametrize("package", PUBLIC)
def test_defaults_are_what_the_docstrings_say(package):
    if package in (".callbacks", ".losses"):
        pytest.importorskip("skorch")
    top = importlib.import_module("sklearn_slr" + package)
    names = [f"{top.__name__}.{each.name}" for each in pkgutil.iter_modules(top.__path__)]
    found = [pair for m in map(importlib.import_module, names) for pair in documented_defaults(m)]
    assert found
    for default, parameter in found:
        assert parameter.default == default, parameter


def test_import_loads_neither_torch_nor_matplotlib():
    code = (
        "import sys, sklearn_slr\n"
        "loaded = {'torch', 'skorch', 'matplotlib'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_subpackages_are_there_without_being_imported_by_hand():
    code = "import sklearn_slr; print(sklearn_slr.metrics.quadratic_weighted_kappa([0, 1], [0, 1]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1.0\n"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sklearn_slr.nothing  # noqa: B018
