"""A station and its gateways on virtual time, what befalls them, and what has to be true in the end."""

import random

from ulid import ULID

from gateway.ingest.claims import Standing
from tests.simulation.account import Account
from tests.simulation.box import REGION, Box
from tests.simulation.disk import Disk
from tests.simulation.gateway import Gateway, Stores
from tests.simulation.link import Link
from wire.measures import FrameClass

ROOMY, TIGHT = 10_000_000, 4_000
LONGEST_S = 6 * 86_400.0
MOST_EVENTS = 200_000
MOMENTS = ("before", "stored", "noted", "acking")


class World:
    """Everything there is, with every number drawn from ``seed``."""

    def __init__(self, seed: int, *, tight: bool = False, credit: int = 64) -> None:
        self.rng = random.Random(seed)
        self.now = 0.0
        self.link = Link(self.rng)
        self.disks: list[bytes] = []
        self.backups: list[Stores] = []
        self._tight = tight
        self._credit = credit
        self._tokens = 0
        self._events = 0
        self.boxes: list[Box] = []
        self.gateways: list[Gateway] = []
        self.account = Account(self.boxes, self.gateways)
        self.add_gateway()
        self.add_box(Disk())

    # -- who there is

    def add_box(self, disk: Disk) -> Box:
        """Put up a box with this disk."""
        box = Box(self.link, self.rng, disk, TIGHT if self._tight else ROOMY, self.account.take)
        self.boxes.append(box)
        self.link.ends.append(box)
        box.start(self.now)
        return box

    def add_gateway(self, *, take_over: bool = False) -> Gateway:
        """Start a gateway on empty stores."""
        stores = Stores(str(ULID(self.rng.randbytes(16))))
        gateway = Gateway(self.link, self.rng, stores, self._credit)
        gateway.take_over = take_over
        self.gateways.append(gateway)
        self.link.ends.append(gateway)
        gateway.start(self.now)
        return gateway

    @property
    def ends(self) -> list[Box | Gateway]:
        """All of them."""
        return [*self.boxes, *self.gateways]

    @property
    def box(self) -> Box:
        """The newest box."""
        return self.boxes[-1]

    @property
    def gateway(self) -> Gateway:
        """The newest gateway."""
        return self.gateways[-1]

    @property
    def holder(self) -> Gateway:
        """The gateway whose region it is."""
        holders = [g for g in self.gateways if g.up and g.claims.standing(REGION) is Standing.OURS]
        assert len(holders) == 1, f"{len(holders)} gateways hold the region"
        return holders[0]

    # -- time

    def pass_time(self, seconds: float) -> None:
        """Let this much time pass, event by event."""
        until = self.now + seconds
        while True:
            due = {end: end.next_due() for end in self.ends}
            times = [self.link.next_due(), *due.values()]
            earliest = min((at for at in times if at is not None), default=None)
            if earliest is None or earliest > until:
                break
            self.now = max(self.now, earliest)
            heard = self.link.deliver(self.now)
            for end, at in due.items():
                if end in heard or (at is not None and at <= self.now):
                    end.work(self.now)
            self._events += 1
            assert self._events < MOST_EVENTS, "somebody never comes to rest"
        self.now = until

    # -- what befalls them

    def take(
        self,
        count: int,
        frame_class: FrameClass = FrameClass.SAMPLE,
        *,
        kind: int = 0,
        box: Box | None = None,
    ) -> None:
        """Take readings at a box, the newest if none is named; ``kind`` may be BROKEN or NEWER."""
        tokens = [kind + self._tokens + position for position in range(count)]
        self._tokens += count
        (box or self.box).take(tokens, frame_class, self.now)

    def limit_outbox(self) -> None:
        """Start the agent of the newest box again with room for a few dozen frames only."""
        self.box.limit(TIGHT)
        self.box.kill(self.now, back_after_s=0.0)
        self.pass_time(3.0)

    def clone(self) -> None:
        """Copy the card of the newest box into a second one; both go on, each as if it were alone."""
        twin = self.box.disk.image()
        self.add_box(Disk(twin))

    def save_disk(self) -> None:
        """Make a backup of the newest box's disk."""
        self.disks.append(self.box.disk.image())

    def restore_disk(self) -> None:
        """Put a backup into the newest box."""
        if self.disks:
            self.account.destroy(self._restore_disk)

    def _restore_disk(self) -> None:
        self.box.kill(self.now, back_after_s=1.0)
        self.box.disk = Disk(self.disks[-1])

    def power_cut(self) -> None:
        """Cut the power of the newest box: what was not synced is gone, and nothing of that may matter."""
        self.box.kill(self.now, back_after_s=2.0, power_cut=True)

    def save_stores(self) -> None:
        """Make a backup of the newest gateway's stores."""
        self.backups.append(self.gateway.stores.backup())

    def restore_stores(self) -> None:
        """Set the newest gateway back to a backup of its own."""
        own = [stores for stores in self.backups if stores.gateway == self.gateway.stores.gateway]
        if own:
            self.account.destroy(lambda: self._restore_stores(own[-1].backup()))

    def _restore_stores(self, stores: Stores) -> None:
        self.account.may_drop_acknowledged = True
        self.gateway.kill(self.now, back_after_s=1.0)
        self.gateway.stores = stores

    def replace_gateway(self) -> None:
        """Start a new gateway with --take-over; the old one runs on."""
        self.account.may_drop_acknowledged = True
        self.add_gateway(take_over=True)

    def cut(self, seconds: float) -> None:
        """Break every connection."""
        for end in self.ends:
            end.disconnect(self.now, back_after_s=seconds + self.rng.uniform(0, 3))

    def kill_broker(self) -> None:
        """End the broker: what it held is gone, retained messages included."""
        self.link.forget()
        self.cut(1.0)

    # -- the end

    def heal(self) -> None:
        """Repair everything, and let time pass until all is settled."""
        self.link.loss = self.link.repeat = 0.0
        self.link.longest_s = 0.05
        for box in self.boxes:
            box.disk.clear()
            box.disk.kill_in = box.disk.refuse_in = 0
        for gateway in self.gateways:
            gateway.full, gateway.kill_at, gateway.knows_newer = False, None, True
        for end in self.ends:
            if end.reconnect_at is not None:
                end.reconnect_at = self.now
            if end.starts_at is not None:
                end.starts_at = self.now
        self.pass_time(120.0)
        self._operate()
        self._settle()
        # What no frame is left to say, a birth says; the next connection at the latest brings one.
        self.cut(0.0)
        self._settle()

    def _settle(self) -> None:
        until = self.now + LONGEST_S
        chunk = 60.0
        quiet = 0
        # Twice: what the gateway has not been told yet looks settled too.
        while self.now < until and quiet < 2:
            for box in self.boxes:
                self.take(1, box=box)
            self.pass_time(chunk)
            quiet = quiet + 1 if self.is_settled() else 0
            chunk = min(chunk * 1.3, 1800.0)

    def _operate(self) -> None:
        """Do what an operator does: give the region to the newest gateway when stations obey another."""
        obeyed = {box.process.parts.delivery.gateway for box in self.boxes if box.process is not None}
        if obeyed <= {self.holder.stores.gateway, None}:
            return
        holder = self.holder
        holder.take_over = True
        holder.kill(self.now, back_after_s=1.0)
        self.pass_time(20.0)
        # Cloned boxes share one retained birth; each has to say whom it obeys.
        self.cut(1.0)
        self.pass_time(60.0)

    def is_settled(self) -> bool:
        """Whether nothing waits anywhere."""
        if not all(box.is_quiet() for box in self.boxes):
            return False
        return not self.holder.pending and not any(self.holder.lacking())

    def check(self) -> None:
        """Hold everything to the promise: stored exactly once, and the balance holds."""
        assert self.is_settled(), self._unsettled()
        self.account.check(self.holder)

    def _unsettled(self) -> str:
        boxes = [
            (box.process.parts.outbox.stream_states(), box.process.parts.outbox.depth)
            if box.process
            else None
            for box in self.boxes
        ]
        return f"never settled: boxes {boxes}, gateway lacks {list(self.holder.lacking())}"
