"""Examples; ``python -m examples.paper.toy`` and its neighbours run from the repository's root."""
