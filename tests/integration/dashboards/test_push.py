"""`push` and `check` against a Grafana that keeps what it is told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dashboards.cli import app
from dashboards.files import Built, built
from dashboards.grafana import Grafana, GrafanaError
from dashboards.pushing import Finding, Push, State
from dashboards.source import SOURCE_UID, Source
from tests.support.grafana import TOKEN, FakeGrafana
from tests.support.http_fake import Mood

SOURCE = Source("http://127.0.0.1:8086")
BOARDS = built()[:3]
FLEET = "yizhan-fleet-zh"


@pytest.fixture
async def grafana() -> AsyncIterator[FakeGrafana]:
    async with FakeGrafana().listening() as fake:
        yield fake


def plan(fake: FakeGrafana, boards: list[Built] = BOARDS, token: str = TOKEN, timeout_s: float = 5) -> Push:
    return Push(Grafana(fake.base, token, timeout_s), boards, SOURCE, "secret-of-influx")


async def pushed(push: Push, *, overwrite: bool = False) -> list[tuple[Finding, bool]]:
    return await asyncio.to_thread(lambda: list(push.push(overwrite=overwrite)))


async def command(fake: FakeGrafana, *words: str, token: str = TOKEN) -> Result:
    env = {"GRAFANA_TOKEN": token, "INFLUXDB_TOKEN": "t"}
    return await asyncio.to_thread(
        CliRunner().invoke, app, [words[0], "--grafana", fake.base, *words[1:]], env=env
    )


def changed(found: list[tuple[Finding, bool]]) -> list[str]:
    return [finding.what for finding, written in found if written]


async def test_it_makes_folder_data_source_and_dashboards(grafana: FakeGrafana) -> None:
    found = await pushed(plan(grafana))
    assert len(changed(found)) == 2 + len(BOARDS)
    assert grafana.folders["yizhan"]["title"] == "驿站 Yizhan"
    assert {one["meta"]["folderUid"] for one in grafana.dashboards.values()} == {"yizhan"}
    assert grafana.sources[SOURCE_UID]["secureJsonFields"] == {"httpHeaderValue1": True}


async def test_it_changes_nothing_the_second_time(grafana: FakeGrafana) -> None:
    await pushed(plan(grafana))
    before = grafana.writes
    found = await pushed(plan(grafana))
    assert {finding.state for finding, _ in found} == {State.SAME}
    assert grafana.writes == before


async def test_it_brings_an_older_push_of_ours_up_to_date(grafana: FakeGrafana) -> None:
    await pushed(plan(grafana, built("https://old.example")[:3]))
    found = await pushed(plan(grafana))
    assert {finding.state for finding, _ in found[2:]} == {State.OLDER}
    assert len(changed(found)) == len(BOARDS)


async def test_it_leaves_what_somebody_changed_by_hand_and_says_what(grafana: FakeGrafana) -> None:
    await pushed(plan(grafana))
    panels = [dict(panel) for panel in grafana.dashboards[FLEET]["dashboard"]["panels"]]
    panels[1] |= {"description": "ours now"}
    grafana.edit(FLEET, panels=panels, refresh="5s")
    found = await pushed(plan(grafana))
    edited = next(finding for finding, _ in found if finding.state is State.EDITED)
    assert edited.what == f"dashboard {FLEET}"
    assert edited.differences == ("panel '未关闭告警': description", "refresh")
    assert changed(found) == []
    assert grafana.dashboards[FLEET]["dashboard"]["refresh"] == "5s"


async def test_it_replaces_an_edit_when_told_to(grafana: FakeGrafana) -> None:
    await pushed(plan(grafana))
    grafana.edit(FLEET, refresh="5s")
    found = await pushed(plan(grafana), overwrite=True)
    assert changed(found) == [f"dashboard {FLEET}"]
    assert grafana.dashboards[FLEET]["dashboard"]["refresh"] == "1m"


async def test_it_does_not_write_over_what_was_saved_while_it_looked(grafana: FakeGrafana) -> None:
    await pushed(plan(grafana, built("https://old.example")[:3]))
    grafana.hurried = True
    with pytest.raises(GrafanaError, match="changed it meanwhile"):
        await pushed(plan(grafana))


async def test_it_takes_a_data_source_somebody_moved_for_an_edit(grafana: FakeGrafana) -> None:
    await pushed(plan(grafana))
    grafana.sources[SOURCE_UID]["url"] = "http://elsewhere:8086"
    found = await pushed(plan(grafana))
    assert [finding.differences for finding, _ in found if finding.state is State.EDITED] == [("url",)]


@pytest.mark.parametrize(
    ("status", "said", "advice"),
    [
        (400, "bad dashboard", "Grafana 10 or newer"),
        (403, "permissions needed: dashboards:create", "role Editor"),
        (404, "folder not found", "folder not found"),
        (409, "data source with the same name already exists", "rename that one"),
        (412, "A dashboard with the same name", "another dashboard has the title"),
        (500, "database is locked", "read its log"),
        (502, "", "in trouble"),
    ],
)
async def test_it_says_what_to_do_when_grafana_refuses(
    grafana: FakeGrafana, status: int, said: str, advice: str
) -> None:
    grafana.refusing = (status, said)
    with pytest.raises(GrafanaError, match=advice):
        await pushed(plan(grafana))


async def test_it_says_what_to_do_about_a_token_that_is_not_taken(grafana: FakeGrafana) -> None:
    with pytest.raises(GrafanaError, match="GRAFANA_TOKEN"):
        await pushed(plan(grafana, token="wrong"))


@pytest.mark.parametrize(
    ("mood", "advice"),
    [
        (Mood.DROP, "hung up"),
        (Mood.HANG, "did not answer in time"),
        (Mood.NONSENSE, "does not answer like Grafana"),
        (Mood.ERROR, "in trouble"),
    ],
)
async def test_it_says_what_to_do_when_nothing_sensible_answers(
    grafana: FakeGrafana, mood: Mood, advice: str
) -> None:
    grafana.mood = mood
    with pytest.raises(GrafanaError, match=advice):
        await pushed(plan(grafana, timeout_s=0.3))


async def test_it_follows_nobody_elsewhere_with_its_token(grafana: FakeGrafana) -> None:
    grafana.moved_to = f"{grafana.base}/moved"
    with pytest.raises(GrafanaError, match="leads elsewhere"):
        await pushed(plan(grafana))
    assert len(grafana.requests) == 1


async def test_it_says_that_nobody_listens(grafana: FakeGrafana) -> None:
    nobody = Grafana("http://127.0.0.1:1", TOKEN)
    with pytest.raises(GrafanaError, match="is Grafana running"):
        await asyncio.to_thread(nobody.folder, "yizhan")
    assert grafana.requests == []


async def test_its_commands_push_then_find_nothing_to_do(grafana: FakeGrafana) -> None:
    first = await command(grafana, "push", "--influxdb", "http://127.0.0.1:8086")
    assert first.exit_code == 0
    assert first.output.count("created") == 14
    again = await command(grafana, "push", "--influxdb", "http://127.0.0.1:8086")
    assert again.output.count("as it should be") == 14
    assert (await command(grafana, "check")).exit_code == 0


async def test_its_dry_run_writes_nothing(grafana: FakeGrafana) -> None:
    said = await command(grafana, "push", "--dry-run")
    assert said.output.count("would be created") == 13
    assert grafana.writes == 0


async def test_its_commands_report_an_edit_and_exit_with_1(grafana: FakeGrafana) -> None:
    await command(grafana, "push")
    grafana.edit(FLEET, refresh="5s")
    for words in (("check",), ("push",), ("push", "--dry-run")):
        said = await command(grafana, *words)
        assert said.exit_code == 1
        assert "edited by hand / 有人工修改\n  refresh" in said.output


async def test_its_commands_end_a_mistake_in_one_sentence(grafana: FakeGrafana, tmp_path: Path) -> None:
    said = await command(grafana, "push", token="wrong")
    assert (said.exit_code, said.output.count("\n")) == (1, 1)
    assert (await command(grafana, "push", token="")).exit_code == 2
    file = await command(grafana, "push", "--token-file", str(tmp_path / "none"))
    assert file.exit_code == 2
    env = {"GRAFANA_TOKEN": TOKEN}
    for address in ("grafana", "http://user:secret@127.0.0.1:3000", "http://127.0.0.1:3000?token=1"):
        wrong = CliRunner().invoke(app, ["push", "--grafana", address], env=env)
        assert wrong.exit_code == 2
        assert "secret" not in wrong.output


async def test_it_never_shows_a_token(grafana: FakeGrafana) -> None:
    grafana.refusing = (403, "no")
    said = await command(grafana, "push", "--influxdb", "http://127.0.0.1:8086")
    assert TOKEN not in said.output
    assert all(TOKEN not in request.target for request in grafana.requests)
