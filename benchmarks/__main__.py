"""Run the benchmarks: `python -m benchmarks`."""

from benchmarks.cli import app

app()
