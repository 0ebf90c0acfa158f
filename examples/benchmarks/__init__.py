"""Benchmarks; ``python -m examples.benchmarks.e_step`` and the others run from the root."""
