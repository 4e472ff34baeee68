"""Whatever the server does, in the end both sides count the same, field by field."""

import shutil

import pytest

from gateway.timeseries.mirror.positions import FILE_NAME
from tests.integration.mirror.house import House, settings_for
from tests.support.influx import Influx, Said
from tests.support.waiting import until_sync


def test_it_mirrors_every_field_of_every_domain(house: House, server: Influx) -> None:
    house.arrange()
    house.take(300)
    with house.mirroring() as mirroring:
        house.until_equal(mirroring)
    keys = server.query("SHOW FIELD KEYS ON yizhan FROM access.access_events")
    assert "subject_ref" not in {row["fieldKey"] for row in keys}


def test_it_goes_on_where_it_was_after_a_restart(house: House, server: Influx) -> None:
    house.arrange()
    house.take(100)
    with house.mirroring() as mirroring:
        house.until_equal(mirroring)
    house.take(100)
    written = server.writes
    with house.mirroring() as mirroring:
        house.until_equal(mirroring)
    assert 1 <= server.writes - written <= 10, "what was there already is not written again"


def test_writing_everything_again_changes_nothing(house: House) -> None:
    house.arrange()
    house.take(100)
    with house.mirroring() as mirroring:
        house.until_equal(mirroring)
    (house.directory / FILE_NAME).unlink(missing_ok=True)
    with house.mirroring() as mirroring:
        house.until_equal(mirroring)


def test_it_catches_up_with_a_server_that_was_killed_and_long_away(house: House, server: Influx) -> None:
    house.arrange()
    house.take(100)
    with house.mirroring() as mirroring:
        house.until_equal(mirroring)
        server.kill()
        house.take(200)
        until_sync(lambda: "unreachable" in mirroring.condition, what="the failure being told")
        until_sync(lambda: house.metric("lag_frames") >= 200, what="the lag being shown")
        assert house.metric("up") == 0
        server.start()
        house.until_equal(mirroring)
        until_sync(lambda: house.metric("lag_frames") == 0, what="no lag")
        assert house.metric("up") == 1


def test_it_is_killed_with_its_server_while_it_writes(house: House, server: Influx) -> None:
    house.arrange()
    house.take(400)
    for _ in range(4):
        with house.mirroring():
            before = server.writes
            until_sync(lambda start=before: server.writes > start, what="a write")  # type: ignore[misc]
            server.kill()
        server.start()
        house.take(50)
    with house.mirroring() as mirroring:
        house.until_equal(mirroring)


def test_it_waits_for_a_server_that_hangs(house: House, server: Influx) -> None:
    house.settings = house.settings.model_copy(update={"timeout_s": 0.3})
    house.arrange()
    server.pause()
    house.take(100)
    with house.mirroring() as mirroring:
        until_sync(lambda: "unreachable" in mirroring.condition, what="the time-out")
        server.resume()
        house.until_equal(mirroring)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Said(500, {"error": "timeout"}), "server_error"),
        (Said(503, {"message": "busy"}, {"Retry-After": "1"}), "busy"),
        (Said(429, {"message": "slow down"}, {"Retry-After": "1"}), "busy"),
        (Said(400, {"error": "partial write: open /x/0002: no space left on device dropped=1"}), "no_room"),
        (Said(401, {"code": "unauthorized", "message": "unauthorized access"}), "forbidden"),
        (Said(404, {"code": "not found", "message": 'bucket "yizhan/raw" not found'}), "no_bucket"),
    ],
    ids=["500", "503", "429", "full disk", "401", "404"],
)
def test_it_loses_nothing_to_a_server_that_refuses_for_a_while(
    house: House, server: Influx, said: Said, reason: str
) -> None:
    house.arrange()
    house.take(50)
    server.answer_writes = said
    with house.mirroring() as mirroring:
        until_sync(lambda: reason in mirroring.condition, what="the reason being told")
        assert house.metric("failures_total", reason=reason) >= 1
        server.answer_writes = None
        house.until_equal(mirroring)
    assert house.metric("refused_total", reason=reason) == 0


def test_it_is_written_in_smaller_pieces_to_a_server_that_takes_little(house: House, server: Influx) -> None:
    house.arrange()
    house.take(200)
    server.most_bytes = 20_000
    with house.mirroring() as mirroring:
        house.until_equal(mirroring)
    assert server.writes > 10


def test_it_writes_again_what_a_server_took_and_forgot(house: House, server: Influx) -> None:
    house.arrange()
    house.take(50)
    server.answer_writes = Said(204, None)
    with house.mirroring() as mirroring:
        until_sync(lambda: "not_read_back" in mirroring.condition, what="the probe noticing")
        server.answer_writes = None
        house.until_equal(mirroring)


def test_it_lets_go_what_can_never_be_read_back_and_counts_it(
    house: House, server: Influx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.timeseries.mirror.mirror.UNPROVEN_AFTER", 3)
    house.arrange()
    house.take(50)
    server.answer_writes = Said(204, None)
    with house.mirroring() as mirroring:
        until_sync(lambda: house.has_caught_up(mirroring), 30, "it goes on")
        assert house.metric("unproven_total") > 0


def test_a_restored_store_is_mirrored_from_where_it_ends(house: House) -> None:
    house.arrange()
    house.take(60)
    house.store.checkpoint()
    backup = house.directory / "backup.duckdb"
    shutil.copy(house.store.path, backup)
    backed_up = house.seq, house.desk.frame
    house.take(60)
    with house.mirroring() as mirroring:
        house.until_equal(mirroring)
    house.store.close()
    shutil.copy(backup, house.store.path)
    house.seq, frame = backed_up
    house.reopen(frame)
    house.take(20)
    with house.mirroring() as mirroring:
        until_sync(lambda: house.has_caught_up(mirroring), 30, "the rest being mirrored")
    assert house.mirrored() >= house.stored(), "and what the restored store has lost is there still"


def test_it_leaves_a_hanging_server_behind_when_it_stops(house: House, server: Influx) -> None:
    house.arrange()
    house.take(10)
    server.pause()
    asked = server.asked
    with house.mirroring():
        until_sync(lambda: server.asked > asked, what="a question that hangs")
    server.resume()


def test_it_writes_to_one_that_is_older_than_the_interface_of_2(house: House, server: Influx) -> None:
    house.settings = settings_for(server, url=server.bare_url)
    assert len(house.arrange()) == 4
    house.take(50)
    with house.mirroring() as mirroring:
        house.until_equal(mirroring)
    assert server.writes == 0, "nothing went through the shim"
