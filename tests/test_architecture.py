"""The rules of the house: imports point one way, files and functions stay small, `fit` is near."""

import ast
import collections
import graphlib
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import sklearn_slr
from sklearn_slr import SLRClassifier

ROOT = Path(sklearn_slr.__file__).parent
# Rooms in the order of imports: a file may import from its own level and from lower ones.
LEVELS = {
    "_version": 0,
    "utils": 0,
    "metrics": 1,
    "datasets": 1,
    "ordinal": 1,  # its functions; the estimator is above
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
    "audit": 6,
    "displays": 6,
}
ABOVE_THEIR_ROOM = {"ordinal/_regressor.py": 5, "soft_targets/_classifier.py": 5}
MAX_FRAMES = 10


def read_imports(path):
    """Yield the files of the same package that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = path.parents[node.level - 1]
        target = base.joinpath(*node.module.split(".")) if node.module else base
        files = [target / alias.name for alias in node.names] if target.is_dir() else [target]
        for file in files:
            if file.with_suffix(".py").exists():
                yield file.with_suffix(".py")
            elif (target / "__init__.py").exists():
                yield target / "__init__.py"


def import_graph(root):
    """Return the imports of each file; public packages' `__init__.py` only pass names on."""
    return {path: set(read_imports(path)) for path in sorted(root.rglob("*.py"))}


def level(path):
    name = path.relative_to(ROOT).as_posix()
    return ABOVE_THEIR_ROOM.get(name, LEVELS[name.removesuffix(".py").partition("/")[0]])


def test_imports_have_no_cycle_between_files():
    graphlib.TopologicalSorter(import_graph(ROOT)).prepare()


def test_a_cycle_is_found(tmp_path):
    (tmp_path / "__init__.py").touch()
    (tmp_path / "_a.py").write_text("from ._b import f\n")
    (tmp_path / "_b.py").write_text("def g():\n    from . import _a\n")
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(import_graph(tmp_path)).prepare()


def test_imports_point_one_way():
    for path, targets in import_graph(ROOT).items():
        if path.name != "__init__.py":
            for target in targets:
                assert level(target) <= level(path), f"{path} imports {target}"


@pytest.mark.parametrize("package", ["callbacks", "losses"])
def test_packages_for_nets_import_nothing_else_of_ours(package):
    for path in (ROOT / package).glob("*.py"):
        assert all(target.parent == path.parent for target in read_imports(path))


def docstring_lines(node):
    """Count the lines of all docstrings in a module."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    nodes = [each for each in ast.walk(node) if isinstance(each, documented)]
    docs = [ast.get_docstring(each, clean=False) for each in nodes]
    return sum(doc.count("\n") + 1 for doc in docs if doc)


def test_files_and_functions_stay_small():
    for path in ROOT.rglob("*.py"):
        text = path.read_text()
        tree = ast.parse(text)
        assert text.count("\n") - docstring_lines(tree) <= 400, path
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                size = node.end_lineno - node.lineno + 1
                doc = ast.get_docstring(node, clean=False)
                size -= doc.count("\n") + 1 if doc else 0
                assert size <= 50, f"{path}: {node.name} has {size} lines"


def test_folders_stay_small():
    modules = [path for path in ROOT.rglob("*.py") if path.name != "__init__.py"]
    count = collections.Counter(path.parent.relative_to(ROOT).as_posix() for path in modules)
    assert count.pop(".") <= 5
    assert count.pop("soft_targets/routes") <= 20
    assert max(count.values()) <= 16


def is_record(node):
    bases = {ast.unparse(base) for base in node.bases}
    decorators = " ".join(map(ast.unparse, node.decorator_list))
    return "dataclass" in decorators or bool(bases & {"NamedTuple", "TypedDict"})


def test_there_are_few_record_types():
    trees = [ast.parse(path.read_text()) for path in ROOT.rglob("*.py")]
    kinds = [n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    assert len([kind.name for kind in kinds if is_record(kind)]) <= 15


class FrameCounter(GaussianNB):
    """Counts the functions of this package between the caller and its own `fit`."""

    counts = []

    def fit(self, X, y, sample_weight=None):
        frame, n_frames = sys._getframe(1), 0
        while frame is not None:
            n_frames += Path(frame.f_code.co_filename).is_relative_to(ROOT)
            frame = frame.f_back
        self.counts.append(n_frames)
        return super().fit(X, y, sample_weight)


def test_the_fit_of_the_student_is_near():
    FrameCounter.counts.clear()
    X, y = np.arange(40.0)[:, None], np.arange(40) % 2
    SLRClassifier(FrameCounter(), n_rounds=2, cv=2, random_state=0).fit(X, y)
    assert len(FrameCounter.counts) == 5
    assert max(FrameCounter.counts) <= MAX_FRAMES, FrameCounter.counts
