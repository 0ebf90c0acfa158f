"""Labels under noise: refined labels, next to cleaning them and to doing nothing."""
