"""Describe objects in plain text, so that two processes can compare theirs."""

import functools
import hashlib
import inspect
import os
import re
import sys
import types
from collections.abc import Iterator, Mapping

import numpy as np
from scipy import sparse

PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), slice, range)
# Longer texts, and containers of more items, are described by a hash.
MAX_TEXT, MAX_ITEMS = 100, 20
# A module given as an argument of a net's module keeps its weights in every fit.
KEPT_WEIGHTS = re.compile(r"module__(?!_)")
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def describe(value, name):
    """Describe a value by flat names and texts that are the same in every process.

    Arrays, sparse matrices, tensors, tables and texts are described by a hash of their content;
    other objects by their class and attributes. Classes and functions are described by their
    names, with the version of their package; where that has none, as in a script or notebook,
    with a hash of their own code. Trainable weights of a torch module count by their shapes:
    every fit starts them afresh. Files that a path points to are not read.

    Parameters
    ----------
    value : object
        Anything; it is only read, and never consumed.
    name : str
        What the value is called. Attributes are ``name__attribute``, items ``name[index]``.

    Returns
    -------
    dict of str to str
        Names and texts.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_slr._running._fingerprint import describe
    >>> described = describe(Ridge(alpha=2.0), "estimator")
    >>> described["estimator"], described["estimator__alpha"]
    ('sklearn.linear_model._ridge.Ridge', '2.0')
    """
    return dict(_walk(value, name, ()))


def digest(*parts):
    """Return the SHA-256 of texts, bytes and arrays in hexadecimal digits."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            total.update(f"{part.dtype.str}{part.shape}".encode())
            for block in _blocks(part):
                total.update(block)
        else:
            content = part.encode(errors="surrogatepass") if isinstance(part, str) else part
            total.update(f"{len(content)}:".encode())
            total.update(content)
    return total.hexdigest()


def _blocks(array):
    """Yield the bytes of an array in order, a few rows at a time, so that no copy is large."""
    array = np.atleast_1d(np.asarray(array))
    step = max(1, len(array) * 2**24 // max(1, array.nbytes))
    for start in range(0, len(array), step):
        block = np.ascontiguousarray(array[start : start + step])
        yield block.reshape(-1).view(np.uint8).data


def _walk(value, name, above):
    """Yield (name, text) pairs; `above` are the objects that contain this one."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, PLAIN):
        yield name, _shorten(repr(value))
    elif isinstance(value, os.PathLike):
        yield name, _shorten(repr(os.fspath(value)))
    elif any(value is each for each in above):
        yield name, "an object that contains this one"
    else:
        for handles, describe_one in KINDS:
            if handles(value):
                yield from describe_one(value, name, (*above, value))
                return


def _shorten(text):
    return text if len(text) <= MAX_TEXT else f"{len(text)} characters, sha256 {digest(text)}"


# Data


def _describe_array(value, name, above):
    parts = _texts(value.ravel().tolist(), above) if value.dtype.hasobject else [value]
    yield name, f"{value.dtype} of shape {value.shape}, sha256 {digest(*parts)}"


def _describe_sparse(value, name, above):
    matrix = value.tocsr()
    parts = digest(matrix.data, matrix.indices, matrix.indptr)
    yield name, f"{type(value).__name__} of {value.dtype}, shape {value.shape}, sha256 {parts}"


def _is_tensor(value):
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _describe_tensor(value, name, above):
    torch = sys.modules["torch"]
    text = f"{value.dtype} of shape {tuple(value.shape)}"
    is_trained = isinstance(value, torch.nn.Parameter) and value.requires_grad
    if is_trained and not KEPT_WEIGHTS.search(name):
        yield name, text
        return
    dense = value.detach().to_dense() if value.layout != torch.strided else value.detach()
    content = dense.cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    yield name, f"{text}, sha256 {digest(content)}"


def _is_table(value):
    return hasattr(value, "columns") and hasattr(value, "dtypes") and hasattr(value, "shape")


def _describe_table(value, name, above):
    columns = (
        (value.iloc[:, k] if hasattr(value, "iloc") else value[:, k]).to_numpy()
        for k in range(value.shape[1])
    )
    parts = [repr(list(value.columns)), *(repr(dtype) for dtype in value.dtypes)]
    parts += [*_texts([getattr(value, "index", None)], above), *_texts(columns, above)]
    yield name, f"{type(value).__name__} of shape {value.shape}, sha256 {digest(*parts)}"


def _is_column(value):
    return hasattr(value, "to_numpy") and hasattr(value, "dtype")


def _describe_column(value, name, above):
    dtype, content = value.dtype, value.to_numpy()
    parts = [repr(dtype), *_texts([content, getattr(value, "index", None)], above)]
    yield name, f"{type(value).__name__} of {len(content)} {dtype}, sha256 {digest(*parts)}"


def _is_like_array(value):
    return hasattr(value, "__array__") and hasattr(value, "dtype") and hasattr(value, "shape")


# Containers


def _texts(items, above):
    """Yield the names and texts of items in order, for a hash."""
    for k, item in enumerate(items):
        for pair in _walk(item, f"[{k}]", above):
            yield from pair


def _describe_items(value, name, above):
    text = f"{type(value).__name__} of {len(value)}"
    if len(value) > MAX_ITEMS:
        yield name, f"{text}, sha256 {digest(*_texts(value, above))}"
        return
    yield name, text
    for k, item in enumerate(value):
        yield from _walk(item, f"{name}[{k}]", above)


def _describe_mapping(value, name, above):
    items = {_label(key, above): value[key] for key in value}
    if len(items) > MAX_ITEMS:
        texts = [text for key in sorted(items) for text in (key, *_texts([items[key]], above))]
        yield name, f"{type(value).__name__} of {len(items)}, sha256 {digest(*texts)}"
        return
    yield name, f"{type(value).__name__} of {len(items)}"
    for key, item in items.items():
        yield from _walk(item, f"{name}[{key}]", above)


def _label(key, above):
    pairs = list(_walk(key, "", above))
    return pairs[0][1] if len(pairs) == 1 else digest(*(text for pair in pairs for text in pair))


def _describe_set(value, name, above):
    texts = sorted("; ".join(_texts([item], above)) for item in value)  # sets have no order
    yield name, _shorten(f"{type(value).__name__} of {len(texts)}: {', '.join(texts)}")


# Code


def _describe_name(value, name, above):
    yield name, f"{value.__module__}.{getattr(value, '__qualname__', value.__name__)}"


def _version(module):
    """Return the pair that says the version of a module's package; None where it has none."""
    root = (module or "builtins").partition(".")[0]
    if root in sys.stdlib_module_names:
        return f"version of {root}", "that of python"
    version = None if root == "__main__" else getattr(sys.modules.get(root), "__version__", None)
    return None if version is None else (f"version of {root}", str(version))


def _describe_class(value, name, above):
    yield from _describe_name(value, name, above)
    own = []
    for kind in value.__mro__:
        version = _version(kind.__module__)
        if version is None:
            own += [text for key in sorted(vars(kind)) for text in _member(key, vars(kind)[key])]
        elif version[1] != "that of python":
            yield version
    if own:
        yield f"{name} (code)", digest(*own)


def _member(key, member):
    """Yield the texts of a class's method or plain attribute."""
    if isinstance(member, PLAIN) and not key.startswith("__"):
        yield from (key, repr(member))
    if isinstance(member, property):
        member = member.fget
    member = inspect.unwrap(getattr(member, "__func__", member))
    if isinstance(member, types.FunctionType):
        yield from (key, *_code(member.__code__))


def _code(code):
    """Yield what a code object does, wherever it was written."""
    yield from (code.co_code, repr(code.co_names))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _code(constant)
        else:
            yield from _texts([constant], ())


def _describe_function(value, name, above):
    yield from _describe_name(value, name, above)
    version = _version(value.__module__)
    if version is None:
        yield f"{name} (code)", digest(*_code(value.__code__))
    elif version[1] != "that of python":
        yield version
    held = {"defaults": value.__defaults__, "keywords": value.__kwdefaults__}
    for variable, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
        try:
            held[variable] = cell.cell_contents
        except ValueError:  # not filled yet
            held[variable] = None
    for variable, content in held.items():
        if content is not None:
            yield from _walk(content, f"{name}__{variable}", above)


def _describe_method(value, name, above):
    yield from _describe_name(value, name, above)
    yield from _walk(value.__self__, f"{name}__self", above)


def _describe_partial(value, name, above):
    yield name, "functools.partial"
    for part in ("func", "args", "keywords"):
        yield from _walk(getattr(value, part), f"{name}__{part}", above)


# Objects


def _describe_object(value, name, above):
    yield from _describe_class(type(value), name, above)
    try:
        state = _state(value)
    except Exception:  # locks, open files, generators: known by their class
        state = None
    if state is None:
        yield from _describe_repr(value, f"{name} (text)", above)
    elif isinstance(state, dict):
        for key, item in state.items():
            yield from _walk(item, f"{name}__{key}", above)
    else:
        yield from _walk(state, f"{name} (state)", above)


def _state(value):
    """Return what a pickle of the object would hold; nothing is pickled."""
    kind = type(value)
    if (kind.__reduce__, kind.__reduce_ex__) == (object.__reduce__, object.__reduce_ex__):
        return value.__getstate__()
    reduced = value.__reduce_ex__(4)
    if isinstance(reduced, str):
        return reduced
    return [list(part) if isinstance(part, Iterator) else part for part in reduced]


def _describe_repr(value, name, above):
    yield name, _shorten(ADDRESS.sub("", repr(value)))


def _is(*kinds):
    return lambda value: isinstance(value, kinds)


KINDS = (
    (_is(np.ndarray), _describe_array),
    (sparse.issparse, _describe_sparse),
    (_is_tensor, _describe_tensor),
    (_is(type), _describe_class),
    (_is_table, _describe_table),
    (_is_column, _describe_column),
    (_is_like_array, lambda value, name, above: _describe_array(np.asarray(value), name, above)),
    (_is(list, tuple), _describe_items),
    (_is(Mapping), _describe_mapping),
    (_is(set, frozenset), _describe_set),
    (_is(types.FunctionType), _describe_function),
    (_is(types.MethodType), _describe_method),
    (_is(functools.partial), _describe_partial),
    (_is(types.BuiltinFunctionType), _describe_repr),
    (_is(np.ufunc), lambda value, name, above: [(name, f"numpy.{value.__name__}")]),
    (lambda value: True, _describe_object),
)
