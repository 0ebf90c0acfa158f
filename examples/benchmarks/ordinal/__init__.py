"""Ordinal regression: cuts, refinement rounds and other packages."""
