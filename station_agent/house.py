"""Where the parts of an agent are joined."""

import hashlib
import random
from collections.abc import Iterable

import structlog
from ulid import ULID

from station_agent.birth import Births, Run
from station_agent.clock import Remembered, Sources, StationClock, kernel_boot
from station_agent.commands import Commands
from station_agent.config import AgentSettings
from station_agent.database import Database
from station_agent.delivery import Delivery
from station_agent.drivers.driver import Driver
from station_agent.eviction import Limits
from station_agent.exchange import Exchange, Parts
from station_agent.intake import Intake
from station_agent.machine import Machine
from station_agent.notebook import Notebook
from station_agent.outbox import Outbox
from station_agent.place import Place
from station_agent.pseudonym import Pseudonyms
from station_agent.sampler import Sampler
from station_agent.session import Patience
from station_agent.upkeep import Upkeep
from station_agent.uplink import Uplink
from station_agent.vitals import Vitals, Watched
from station_agent.wanted import Wanted
from wire.topics import Topics

log = structlog.get_logger()


class House:
    """Everything that rests on the settings, the disk and the clocks; the parts are joined once."""

    def __init__(self, settings: AgentSettings, database: Database, sources: Sources) -> None:
        """Open the outbox for a new run, and set the clock as well as the disk allows."""
        self._settings = settings
        self._database = database
        self._notebook = Notebook(database)
        if database.moved_aside is not None:
            log.error(
                "the outbox was broken and is put aside; a new one begins", aside=str(database.moved_aside)
            )
        boot_id = _boot_id(self._notebook)
        self._clock = StationClock(sources, _remembered(self._notebook, boot_id))
        self._run = Run(boot_id, self._clock.now())
        self._outbox = Outbox(database, _limits(settings), str(ULID()), boot_id)
        if not self._clock.unset:
            self._outbox.set_clock(boot_id, self._clock.offset)
        self._move(settings.region)

    def furnish(
        self, drivers: Iterable[Driver], patience: Patience
    ) -> tuple[Parts, Sampler, Exchange, Upkeep]:
        """Join the parts."""
        settings, clock, outbox = self._settings, self._clock, self._outbox
        place = Place(settings.region, settings.station_id, Topics(settings.broker.topic_root))
        rng = random.SystemRandom()
        pseudonyms = Pseudonyms(settings.data_dir / "month.key")
        pseudonyms.roll(clock.now(), clock_set=not clock.unset)
        delivery = Delivery(outbox, rng, self._notebook.get("gateway"))
        uplink = Uplink(settings.broker, settings.station_id, place.subscriptions, rng, patience)
        wanted = Wanted(self._notebook, delivery, clock)
        vitals = Vitals(
            Watched(
                machine=Machine(),
                data_dir=settings.data_dir,
                cert=settings.broker.cert if settings.broker.tls else None,
                ca=settings.broker.ca if settings.broker.tls else None,
                config_hash=hashlib.sha256(settings.model_dump_json().encode()).hexdigest(),
                boot_id=self._run.boot_id,
                clock=clock,
                outbox=outbox,
                delivery=delivery,
                uplink=uplink,
                wanted=wanted,
                sources=lambda: sampler.sources,
            )
        )
        sampler = Sampler([*drivers, vitals], Intake(pseudonyms), clock, self._notebook)
        parts = Parts(
            outbox=outbox,
            notebook=self._notebook,
            delivery=delivery,
            clock=clock,
            uplink=uplink,
            births=Births(self._run, self._notebook, outbox, delivery, sampler.devices),
            commands=Commands(self._notebook, outbox, delivery, clock),
            wanted=wanted,
        )
        upkeep = Upkeep(self._database, outbox, clock, pseudonyms, self._run.boot_id)
        return parts, sampler, Exchange(place, parts), upkeep

    def _move(self, region: str) -> None:
        """Forget the gateway, and what is kept for it, when the station changed its region."""
        before = self._notebook.get("region")
        if before not in {None, region}:
            log.info("the region changed", before=before, now=region)
            self._outbox.forget_kept()
            self._notebook.put({"gateway": None})
        if before != region:
            self._notebook.put({"region": region})


def _limits(settings: AgentSettings) -> Limits:
    outbox = settings.outbox
    return Limits(outbox.max_bytes, int(outbox.max_age * 1000), int(outbox.keep * 1000))


def _boot_id(notebook: Notebook) -> str:
    """Return the id of this boot of the box: the same for all runs of the agent until it boots again."""
    kernel, known = kernel_boot(), notebook.get("boot_id")
    if kernel is not None and known is not None and notebook.get("kernel_boot") == kernel:
        return str(known)
    boot_id = str(ULID())
    notebook.put({"kernel_boot": kernel, "boot_id": boot_id})
    return boot_id


def _remembered(notebook: Notebook, boot_id: str) -> Remembered:
    same_boot = notebook.get("clock_boot") == boot_id
    return Remembered(
        time_ms=notebook.get("time_ms"),
        running_ms=int(notebook.get("running_ms") or 0),
        offset=notebook.get("clock_offset") if same_boot else None,
    )
