"""The tables and figures of the paper on Stochastic Label Refinery, row by row."""
