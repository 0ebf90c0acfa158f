"""README's snippet runs, and its two commands are the ones that are meant."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_snippet_runs_and_repairs():
    [snippet] = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    names = {}
    exec(snippet, names)
    repaired = names["slr"].refined_labels_.argmax(axis=1) == names["y"]
    assert repaired.mean() > 0.9 > (names["given"] == names["y"]).mean()
    assert names["slr"].score(names["X_test"], names["y_test"]) > 0.9


def test_the_commands_install_with_the_tested_versions():
    commands = re.findall(r"^pip install .*$", README.read_text(), flags=re.MULTILINE)
    assert commands == [
        'pip install -c .ci/constraints.txt -e ".[all]" && python examples/quickstart.py',
        'pip install -c .ci/constraints.txt -e ".[test]" && pytest -n 2',
    ]
