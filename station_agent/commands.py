"""Remote actions: each carried out once, over restarts too, and answered (contract, section 7)."""

from dataclasses import dataclass

import structlog
from pydantic import ValidationError

from station_agent.clock import StationClock
from station_agent.delivery import Delivery
from station_agent.notebook import Notebook
from station_agent.outbox import Outbox
from wire.frames import Command, ResendArgs, Result
from wire.ranges import Ranges

MOST_GONE = 1_024
"""Ranges a result may list; the gateway asks again for what is beyond."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command; ``gone`` answers ``resend``."""

    state: str
    reason: str | None = None
    gone: tuple[tuple[int, int], ...] | None = None


class Commands:
    """Carries out the commands of the gateway we obey."""

    def __init__(self, notebook: Notebook, outbox: Outbox, delivery: Delivery, clock: StationClock) -> None:
        self.birth_asked = False
        self._notebook = notebook
        self._outbox = outbox
        self._delivery = delivery
        self._clock = clock
        self._actions = {"birth": self._birth, "resend": self._resend}

    def handle(self, payload: bytes) -> bytes | None:
        """Return the result to publish; None for what is no command, or of a gateway we do not obey.

        A command that comes again gets the result it got, unless it was cut off by a restart.
        """
        try:
            command = Command.model_validate_json(payload)
        except ValidationError as error:
            log.warning("a command cannot be read", reason=str(error.errors(include_input=False)[0]["msg"]))
            return None
        if not self._delivery.obeys(command.gateway):
            return None
        known = self._notebook.result_of(command.id)
        if known:
            return known
        outcome = self._carry_out(command, interrupted=known is not None)
        result = Result(
            id=command.id,
            state=outcome.state,  # type: ignore[arg-type]
            reason=outcome.reason,
            gone=outcome.gone,
            at=self._clock.now(),
        )
        answer = result.model_dump_json(exclude_none=True).encode()
        self._notebook.remember_command(command.id, answer)
        log.info("command", name=command.name, id=command.id, by=command.by, state=outcome.state)
        return answer

    def _carry_out(self, command: Command, *, interrupted: bool) -> Outcome:
        action = self._actions.get(command.name)
        if action is None:
            known = ", ".join(self._actions)
            return Outcome("refused", f"this agent knows {known}, not {command.name}")
        if self._is_expired(command):
            return Outcome("expired", f"more than {command.ttl_s} s old when it came")
        if interrupted:
            return Outcome("failed", "the agent was restarted while carrying it out")
        self._notebook.remember_command(command.id, b"")
        return action(command)

    def _is_expired(self, command: Command) -> bool:
        """By the gateway's time; before any ack the time-to-live counts from arrival, which is now."""
        gateway_ms = self._delivery.gateway_time(self._clock.monotonic())
        return gateway_ms is not None and gateway_ms > command.issued + command.ttl_s * 1000

    def _birth(self, _command: Command) -> Outcome:
        self.birth_asked = True
        return Outcome("done")

    def _resend(self, command: Command) -> Outcome:
        try:
            asked = ResendArgs.model_validate(command.args)
        except ValidationError as error:
            fault = error.errors(include_input=False)[0]
            return Outcome("refused", f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"[:200])
        missing = self._outbox.resend(asked.stream, Ranges(asked.ranges))
        self._delivery.resend()
        return Outcome("done", gone=tuple(missing)[:MOST_GONE])
