"""RetinaMNIST: a small CNN inside SLRRegressor, round after round."""
