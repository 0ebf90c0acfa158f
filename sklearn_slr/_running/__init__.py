"""Where folds run, and where finished ones are kept."""
