"""Training of the nets of several folds in one pass."""
