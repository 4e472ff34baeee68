"""The operational database as one value: opened, migrated, used, closed."""

from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy
from sqlalchemy import Engine, create_engine, event
from ulid import ULID

from gateway.state import schema
from gateway.state.alerts import Alerts
from gateway.state.audit import Audit
from gateway.state.births import Births
from gateway.state.claims import Claims
from gateway.state.commands import Commands
from gateway.state.corrections import Corrections
from gateway.state.escalations import Escalations
from gateway.state.maintenance import Maintenance
from gateway.state.migrate import migrate
from gateway.state.notifications import Notifications
from gateway.state.publications import Publications
from gateway.state.quarantine import Quarantine
from gateway.state.quarantined import QuarantineLimits
from gateway.state.resends import Resends
from gateway.state.reserve import RESERVE_BYTES, Reserve
from gateway.state.retention import Retention
from gateway.state.rota import RotaOverrides
from gateway.state.silences import Silences
from gateway.state.stations import Stations

FILE_NAME = "state.sqlite"


class State:
    """Every table behind the word of its trade. Synchronous and thread-safe; call it off the event loop.

    What a method wrote is on the disk when it returns (an acknowledgement may rest on it).
    """

    def __init__(self, engine: Engine, gateway: str, reserve: Reserve, limits: QuarantineLimits) -> None:
        self._engine = engine
        self.gateway = gateway
        self.reserve = reserve
        self.stations = Stations(engine)
        self.births = Births(engine)
        self.quarantine = Quarantine(engine, limits)
        self.commands = Commands(engine)
        self.resends = Resends(engine)
        self.claims = Claims(engine)
        self.audit = Audit(engine)
        self.corrections = Corrections(engine)
        self.alerts = Alerts(engine)
        self.escalations = Escalations(engine)
        self.notifications = Notifications(engine)
        self.silences = Silences(engine)
        self.maintenance = Maintenance(engine)
        self.rota_overrides = RotaOverrides(engine)
        self.publications = Publications(engine)
        self.retention = Retention(engine)

    def begin(self) -> AbstractContextManager[sqlalchemy.Connection]:
        """Begin a transaction that may write to several tables: all of it, or nothing when it raises."""
        return self._engine.begin()

    @classmethod
    def open(
        cls,
        data_dir: Path,
        now: int,
        *,
        reserve_bytes: int = RESERVE_BYTES,
        limits: QuarantineLimits | None = None,
    ) -> Self:
        """Open ``data_dir``/state.sqlite, created and migrated as needed, and take the reserve.

        Raises OSError when the directory cannot be written, sqlalchemy.exc.DatabaseError when the file
        is no such database.
        """
        data_dir.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            engine = _engine(data_dir / FILE_NAME)
            undo.callback(engine.dispose)
            migrate(engine)
            reserve = Reserve(data_dir / "state.reserve", reserve_bytes)
            reserve.take()
            state = cls(engine, _identity(engine, now), reserve, limits or QuarantineLimits())
            undo.pop_all()
        return state

    def begin_reading(self) -> AbstractContextManager[sqlalchemy.Connection]:
        """Begin a transaction that only reads, beside whoever writes."""
        return self._engine.execution_options(reading=True).begin()

    def close(self) -> None:
        """Close every connection; nothing is left to be written."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 10, "isolation_level": None})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - SQLAlchemy hands a DBAPI connection
    # FULL: an acknowledged frame may exist nowhere but in quarantine, and power fails.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sqlalchemy.Connection) -> None:
    # A deferred BEGIN dead-locks two writers that both read first; readers must not wait for writers.
    reading = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN DEFERRED" if reading else "BEGIN IMMEDIATE")


def _identity(engine: Engine, now: int) -> str:
    with engine.begin() as connection:
        known = connection.execute(sqlalchemy.select(schema.identity.c.gateway)).scalar()
        if known is not None:
            return str(known)
        gateway = str(ULID.from_timestamp(now))
        connection.execute(schema.identity.insert().values(gateway=gateway, born=now))
        return gateway
