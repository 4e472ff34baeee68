"""What every part of the operational database starts from."""

from sqlalchemy import Engine


class Repository:
    """Holds the way to write (one at a time) and the way to read (beside a writer)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reading=True)
