"""Private attributes of other libraries: if a new version changes one, these tests say which.

The private functions that we import are tested in `tests/utils/test_sklearn.py`.
"""

import ast
import contextlib
import functools
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.ensemble._hist_gradient_boosting import gradient_boosting
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import (
    BernoulliNB,
    CategoricalNB,
    ComplementNB,
    GaussianNB,
    MultinomialNB,
)
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier

import sklearn_slr
from sklearn_slr.soft_targets.routes._hist_gradient_boosting import _SoftLoss
from sklearn_slr.utils import _sklearn

ROOT = Path(sklearn_slr.__file__).parent

# What each class, or a fitted instance of it, must have.
COUNTS = """_validate_params _check_X_y _init_counters _count _check_alpha _update_feature_log_prob
_update_class_log_prior"""
PRIVATES = {
    BaseEstimator: "_validate_params",
    BernoulliNB: COUNTS,
    CategoricalNB: COUNTS,
    ComplementNB: COUNTS,
    DecisionTreeClassifier: "_validate_params",
    ExtraTreeClassifier: "_validate_params",
    ExtraTreesClassifier: "_validate_params",
    GaussianNB: "_validate_params",
    HistGradientBoostingClassifier: "_encode_y _get_loss _loss",
    LinearDiscriminantAnalysis: "_validate_params _max_components _n_features_out",
    LogisticRegression: "_validate_params _parameter_constraints",
    MLPClassifier: "_validate_input _label_binarizer",
    MultinomialNB: COUNTS,
    OneVsRestClassifier: "_validate_params",
    Pipeline: "_sk_visual_block_",
    QuadraticDiscriminantAnalysis: "_validate_params",
    RandomForestClassifier: "_validate_params",
    StackingClassifier: """_validate_params _validate_estimators _label_encoder
    _concatenate_predictions""",
    VotingClassifier: "_validate_params _validate_estimators",
    _sklearn.CallbackSupportMixin: "_init_callback_context",
    _sklearn._BaseComposition: "_get_params _set_params _validate_names",
}
PRIVATES = {kind: set(names.split()) for kind, names in PRIVATES.items()}
HAS_CALLBACKS = _sklearn.CallbackSupportMixin.__module__.startswith("sklearn.")
if not HAS_CALLBACKS:  # scikit-learn before 1.9
    PRIVATES[_sklearn.CallbackSupportMixin].clear()

# The same for other libraries, by the place of the class.
OF_OTHER_LIBRARIES = {
    "lightgbm.LGBMModel": "_objective _Booster",
    "os": "_exit",
    "sklearn.metrics._scorer._BaseScorer": "_score_func _kwargs _response_method",
    "skorch.NeuralNet": "_modules _optimizers",
    "torch._dynamo.OptimizedModule": "_orig_mod",
    "torch.Tensor": "_backward_hooks",
    "torch.nn.Module": "_buffers _forward_hooks _forward_hooks_always_called _forward_pre_hooks",
    "torch.nn.MultiheadAttention": "_qkv_same_embed_dim _reset_parameters",
    "typing.NamedTuple": "_fields",
}
# Our own, which we read on objects other than `self`.
OURS = {"_isolates_nets", "_slr_is_indexed"}

ACCESSORS = ("delattr", "getattr", "hasattr", "setattr")
OWN_OBJECTS = ("self", "cls", "super()")


def fit_one(kind):
    """Return a fitted instance of a class of the table."""
    X, y = load_iris(return_X_y=True)
    X = np.floor(X)
    given = {
        HistGradientBoostingClassifier: {"max_iter": 2},
        MLPClassifier: {"max_iter": 1000, "solver": "lbfgs"},
        OneVsRestClassifier: {"estimator": GaussianNB()},
        Pipeline: {"steps": [("nb", GaussianNB())]},
        StackingClassifier: {"estimators": [("nb", GaussianNB())], "cv": 2},
        VotingClassifier: {"estimators": [("nb", GaussianNB())]},
    }
    return kind(**given.get(kind, {})).fit(X, y)


@pytest.mark.parametrize("kind", PRIVATES, ids=lambda kind: kind.__name__)
def test_scikit_learn_has_the_private_names_that_we_use(kind):
    names = PRIVATES[kind]
    found = {name for name in names if hasattr(kind, name)}
    if found < names:
        fitted = fit_one(kind)
        found |= {name for name in names if hasattr(fitted, name)}
    assert found == names


@pytest.mark.parametrize("kind", PRIVATES, ids=lambda kind: kind.__name__)
def test_scikit_learns_private_methods_take_the_arguments_that_we_pass(kind):
    for call, name in private_calls():
        method = getattr(kind, name, None)
        if name in PRIVATES[kind] and inspect.isfunction(method):
            keywords = {each.arg: None for each in call.keywords if each.arg}
            # Raises TypeError if this call is not possible.
            inspect.signature(method).bind(None, *call.args, **keywords)


@pytest.mark.parametrize(("place", "names"), OF_OTHER_LIBRARIES.items())
def test_other_libraries_have_the_private_names_that_we_use(place, names):
    module, _, name = place.rpartition(".")
    found = pytest.importorskip(module or name)
    owner = getattr(found, name) if module else found
    text = "" if inspect.ismodule(owner) else read_source(owner)
    for private in names.split():
        # Slots in C have no source; what `__init__` sets is only in the source.
        assert hasattr(owner, private) or re.search(rf"\b{private}\b", text), (place, private)


def read_source(kind):
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):
        return inspect.getsource(inspect.getmodule(kind))


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


@functools.cache
def parse_all():
    return {path: ast.parse(path.read_text()) for path in sorted(ROOT.rglob("*.py"))}


def private_calls():
    """Yield each call of a private method in the package, and the method's name."""
    for tree in parse_all().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and is_private(getattr(node.func, "attr", "")):
                yield node, node.func.attr


def read_private_names(tree):
    """Yield (owner, name) of each private attribute that is read or set; the owner is source text.

    Names in `getattr` and the like count, too.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner, name = node.value, node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ACCESSORS:
            owner, name = node.args[0], getattr(node.args[1], "value", "")
        else:
            continue
        if is_private(name):
            yield ast.unparse(owner), name


def find_foreign_names(tree, module):
    """Return the private names in a module's source that are not this package's own.

    A name of `self` is scikit-learn's if a parent from scikit-learn defines or sets it.
    """
    found = {name for owner, name in read_private_names(tree) if owner not in OWN_OBJECTS}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and hasattr(module, node.name):
            names = {name for owner, name in read_private_names(node) if owner in OWN_OBJECTS}
            names |= {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
            found |= {name for name in names if is_of_parent(getattr(module, node.name), name)}
    return found


def is_of_parent(kind, name):
    parents = [each for each in kind.__mro__ if each.__module__.startswith("sklearn.")]
    if not is_private(name):
        return False
    if any(name in vars(each) for each in parents):
        return True
    owned = any(name in vars(each) for each in kind.__mro__)
    return not owned and any(f"self.{name}" in inspect.getsource(each) for each in parents)


def import_all():
    """Return the modules of the package by file; without torch, those that do not need it."""
    found = {Path(sklearn_slr.__file__): sklearn_slr}
    for each in pkgutil.walk_packages(sklearn_slr.__path__, "sklearn_slr.", onerror=lambda _: None):
        with contextlib.suppress(ImportError):
            module = importlib.import_module(each.name)
            found[Path(module.__file__)] = module
    return found


def test_every_private_name_in_use_is_in_a_table():
    modules = import_all()
    known = set().union(*PRIVATES.values(), OURS, *map(str.split, OF_OTHER_LIBRARIES.values()))
    known |= set() if HAS_CALLBACKS else {"_init_callback_context"}
    found = set()
    for path, tree in parse_all().items():
        names = find_foreign_names(tree, modules.get(path))
        assert names <= known, f"{path.relative_to(ROOT)} uses names that are in no table"
        found |= names
        found |= {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}
    assert known <= found, "the tables have names that are not used"


def test_a_new_private_name_is_found():
    class Subclass(MLPClassifier):
        pass

    source = (
        "x._new_one\n"
        "hasattr(x, '_new_two')\n"
        "class Subclass:\n"
        "    def _validate_input(self): self._label_binarizer, self._own, self._init_coef()\n"
    )
    module = type("module", (), {"Subclass": Subclass})
    assert find_foreign_names(ast.parse(source), module) == {
        "_new_one", "_new_two", "_validate_input", "_label_binarizer", "_init_coef",
    }  # fmt: skip


def test_overridden_private_methods_have_the_parameters_of_scikit_learn():
    n_checked = 0
    for module in import_all().values():
        for kind in filter(inspect.isclass, list(vars(module).values())):
            if not kind.__module__.startswith("sklearn_slr"):
                continue
            for name, method in vars(kind).items():
                theirs = getattr(super(kind, kind), name, None)
                if is_of_parent(kind, name) and inspect.isfunction(theirs):
                    ours, theirs = inspect.signature(method), inspect.signature(theirs)
                    assert [*ours.parameters] == [*theirs.parameters], (kind, name)
                    n_checked += 1
    assert n_checked >= 3


@pytest.mark.parametrize("kind", [DecisionTreeRegressor, DecisionTreeClassifier])
def test_the_state_of_a_tree_is_what_the_route_of_trees_converts(kind):
    X, y = load_iris(return_X_y=True)
    tree = kind(max_depth=2).fit(X, y).tree_
    state = tree.__getstate__()
    assert set(state) == {"max_depth", "node_count", "nodes", "values"}
    assert state["values"].shape == (tree.node_count, 1, tree.max_n_classes)
    # A new field may depend on the criterion or on the values: see `_convert_tree`.
    assert set(state["nodes"].dtype.names) == {
        "feature", "impurity", "left_child", "missing_go_to_left", "n_node_samples",
        "right_child", "threshold", "weighted_n_node_samples",
    }  # fmt: skip
    copied = type(tree)(tree.n_features, np.array([tree.max_n_classes], dtype=np.intp), 1)
    copied.__setstate__(state)
    assert np.array_equal(copied.predict(X.astype(np.float32)), tree.predict(X.astype(np.float32)))


def test_our_loss_has_what_histogram_boosting_reads():
    source = inspect.getsource(gradient_boosting)
    read = set(re.findall(r"\bself\._loss\.(\w+)", source))
    read |= set(re.findall(r"hasattr\(self\._loss, \"(\w+)\"\)", source))
    ours = {
        "constant_hessian", "differentiable", "fit_intercept_only", "gradient_hessian",
        "init_gradient_and_hessian", "link",
    }  # fmt: skip
    # `gradient` is read if the hessian is constant. `predict_proba` is read after the fit, from
    # scikit-learn's own loss. During the fit it must be missing: then the split for early stopping
    # is not stratified by `y`, which holds row numbers.
    assert read == ours | {"gradient", "predict_proba"}
    fitted = fit_one(HistGradientBoostingClassifier)
    loss = _SoftLoss(fitted._loss, np.full((4, 3), 1 / 3))
    assert all(hasattr(loss, name) for name in ours)
    assert not hasattr(loss, "predict_proba")
    for name in ["fit_intercept_only", "gradient_hessian", "__call__"]:
        theirs = inspect.signature(getattr(type(fitted._loss), name)).parameters
        mine = inspect.signature(getattr(_SoftLoss, name)).parameters
        assert set(mine) - {"buffers"} <= set(theirs), name
        assert set(theirs) <= {*mine, "gradient_out", "hessian_out", "n_threads"}, name
