"""What does each parameter do? One is changed at a time, on small problems, over seeds."""
