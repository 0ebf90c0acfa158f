"""scikit-learn's private functions: where they are imported, and what we expect of them."""

import ast
import hashlib
import inspect
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVC

import sklearn_slr
from sklearn_slr.utils import _sklearn

ROOT = Path(sklearn_slr.__file__).parent


def read_modules():
    return {path: ast.parse(path.read_text()) for path in sorted(ROOT.rglob("*.py"))}


def imported_names(tree, module_end):
    """Yield (module, name, name here) of what is imported from modules with such an ending."""
    for node in ast.walk(tree):
        module = getattr(node, "module", None) or ""
        if isinstance(node, ast.ImportFrom) and module.endswith(module_end):
            yield from ((module, each.name, each.asname or each.name) for each in node.names)


def test_private_names_are_imported_in_one_module():
    for path, tree in read_modules().items():
        if path.name == "_sklearn.py":
            continue
        for module, name, _ in imported_names(tree, ""):
            if module.split(".")[0] == "sklearn":
                assert "._" not in module, (path, module)
                assert not name.startswith("_"), (path, name)
        plain = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
        names = [each.name for node in plain for each in node.names]
        assert not any(name.startswith("sklearn.") and "._" in name for name in names), path


def calls_of_imported_names():
    """Yield (function, call, path) of each call of a name that `_sklearn` offers."""
    for path, tree in read_modules().items():
        names = {here: name for _, name, here in imported_names(tree, "_sklearn")}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) in names:
                yield getattr(_sklearn, names[node.func.id]), node, path


def test_scikit_learns_functions_take_the_arguments_that_we_pass():
    found = set()
    for function, call, path in calls_of_imported_names():
        signature = inspect.signature(function)
        positional = [each for each in call.args if not isinstance(each, ast.Starred)]
        keywords = {each.arg: None for each in call.keywords if each.arg}
        starred = len(positional) < len(call.args) or len(keywords) < len(call.keywords)
        try:
            (signature.bind_partial if starred else signature.bind)(*positional, **keywords)
        except TypeError as error:
            pytest.fail(f"{path}:{call.lineno}: {function.__name__}: {error}")
        found.add(function)
    assert len(found) > 10


def test_every_name_that_is_offered_is_used():
    used = {
        name for tree in read_modules().values() for _, name, _ in imported_names(tree, "_sklearn")
    }
    assert sorted(_sklearn.__all__) == sorted(used)


def test_rows_are_selected_and_counted():
    X, y, rows = np.arange(12.0).reshape(6, 2), np.arange(6), np.array([4, 1])
    kernel = X @ X.T
    assert _sklearn.num_samples(X) == 6
    assert _sklearn.safe_indexing(X, rows).tolist() == [[8, 9], [2, 3]]
    assert _sklearn._safe_split(LogisticRegression(), X, None, rows)[0].tolist() == [[8, 9], [2, 3]]
    # A matrix of pairs has a column for each training row.
    held_out = _sklearn._safe_split(SVC(kernel="precomputed"), kernel, None, [0], rows)[0]
    assert held_out.tolist() == [[kernel[0, 4], kernel[0, 1]]]
    params = _sklearn.index_method_params(X, {"sample_weight": y, "flag": True}, rows)
    assert params["sample_weight"].tolist() == [4, 1]
    assert params["flag"] is True


def test_a_file_is_fetched_once_with_the_given_arguments(tmp_path):
    source, folder = tmp_path / "source.bin", tmp_path / "data"
    source.write_bytes(b"content")
    folder.mkdir()
    checksum = hashlib.sha256(b"content").hexdigest()
    arguments = ("name.bin", source.as_uri(), checksum, folder, 1, 0.0)
    found = _sklearn.fetch_remote(*arguments)
    assert Path(found) == folder / "name.bin"
    assert Path(found).read_bytes() == b"content"
    source.unlink()  # the second call reads the file in the folder
    assert _sklearn.fetch_remote(*arguments) == found


def test_a_file_with_another_checksum_is_refused(tmp_path):
    source = tmp_path / "source.bin"
    source.write_bytes(b"content")
    with pytest.raises(OSError, match="SHA256"):
        _sklearn.fetch_remote("name.bin", source.as_uri(), "0" * 64, tmp_path, 1, 0.0)


def test_downloads_are_tried_as_often_as_asked(tmp_path, monkeypatch):
    tries = []

    def fail(url, path):
        tries.append(url)
        raise TimeoutError

    monkeypatch.setattr("sklearn.datasets._base.urlretrieve", fail)
    with (
        pytest.raises(TimeoutError),
        pytest.warns(UserWarning, match="Retry downloading"),
    ):
        _sklearn.fetch_remote("name.bin", "https://example.org", "0" * 64, tmp_path, 2, 0.0)
    assert tries == ["https://example.org"] * 3


def test_weights_of_neighbors_are_those_computed_by_hand():
    distances = np.array([[1.0, 2.0, 4.0], [0.0, 1.0, 0.0]])
    assert _sklearn.neighbor_weights(distances, "uniform") is None
    # A neighbour at distance zero leaves the others without weight.
    expected = [[1, 0.5, 0.25], [1, 0, 1]]
    assert_allclose(_sklearn.neighbor_weights(distances, "distance"), expected)
    assert_allclose(_sklearn.neighbor_weights(distances, np.exp), np.exp(distances))
    # Neighbours within a radius differ in number.
    ragged = np.array([np.array([2.0]), np.array([1.0, 0.0]), np.array([])], dtype=object)
    weights = _sklearn.neighbor_weights(ragged, "distance")
    assert [each.tolist() for each in weights] == [[0.5], [0, 1], []]


def test_weights_of_neighbors_are_those_of_scikit_learn():
    X, y = np.array([[0.0], [1.0], [3.0]]), np.array([1.0, 2.0, 4.0])
    model = KNeighborsRegressor(3, weights="distance").fit(X, y)
    weights = _sklearn.neighbor_weights(np.array([[0.5, 0.5, 2.5]]), "distance")[0]
    assert_allclose(model.predict([[0.5]]), np.average(y, weights=weights))


def test_estimators_are_shown_side_by_side():
    block = _sklearn.visual_block([LogisticRegression(), KNeighborsRegressor()], ["a", "b"])
    assert block.kind == "parallel"
    assert list(block.names) == ["a", "b"]
    assert [type(each) for each in block.estimators] == [LogisticRegression, KNeighborsRegressor]
