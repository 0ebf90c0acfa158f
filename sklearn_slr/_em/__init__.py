"""The algorithm: rounds of an E step and an M step, then the final fit."""
