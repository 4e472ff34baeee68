"""Roll-ups, alerts and the state of the fleet, beside the readings."""

import time
from dataclasses import replace

import pytest

from gateway.state.alert_rows import AlertRow, AlertState, Entry, JournalEntry
from gateway.timeseries.mirror import minutes
from gateway.timeseries.mirror.lines import line
from gateway.timeseries.mirror.positions import FILE_NAME
from gateway.timeseries.rollups import SETTLE_MS, Rollups
from tests.integration.mirror.house import House
from tests.support.influx import Influx, Said
from tests.support.waiting import until_sync
from tests.unit.gateway_ingest.ticks import NOW, arrived, payload
from wire.influx import NS_A_MS, STATIONS

QUARTER = 900_000
HOUR = 3_600_000
START = NOW - NOW % HOUR
ALERT = AlertRow(
    alert_id="01K0Q0A1B2C3D4E5F6G7H8J9KM",
    rule="WA-02",
    station_id="louxing-07",
    device="main",
    region="louxing",
    severity="P2",
    standing="P2",
    state=AlertState.FIRING,
    opened=NOW,
    episode=NOW,
    worsened=NOW,
    changed=NOW,
    received=NOW,
)


def say(house: House, ts: int, **groups: object) -> None:
    """Store one frame of readings taken at ``ts``."""
    house.seq += 1
    readings = {domain: [{"ts": ts, **reading}] for domain, reading in groups.items()}  # type: ignore[dict-item]
    said = payload(house.seq, readings, sent=ts)
    house.consume(arrived(said, received=ts))


def roll(house: House, now: int) -> None:
    """Have every quarter and day told that is over."""
    rollups = Rollups(house.store, lambda _station: "UTC")
    while rollups.step(now, house.desk.frame - 1):
        pass


def rows(server: Influx, source: str) -> dict[int, dict[str, object]]:
    """Return the points of a roll-up by their time in ms, values only."""
    told = server.query(f"SELECT * FROM {source}")  # noqa: S608 - names of ours
    return {
        row["time"] // NS_A_MS: {name: value for name, value in row.items() if value is not None}
        for row in told
    }


def until_rolled(server: Influx, source: str, bucket: int, **fields: object) -> None:
    def is_there() -> bool:
        told = rows(server, source).get(bucket, {})
        return all(told.get(name) == value for name, value in fields.items())

    until_sync(is_there, 20, f"{source} {bucket} {fields}: {rows(server, source)}")


def test_it_mirrors_roll_ups_and_tells_them_again_when_late_readings_come(
    house: House, server: Influx
) -> None:
    house.arrange()
    for minute in range(16):
        ts = START + minute * 60_000
        say(
            house,
            ts,
            power={"device": "main", "energy_import_kwh_total": 100.0 + minute, "breaker_closed": True},
            access={"device": "door", "event": "granted", "credential_kind": "qr"},
        )
    roll(house, START + QUARTER + SETTLE_MS)
    with house.mirroring():
        until_rolled(
            server,
            "rollups.power_15m",
            START,
            energy_import_kwh_total_increase=14,
            energy_import_kwh_total_last=114,
            breaker_closed_true_s=900,
            breaker_closed_false_s=0,
            station="louxing-07",
            region="louxing",
        )
        until_rolled(server, "rollups.access_15m", START, granted_count=15)
        say(house, START + 30_000, access={"device": "door", "event": "granted", "credential_kind": "qr"})
        roll(house, START + 2 * QUARTER + SETTLE_MS)
        until_rolled(server, "rollups.access_15m", START, granted_count=16)
        roll(house, START + 2 * 24 * HOUR)
        until_rolled(server, "rollups.access_1d", START - START % (24 * HOUR), granted_count=17)


def test_it_reads_all_roll_ups_through_when_it_begins_anew(house: House, server: Influx) -> None:
    house.arrange()
    for hour in range(30):
        say(house, START + hour * HOUR, water={"device": "main", "water_flow_l_per_min": float(hour)})
    roll(house, START + 30 * HOUR)
    house.store.cursor().execute("DELETE FROM retold")
    with house.mirroring():
        until_rolled(server, "rollups.water_15m", START + 29 * HOUR, water_flow_l_per_min_max=29)
    assert len(rows(server, "rollups.water_15m")) == 30
    server.query("DROP MEASUREMENT water_15m")
    (house.directory / FILE_NAME).unlink(missing_ok=True)
    with house.mirroring():
        until_rolled(server, "rollups.water_15m", START + 29 * HOUR, water_flow_l_per_min_max=29)


def test_it_mirrors_what_happens_to_alerts_once(house: House, server: Influx) -> None:
    house.arrange()
    with house.state.begin() as connection:
        alerts = house.state.alerts
        alerts.save(connection, [ALERT])
        opened = {"severity": "P3", "value": 31.5, "limit": 20.0}
        sent, taken = {"channel": "one", "person": "li"}, {"comment": "on my way"}
        alerts.note(
            connection,
            [
                JournalEntry(ALERT.alert_id, NOW, Entry.OPENED, None, opened, "1"),
                JournalEntry(ALERT.alert_id, NOW, Entry.ANNOUNCED, None, {"severity": "P3"}),
                JournalEntry(ALERT.alert_id, NOW + 1_000, Entry.SENT, None, sent),
                JournalEntry(ALERT.alert_id, NOW + 2_000, Entry.RAISED, None, {"severity": "P2"}, "2"),
                JournalEntry(ALERT.alert_id, NOW + 60_000, Entry.ACKNOWLEDGED, "wang", taken),
            ],
        )
    with house.mirroring():
        until_sync(lambda: len(server.query("SELECT * FROM alerts.alerts")) == 3, what="the transitions")
    with house.state.begin() as connection:
        over = replace(ALERT, state=AlertState.RESOLVED)
        house.state.alerts.save(connection, [over])
        detail = {"comment": "a tap", "verdict": "real"}
        house.state.alerts.note(
            connection, [JournalEntry(ALERT.alert_id, NOW + 90_000, Entry.RESOLVED, "wang", detail)]
        )
    (house.directory / FILE_NAME).unlink(missing_ok=True)
    with house.mirroring():
        until_sync(lambda: len(server.query("SELECT * FROM alerts.alerts")) == 4, what="the end")
    told = server.query("SELECT * FROM alerts.alerts")
    assert [(row["change"], row["state"], row["severity"]) for row in told] == [
        ("opened", "firing", "P3"),
        ("raised", "firing", "P2"),
        ("acknowledged", "acknowledged", "P2"),
        ("resolved", "resolved", "P2"),
    ]
    assert (told[0]["value"], told[0]["limit"], told[2]["ack_s"], told[3]["verdict"]) == (
        31.5,
        20,
        60,
        "real",
    )
    messages = server.query("SELECT * FROM alerts.alert_journal")
    assert [(row["change"], row["channel"]) for row in messages] == [("announced", None), ("sent", "one")]
    everything = str(told) + str(messages)
    assert "wang" not in everything
    assert "on my way" not in everything


def test_it_keeps_the_newest_states_while_the_server_is_away_and_counts_the_others(
    house: House, server: Influx, monkeypatch: pytest.MonkeyPatch
) -> None:
    def states(minute: int) -> list[str]:
        said = line(STATIONS, {"region": "r", "station": "s"}, {"state": "online"}, minute * NS_A_MS)
        assert said is not None
        return [said]

    house.arrange()
    monkeypatch.setattr(minutes, "MOST_BYTES", 3 * len(states(NOW)[0]))
    server.answer_writes = Said(503, {"message": "away"})
    with house.mirroring() as mirroring:
        for minute in range(5):
            mirroring.minutes.offer(NOW + minute, states(NOW + minute))
        assert house.metric("dropped_total") == 2
        server.answer_writes = None
        until_sync(lambda: len(server.query("SELECT * FROM stations")) == 3, what="the newest three")
    assert {row["time"] // NS_A_MS - NOW for row in server.query("SELECT * FROM stations")} == {2, 3, 4}


def test_it_writes_no_faster_than_it_is_told(house: House) -> None:
    house.arrange()
    house.take(100)
    house.settings = house.settings.model_copy(update={"points_per_s": 2_000})
    values = sum(house.stored().values())
    begun = time.monotonic()
    with house.mirroring() as mirroring:
        until_sync(lambda: house.has_caught_up(mirroring), 60, "all of it")
    assert time.monotonic() - begun > values / 2_000 - 3
    assert values > 4_000
