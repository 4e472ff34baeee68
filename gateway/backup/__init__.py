"""Copies of a gateway that are whole: taken while it runs, and put back."""
