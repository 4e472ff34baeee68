"""Drivers: one module per device family."""
