from pathlib import Path

from gateway.alerting.detection import backtest
from gateway.alerting.detection.recovery import History
from gateway.domain.alerts import Transition
from gateway.state.births import Happening
from tests.unit.alerting.detection.stage import happening
from tests.unit.alerting.detection.test_recovery import House, frames
from tests.unit.gateway_ingest.ticks import NOW


def test_history_judged_again_says_what_was_said_live(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.start()
    house.hear(happening(300, Happening.WILL, "louxing-08", state="lost", session=1))
    live: list[Transition] = []
    for said in frames():
        batch = house.stage.batch(*said)
        house.store.consume([batch])
        until = int(batch.frames["received"].to_numpy().max())
        rows = house.desk.state.births.between(house.consumer.engine.clock, until)
        live += house.consumer.engine.take(batch, rows)
    history = History(house.store, house.desk.state.births)
    again = backtest.run(house.make(lambda _: True), history, NOW, NOW + 880_000)
    by_time = sorted(live, key=lambda one: (one.received, one.key.rule, one.change))
    assert len(live) > 6
    assert sorted(again.transitions, key=lambda one: (one.received, one.key.rule, one.change)) == by_time
    (panic,) = [one for one in again.fired() if one.first.key.rule == "TS-03"]
    assert (panic.worst, panic.cleared) == ("P1", panic.first.opened + 30_000)
    house.stop()


def test_a_part_says_up_to_when_it_was_judged(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.start()
    for said in frames():
        house.store.consume([house.stage.batch(*said)])
    history = History(house.store, house.desk.state.births)
    part = backtest.run(house.make(lambda _: True), history, NOW, NOW + 880_000, enough=lambda: True)
    assert part.frames > 0
    assert part.judged_until <= NOW + 886_000
    nothing = backtest.run(house.make(lambda _: True), history, NOW - 10**9, NOW - 10**8)
    assert nothing.frames == 0
    house.stop()
