"""The demo as a whole: what is started, in which order, and how it ends."""

import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import typer
from rich.console import Console

from simulators.towns import Site
from yizhan.demo.children import Child, ChildEndedError, StoppedError
from yizhan.demo.fleet import Fleet
from yizhan.demo.link import Link
from yizhan.demo.messages import message_of
from yizhan.demo.outage import Outage
from yizhan.demo.story import Narrator
from yizhan.demo.town import SEED, Town
from yizhan.demo.troubles import Troubles

READY_S = 30.0
TICK_S = 0.2
PULSE_S = 20.0
REMEMBER_S = 5.0


def run(*, stations: int, data: Path, port: int, influx: str | None = None) -> int:
    """Play the demo until Ctrl-C, mirrored into an InfluxDB when there is an address; the exit code."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    narrator = Narrator(Console())
    try:
        town = Town.found(data.resolve(), stations, _now_ms())
        narrator.opening(str(data), stations)
        with ExitStack() as undo:
            undo.callback(narrator.closed, str(data))
            Demo(town, narrator, stopping, undo).play(port, influx)
    except StoppedError:
        return 0
    except (ChildEndedError, OSError, ValueError) as error:
        typer.echo(f"yizhan demo: {error}", err=True)
        return 1
    return 0


def _now_ms() -> int:
    return int(time.time() * 1000)  # noqa: TID251 - the demo's composition root


class Demo:
    """One run. Whatever it starts, ``undo`` ends, the last first."""

    def __init__(self, town: Town, narrator: Narrator, stopping: threading.Event, undo: ExitStack) -> None:
        self._town, self._narrator, self._stopping, self._undo = town, narrator, stopping, undo
        self._crews: list[Child] = []
        self._agents: list[Child] = []
        self._worked_out: dict[str, int] = {}
        self._arrived: set[str] = set()
        self._troubles = Troubles(town.start_ms, narrator)
        self._begun = time.monotonic()

    def play(self, port: int, influx: str | None = None) -> None:
        """Start everything, fill in the past, live on; returns once told to stop."""
        if self._town.is_new:
            self._town.remember(None)
        settings = self._town.write_settings(port, influx)
        if influx is not None:
            self._make_room(settings)
        gateway = self._child("gateway", ["yizhan", "gateway", "run"], settings)
        self._http, self._mqtt = _addresses(gateway.wait_for("ready ", READY_S, self._stopping))
        self._narrator.doors_open(self._http, self._mqtt, self._town.sites[-1].station_id)
        self._fleet = Fleet(self._http)
        broker_port = int(self._mqtt.rpartition(":")[2])
        self._link = Link(broker_port)
        self._undo.callback(self._link.close)
        self._broken = self._town.with_agents[-1]
        self._outage = Outage(self._broken, self._link, self._fleet, self._narrator)
        self._start_crews(broker_port)
        self._watch(gateway)

    def _make_room(self, settings: Path) -> None:
        """Have the InfluxDB made ready; ChildEndedError says why it could not be."""
        command = [sys.executable, "-m", "yizhan", "gateway", "migrate", "--config", str(settings)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ChildEndedError(done.stderr.strip())

    def _start_crews(self, broker_port: int) -> None:
        self._narrator.history_begins(len(self._town.sites), _now_ms() - self._town.from_ms)
        self._undo.callback(self._narrator.closing)
        for plan in self._town.crew_plans(broker_port):
            log = self._town.data / f"{plan.name}.log"
            crew = Child(plan.name, ["simulators.light.app"], log, request=plan.model_dump_json())
            self._crews.append(crew)
            self._undo.callback(crew.join)
            self._undo.callback(crew.ask_to_stop)

    def _watch(self, gateway: Child) -> None:
        pulse_at = remember_at = time.monotonic()
        while not self._stopping.wait(TICK_S):
            now = time.monotonic()
            self._hear_gateway(gateway)
            self._hear_crews(now)
            for agent in self._agents:
                agent.heard()
            self._outage.step(now, _now_ms())
            self._troubles.step(_now_ms())
            if self._complete and now >= pulse_at:
                pulse_at = now + PULSE_S
                self._say_pulse()
            if self._complete and now >= remember_at:
                remember_at = now + REMEMBER_S
                self._town.remember(_now_ms())

    @property
    def _complete(self) -> bool:
        return len(self._arrived) == len(self._town.sites)

    def _hear_gateway(self, gateway: Child) -> None:
        for line in gateway.heard():
            message = message_of(line)
            if message is not None:
                self._narrator.message(message)

    def _hear_crews(self, now: float) -> None:
        was_complete = self._complete
        for line in [line for crew in self._crews for line in crew.heard()]:
            said = json.loads(line)
            if said["until_ms"] is None:
                self._arrived.add(said["station_id"])
                self._let_go_live(said["station_id"], now)
            else:
                self._worked_out[said["station_id"]] = said["until_ms"] - self._town.from_ms
        self._narrator.history_grows(sum(self._worked_out.values()), len(self._arrived))
        if self._complete and not was_complete:
            self._narrator.history_ends(now - self._begun)

    def _let_go_live(self, station_id: str, now: float) -> None:
        """Start the real agent of a station that has one."""
        for site in self._town.with_agents:
            if site.station_id == station_id:
                self._start_agent(site, now)

    def _start_agent(self, site: Site, now: float) -> None:
        self._narrator.agent_started(site)
        self._agents.append(self._agent(site))
        if site is self._broken:
            self._outage.station_is_live(now)

    def _agent(self, site: Site) -> Child:
        broker = f"mqtt://127.0.0.1:{self._link.port}" if site is self._broken else self._mqtt
        options = {
            "--station": site.station_id,
            "--broker": broker,
            "--data": str(self._town.data / "agents" / site.station_id),
            "--seed": str(SEED),
            "--start-ms": str(self._town.start_ms),
        }
        trouble = self._troubles.at(site, _now_ms())
        if trouble is not None:
            options["--fault"] = trouble
        arguments = [word for option in options.items() for word in option]
        log = self._town.data / f"{site.station_id}.log"
        child = Child(site.station_id, ["yizhan", "simulate", "station", *arguments], log)
        self._undo.callback(child.join)
        self._undo.callback(child.ask_to_stop)
        return child

    def _child(self, name: str, arguments: list[str], settings: Path) -> Child:
        child = Child(name, [*arguments, "--config", str(settings)], self._town.data / f"{name}.log")
        self._undo.callback(child.join)
        self._undo.callback(child.ask_to_stop)
        return child

    def _say_pulse(self) -> None:
        pulse = self._fleet.pulse()
        if pulse is not None:
            self._narrator.pulse(pulse.online, pulse.stations, pulse.people)


def _addresses(ready: str) -> tuple[str, str]:
    """The two addresses of the line ``ready http=… mqtt=…``."""
    words = dict(word.split("=", 1) for word in ready.split()[1:])
    return words["http"], words["mqtt"]
