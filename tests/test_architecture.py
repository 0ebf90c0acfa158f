"""Rules of the package: imports point one way, files and functions stay small, `fit` is near."""

import ast
import collections
import functools
import graphlib
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import sklearn_slr
from sklearn_slr import SLRClassifier

ROOT = Path(sklearn_slr.__file__).parent
# A file imports from files of its own level and of lower levels, never from higher ones.
LEVELS = {
    "_version": 0,
    "utils": 0,
    "metrics": 1,
    "datasets": 1,
    "ordinal": 1,  # its functions
    "losses": 1,
    "callbacks": 1,
    "refinement": 2,
    "soft_targets": 2,
    "_nets": 2,
    "_running": 2,
    "_em": 3,
    "_base": 4,
    "_classifier": 5,
    "_regressor": 5,
    "_out_of_fold": 5,
    "baselines": 5,
    "ordinal/_regressor": 5,  # the estimator
    "displays": 6,
}
MAX_FRAMES = 10
MAX_FILE, MAX_FUNCTION = 400, 50  # lines without docstrings
MAX_MODULES = {".": 5, "soft_targets/routes": 20}  # other folders: 16
MAX_RECORDS = 15


@functools.cache
def parse(path):
    return ast.parse(path.read_text())


def find_file(module, name):
    """Return the file that `name` comes from when it is imported from a module or package."""
    if module.with_suffix(".py").is_file():
        return module.with_suffix(".py")
    if (module / f"{name}.py").is_file():
        return module / f"{name}.py"
    package = module / "__init__.py"
    if package.is_file() and not (module / name).is_dir():
        # A package only passes names on: find where this name is defined.
        for source, passed_on in read_from_imports(package):
            if passed_on == name:
                return find_file(source, name)
        return package
    return module / name / "__init__.py"


def read_from_imports(path):
    """Yield the relative imports of a file, inside functions too, as (module, name)."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1]
            module = base.joinpath(*node.module.split(".")) if node.module else base
            yield from ((module, alias.name) for alias in node.names)


def find_imports(path):
    """Return the files of the same package that a file imports."""
    found = {find_file(module, name) for module, name in read_from_imports(path)}
    calls = [ast.unparse(n) for n in ast.walk(parse(path)) if isinstance(n, ast.Call)]
    # The list of routes imports the modules of its folder by name.
    if any("import_module(" in call and "__package__" in call for call in calls):
        found |= {file for file in path.parent.glob("*.py") if file.name != "__init__.py"}
    return found - {path}


def find_cycle(root):
    """Return files that import each other in a circle, or an empty list."""
    graph = {path: find_imports(path) for path in sorted(root.rglob("*.py"))}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return [path.relative_to(root).as_posix() for path in error.args[1]]
    return []


def get_level(path, root):
    """Return the level of a file; a package is as high as the highest file that it imports."""
    if path.name == "__init__.py":
        return max((get_level(file, root) for file in find_imports(path)), default=0)
    name = path.relative_to(root).with_suffix("").as_posix()
    return LEVELS[name] if name in LEVELS else LEVELS[name.split("/")[0]]


def find_upward_imports(root):
    """Return "file imports file" for each import from a higher level."""
    return [
        f"{path.relative_to(root)} imports {file.relative_to(root)}"
        for path in sorted(root.rglob("*.py"))
        if path.name != "__init__.py"
        for file in find_imports(path)
        if get_level(file, root) > get_level(path, root)
    ]


def count_doc_lines(tree):
    """Count the lines of all docstrings in a tree."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = [ast.get_docstring(n, clean=False) for n in ast.walk(tree) if isinstance(n, kinds)]
    return sum(doc.count("\n") + 1 for doc in docs if doc)


def find_long_code(root):
    """Return the files and functions that are too long."""
    found = []
    for path in sorted(root.rglob("*.py")):
        n_lines = len(path.read_text().splitlines()) - count_doc_lines(parse(path))
        if n_lines > MAX_FILE:
            found.append(f"{path.relative_to(root)}: {n_lines} lines")
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef):
                n_lines = node.end_lineno - node.lineno + 1 - count_doc_lines(node)
                if n_lines > MAX_FUNCTION:
                    found.append(f"{path.relative_to(root)}: {node.name}, {n_lines} lines")
    return found


def find_full_folders(root):
    """Return the folders that have too many modules."""
    modules = [path for path in root.rglob("*.py") if path.name != "__init__.py"]
    counts = collections.Counter(path.parent.relative_to(root).as_posix() for path in modules)
    return {name: n for name, n in counts.items() if n > MAX_MODULES.get(name, 16)}


def find_records(root):
    """Return the names of dataclasses, named tuples and typed dictionaries."""
    found = []
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.ClassDef):
                parents = {ast.unparse(base).split(".")[-1] for base in node.bases}
                decorators = " ".join(map(ast.unparse, node.decorator_list))
                if "dataclass" in decorators or parents & {"NamedTuple", "TypedDict"}:
                    found.append(node.name)
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("namedtuple"):
                found.append(ast.unparse(node.args[0]))
    return found


def test_no_files_import_each_other():
    assert find_cycle(ROOT) == []


def test_imports_point_one_way():
    assert find_upward_imports(ROOT) == []


def test_imports_within_the_package_are_relative():
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.ImportFrom):
                assert node.level or not node.module.startswith("sklearn_slr"), path
            elif isinstance(node, ast.Import):
                assert not any(each.name.startswith("sklearn_slr") for each in node.names), path


@pytest.mark.parametrize("package", ["callbacks", "losses"])
def test_losses_and_callbacks_import_nothing_else_of_ours(package):
    for path in (ROOT / package).glob("*.py"):
        assert {file.parent for file in find_imports(path)} <= {path.parent}, path


def test_files_and_functions_are_short():
    assert find_long_code(ROOT) == []


def test_folders_are_small():
    assert find_full_folders(ROOT) == {}


def test_record_types_are_few():
    assert len(find_records(ROOT)) <= MAX_RECORDS, find_records(ROOT)


def write_package(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for folder in path.relative_to(root).parents:
            (root / folder / "__init__.py").touch()
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    "files",
    [
        {"_a.py": "from ._b import f\n", "_b.py": "from . import _a\n"},
        {"_a.py": "from . import _b\n", "_b.py": "def g():\n    from ._a import f\n"},
        {"x/_a.py": "from .y._b import f\n", "x/y/_b.py": "from .._a import g\n"},
        # through the package, which passes the name on
        {"x/__init__.py": "from ._a import f\n", "x/_a.py": "from ..y import _b\n"}
        | {"y/_b.py": "from ..x import f\n"},
        # the package itself
        {"x/__init__.py": "from ._a import f\n", "x/_a.py": "from .. import x\n"},
        # by name
        {"_a.py": "from .x._list import f\n", "x/_r.py": "def g():\n    from .._a import f\n"}
        | {"x/_list.py": "m = importlib.import_module('._r', __package__)\n"},
    ],
)
def test_a_cycle_is_found(tmp_path, files):
    assert len(find_cycle(write_package(tmp_path, files))) > 2


def test_a_package_that_passes_names_on_makes_no_cycle(tmp_path):
    files = {"x/__init__.py": "from ._a import f\nfrom ._c import h\n", "x/_a.py": "f = 1\n"}
    files |= {"x/_c.py": "from ..y._b import g\n", "y/_b.py": "from ..x import f\n"}
    assert find_cycle(write_package(tmp_path, files)) == []


@pytest.mark.parametrize(
    "files",
    [
        {"utils/_a.py": "def f():\n    from ..metrics._b import g\n", "metrics/_b.py": ""},
        {"_em/_a.py": "from .._base import B\n", "_base.py": ""},
        {"soft_targets/_a.py": "from .. import displays\n"}
        | {"displays/__init__.py": "from ._d import D\n", "displays/_d.py": ""},
        {"_nets/_a.py": "from ..ordinal import T\n"}
        | {"ordinal/__init__.py": "from ._regressor import T\n", "ordinal/_regressor.py": ""},
    ],
)
def test_an_import_from_above_is_found(tmp_path, files):
    assert len(find_upward_imports(write_package(tmp_path, files))) == 1


def test_imports_from_below_and_beside_are_allowed(tmp_path):
    files = {"soft_targets/_a.py": "from .._nets._b import f\nfrom ..ordinal import g\n"}
    files |= {"_nets/_b.py": "from ..utils import _c\n", "utils/_c.py": "", "ordinal/_g.py": ""}
    files |= {"ordinal/__init__.py": "from ._g import g\nfrom ._regressor import T\n"}
    files |= {"ordinal/_regressor.py": "from .._out_of_fold import o\n", "_out_of_fold.py": ""}
    assert find_upward_imports(write_package(tmp_path, files)) == []


def test_what_is_too_large_is_found(tmp_path):
    doc = '    """' + "\n" * 60 + '    """\n'
    short = f"def short():\n{doc}" + "    x = 1\n" * 49
    long = f"def long():\n{doc}" + "    x = 1\n" * 50
    files = {"_a.py": short + long, "_b.py": "x = 1\n" * 401, "_c.py": "x = 1\n" * 400}
    files |= {f"x/_{k}.py": "" for k in range(17)}
    files |= {"_d.py": "", "_e.py": "", "_f.py": "@dataclass(frozen=True)\nclass R:\n    x: int\n"}
    files["x/_0.py"] = "class S(typing.NamedTuple):\n    x: int\n"
    root = write_package(tmp_path, files)
    assert find_long_code(root) == ["_a.py: long, 51 lines", "_b.py: 401 lines"]
    assert find_full_folders(root) == {".": 6, "x": 17}
    assert find_records(root) == ["R", "S"]


class FrameCounter(GaussianNB):
    """Counts the functions of this package that are running when its `fit` is called."""

    counts = []

    def fit(self, X, y, sample_weight=None):
        frame, n_frames = sys._getframe(1), 0
        while frame is not None:
            n_frames += Path(frame.f_code.co_filename).is_relative_to(ROOT)
            frame = frame.f_back
        self.counts.append(n_frames)
        return super().fit(X, y, sample_weight)


def test_few_functions_are_between_our_fit_and_the_fit_of_the_student():
    FrameCounter.counts.clear()
    X, y = np.arange(40.0)[:, None], np.arange(40) % 2
    SLRClassifier(FrameCounter(), n_rounds=2, cv=2, random_state=0, refinement="average").fit(X, y)
    assert len(FrameCounter.counts) == 5  # two rounds of two folds, and the final fit
    assert max(FrameCounter.counts) <= MAX_FRAMES, FrameCounter.counts
