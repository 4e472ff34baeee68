"""The operational database."""
