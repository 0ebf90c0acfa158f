from pathlib import Path

import sklearn_slr
from sklearn_slr.utils import _sklearn


def test_scikit_learns_privates_come_through_one_door():
    root = Path(sklearn_slr.__file__).parent
    for path in root.rglob("*.py"):
        if path.name == "_sklearn.py":
            continue
        for line in path.read_text().splitlines():
            if line.startswith(("from sklearn.", "import sklearn.")):
                module, _, names = line.partition(" import ")
                assert "._" not in module, f"{path.name}: {line}"
                assert not any(n.strip().startswith("_") for n in names.split(",")), line


def test_the_door_offers_what_it_lists():
    assert all(hasattr(_sklearn, name) for name in _sklearn.__all__)
