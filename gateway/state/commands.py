"""Commands to stations, and what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import select, update

from gateway.state.repository import Repository
from gateway.state.schema import commands


class CommandState(StrEnum):
    """Pending until the station answers or the time is over."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """A command as issued (times ms, gateway clock) and, once it is over, the station's answer."""

    id: str
    station_id: str
    name: str
    args: Mapping[str, object]
    issued: int
    ttl_s: int
    by: tuple[str, ...]
    state: CommandState = CommandState.PENDING
    reason: str | None = None
    at: int | None = None
    result: Mapping[str, object] | None = field(default=None)


class Commands(Repository):
    """The table `commands`."""

    def add(self, command: CommandRecord) -> None:
        """Write a new command; sqlalchemy.exc.IntegrityError when its id was given before."""
        with self._engine.begin() as connection:
            connection.execute(
                commands.insert().values(
                    id=command.id,
                    station_id=command.station_id,
                    name=command.name,
                    args=command.args,
                    issued=command.issued,
                    ttl_s=command.ttl_s,
                    by=list(command.by),
                    state=command.state,
                )
            )

    def get(self, command_id: str) -> CommandRecord | None:
        """Return one command, or None."""
        with self._reading.connect() as connection:
            row = connection.execute(select(commands).where(commands.c.id == command_id)).mappings().first()
        return None if row is None else _record(dict(row))

    def pending(self) -> list[CommandRecord]:
        """Return the commands without an answer, oldest first."""
        query = select(commands).where(commands.c.state == CommandState.PENDING).order_by(commands.c.issued)
        with self._reading.connect() as connection:
            return [_record(dict(row)) for row in connection.execute(query).mappings()]

    def settle(  # the answer's own fields
        self,
        command_id: str,
        state: CommandState,
        at: int,
        *,
        reason: str | None = None,
        result: Mapping[str, object] | None = None,
    ) -> bool:
        """Note the end of a pending command; False when it is unknown or was over before."""
        with self._engine.begin() as connection:
            changed = connection.execute(
                update(commands)
                .where(commands.c.id == command_id, commands.c.state == CommandState.PENDING)
                .values(state=state, at=at, reason=reason, result=result)
            )
            return changed.rowcount == 1

    def expire(self, now: int) -> int:
        """End the pending commands whose time is over; return how many."""
        with self._engine.begin() as connection:
            changed = connection.execute(
                update(commands)
                .where(
                    commands.c.state == CommandState.PENDING,
                    commands.c.issued + commands.c.ttl_s * 1_000 < now,
                )
                .values(state=CommandState.EXPIRED, at=now, reason="no answer within ttl_s")
            )
            return changed.rowcount


def _record(row: dict[str, object]) -> CommandRecord:
    by = row["by"]
    return CommandRecord(
        **{  # type: ignore[arg-type]
            **row,
            "by": tuple(by) if isinstance(by, list) else (),
            "state": CommandState(str(row["state"])),
        }
    )
