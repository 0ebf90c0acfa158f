"""What several benchmarks, or the experiments of the paper, have in common."""
