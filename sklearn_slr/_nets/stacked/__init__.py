"""Nets of several folds trained in one pass."""
