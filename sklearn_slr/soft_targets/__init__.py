"""Soft targets: any classifier learns from probability rows."""
