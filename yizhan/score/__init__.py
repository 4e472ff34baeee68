"""Proof by simulation: how well the alert rules see what is wrong, and how well they keep quiet."""
