"""What became of every reading, and whether the promise was kept (contract, section 4)."""

from collections.abc import Callable, Iterable

from tests.simulation.box import STATION_ID, Box
from tests.simulation.gateway import Gateway, Identity, Stores
from tests.simulation.readings import BROKEN, NEWER


class Account:
    """``taken`` is the truth: which reading went into which frame. ``dropped`` went by policy.

    ``excused`` are readings whose last copy was destroyed together with a disk or a store that was set
    back, which no protocol can bring back.
    """

    def __init__(self, boxes: list[Box], gateways: list[Gateway]) -> None:
        self.taken: dict[Identity, int] = {}
        self.excused: set[Identity] = set()
        self.dropped: set[Identity] = set()
        self.may_drop_acknowledged = False
        self._boxes = boxes
        self._gateways = gateways

    def take(self, identity: Identity, token: int) -> None:
        """Note into which frame a reading went."""
        assert identity not in self.taken, f"{identity} names two readings"
        self.taken[identity] = token

    def destroy(self, disaster: Callable[[], None]) -> None:
        """Let a disaster happen, and excuse what it left no copy of."""
        before = self._traces()
        disaster()
        self.excused |= before - self._traces()

    def _traces(self) -> set[Identity]:
        """Every frame of which there is a copy anywhere, or that a gateway knows to be dropped."""
        self._note_dropped()
        on_boxes = [box.disk.held() for box in self._boxes]
        at_gateways = [set(filter(gateway.has_trace, self.taken)) for gateway in self._gateways]
        return set().union(*on_boxes, *at_gateways)

    def _note_dropped(self) -> None:
        for box in self._boxes:
            self.dropped |= box.disk.dropped()

    def check(self, holder: Gateway) -> None:
        """Hold everything to the promise: stored exactly once, and the balance holds."""
        self._note_dropped()
        for gateway in self._gateways:
            self._check_stores(gateway.stores)
        for identity in self._absent(holder.stores):
            self._check_absent(identity, holder)
        counted = holder.received.figures(STATION_ID)
        assert counted["received"] == len(holder.stores.stored) + len(holder.stores.quarantined)
        assert counted["missing"] == 0

    def _check_stores(self, stores: Stores) -> None:
        for identity, tokens in stores.stored.items():
            assert tokens == [self.taken[identity]], f"{identity} was stored {len(tokens)} times or changed"
        for identity in stores.quarantined:
            assert BROKEN <= self.taken[identity] < NEWER
            assert identity not in stores.stored

    def _absent(self, stores: Stores) -> Iterable[Identity]:
        return (frame for frame in self.taken if not stores.has(frame) and frame not in self.excused)

    def _check_absent(self, identity: Identity, holder: Gateway) -> None:
        """A frame that is not stored was dropped by policy and the gateway told so, or is not its concern."""
        stream, seq = identity
        ledger = holder.received.streams.get(stream)
        if ledger is not None and seq in ledger.gone:
            return
        elsewhere = identity in self.dropped or any(g.has_trace(identity) for g in self._gateways)
        foreign_to_it = ledger is None or not ledger.first <= seq <= ledger.last
        assert foreign_to_it, f"{identity} is lost and the gateway does not know"
        assert elsewhere or self.may_drop_acknowledged, f"{identity} is lost and nobody ever had it"
