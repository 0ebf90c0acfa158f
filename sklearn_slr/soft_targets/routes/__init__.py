"""Routes: how each kind of estimator learns from targets."""
