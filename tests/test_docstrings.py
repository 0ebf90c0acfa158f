"""numpydoc's checks of every public docstring."""

import importlib
import inspect

import pytest

from tests.test_public_api import PUBLIC, own_methods

validate = pytest.importorskip("numpydoc.validate").validate

LEFT_OUT = {
    "ES01",  # no extended summary: one line may say it all
    "RT02",  # a name of what is returned: several possible results are told apart by names
}
# As in scikit-learn, a method needs neither examples nor a See Also: its class has them.
LEFT_OUT_OF_METHODS = LEFT_OUT | {"EX01", "SA01"}


def documented():
    """Return the addresses of public classes, functions and methods."""
    found = []
    for package in PUBLIC:
        if package in (".callbacks", ".losses"):
            pytest.importorskip("skorch")
        module = importlib.import_module("sklearn_slr" + package)
        for name in module.__all__:
            thing, address = getattr(module, name), f"sklearn_slr{package}.{name}"
            if inspect.isclass(thing):
                methods = [part for part, _ in own_methods(thing) if part != "__init__"]
                found += [(address, LEFT_OUT)]
                found += [(f"{address}.{part}", LEFT_OUT_OF_METHODS) for part in methods]
            elif inspect.isfunction(thing):
                found += [(address, LEFT_OUT)]
    return found


def test_docstrings_keep_to_numpydoc():
    wrong = [
        f"{address}: {code} {text}"
        for address, left_out in documented()
        for code, text in validate(address)["errors"]
        if code not in left_out
    ]
    assert not wrong, "\n".join(wrong)
