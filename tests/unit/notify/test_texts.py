"""What people read, in both languages."""

import string

import pytest

from gateway.notify.fitting import render
from gateway.notify.notifier import Kind, Lang
from gateway.notify.texts import TEXTS, VARIABLES, clean, subject, variables
from tests.support.notices import MINUTE_MS, NOW, alert_id, message, notice
from wire.measures.words import Name

HOUR_MS = 60 * MINUTE_MS


def test_a_chinese_alert_reads_like_this() -> None:
    assert render(message(), "zh", NOW).splitlines() == [
        "【P1 紧急】港桥惠工驿站｜淋浴间超时滞留（shower-2）",
        "开始 16:49｜隔间占用时长 31 分钟，限值 30 分钟",
        "请立即喊话，2 分钟无应答到场并拨 120",
        "确认: https://yizhan.example.org/a/token1",
        f"告警号 {alert_id()}",
    ]


def test_an_english_alert_reads_like_this() -> None:
    assert render(message(attempt=2), "en", NOW).splitlines() == [
        "[P1 critical] Gangqiao rest station｜Shower occupied too long (shower-2)",
        "since 16:49｜Cubicle occupied for 31 min, limit 30 min",
        "Call through the speaker; no answer in 2 min: send the nearest person, then dial 120",
        "Acknowledge: https://yizhan.example.org/a/token1",
        f"alert {alert_id()}｜copy 2",
    ]


def test_both_languages_share_link_and_id() -> None:
    text = render(message(), "both", NOW)
    assert text.index("【P1 紧急】") < text.index("[P1 critical]") < text.index("https://")
    assert text.count("https://") == text.count(alert_id()) == 1


def test_late_life_safety_says_its_age_in_the_first_line() -> None:
    late = message(notice(age_s=11_520, opened=NOW - 11_520_000))
    assert (
        render(late, "zh", NOW).splitlines()[0].startswith("【P1 紧急】3 小时 12 分钟前发生｜港桥惠工驿站｜")
    )
    assert (
        render(late, "en", NOW)
        .splitlines()[0]
        .startswith("[P1 critical] 3 h 12 min ago｜Gangqiao rest station｜")
    )


def test_incomplete_data_is_marked() -> None:
    assert "｜数据不完整" in render(message(notice(incomplete=True)), "zh", NOW)
    assert "｜incomplete data" in render(message(notice(incomplete=True)), "en", NOW)


def test_a_raised_alert_says_from_where() -> None:
    assert "｜由 P3 升级" in render(message(notice(was="P3")), "zh", NOW)


def test_a_lowered_alert_says_from_where() -> None:
    assert "｜lowered from P1" in render(message(notice(severity="P3", was="P1")), "en", NOW)


def test_an_alert_in_retrospect_says_so() -> None:
    assert render(message(notice(retrospective=True)), "zh", NOW).startswith("【P1 紧急 补报】")


def test_several_alerts_of_one_station_stand_under_one_heading() -> None:
    text = render(message(notice(1), notice(2, severity="P2")), "zh", NOW)
    assert text.startswith("港桥惠工驿站共 2 条告警\n\n【P1 紧急】")
    assert "\n\n【P2 重要】" in text


def test_a_resolved_alert_says_from_when_until_when_and_nothing_to_do() -> None:
    over = notice(opened=NOW - 25 * HOUR_MS, cleared=NOW - HOUR_MS, link=None)
    assert render(message(over, kind=Kind.RESOLVED), "zh", NOW).splitlines() == [
        "【P1 紧急 已恢复】港桥惠工驿站｜淋浴间超时滞留（shower-2）",
        "12-28 16:20–16:20，持续 1 天｜隔间占用时长 31 分钟，限值 30 分钟",
        f"告警号 {alert_id()}",
    ]


def test_a_latched_alert_that_cleared_still_asks_for_a_person() -> None:
    cleared = message(notice(cleared=NOW, awaits_person=True), kind=Kind.RESOLVED)
    text = render(cleared, "zh", NOW)
    assert text.startswith("【P1 紧急 已恢复，待人工关闭】")
    assert "https://" in text


def test_an_escalation_says_how_long_nobody_answered() -> None:
    told = message(kind=Kind.ESCALATION, step=2, waited_s=300)
    assert render(told, "zh", NOW).startswith("第 2 级升级：5 分钟无人确认\n\n【P1 紧急】")
    assert render(told, "en", NOW).startswith("Escalation step 2: nobody acknowledged for 5 min\n\n")


def test_a_digest_has_a_line_for_each_alert() -> None:
    told = message(
        notice(1, severity="P3", link=None),
        notice(2, severity="P4", link=None),
        kind=Kind.DIGEST,
        counts={"P3": 1, "P4": 1},
        stations=1,
    )
    assert render(told, "zh", NOW).splitlines() == [
        "【汇总】2 条告警（P3 1 P4 1），1 个驿站",
        "",
        "【P3 一般】港桥惠工驿站｜淋浴间超时滞留（shower-2）｜开始 16:49",
        f"告警号 {alert_id(1)}",
        "",
        "【P4 提示】港桥惠工驿站｜淋浴间超时滞留（shower-2）｜开始 16:49",
        f"告警号 {alert_id(2)}",
    ]


def test_a_storm_counts_instead_of_listing() -> None:
    told = message(notice(1), kind=Kind.STORM, counts={"P1": 3, "P2": 4_997}, stations=1_200)
    first = render(told, "zh", NOW).splitlines()[0]
    assert first == "【告警风暴】5000 条告警（P1 3 P2 4997），1200 个驿站；其余不再逐条通知"
    assert told.severity == "P1"


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_text_and_a_subject(kind: Kind, lang: Lang) -> None:
    told = message(notice(1), notice(2), kind=kind, counts={"P1": 2}, stations=1)
    assert render(told, lang, NOW)
    assert len(subject(told, lang).splitlines()) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"domain": "environment", "field": "co_ppm", "value": 68.25, "limit": 50.0},
            "68.25 ppm，限值 50 ppm",
        ),
        ({"domain": "environment", "field": "smoke_alarm", "value": "alarm", "limit": "alarm"}, "报警"),
        ({"domain": "water", "field": "leak_detected", "value": 1.0, "limit": None}, " 是"),
        ({"domain": "occupancy", "field": "event", "value": "panic_button", "limit": None}, "事件 一键报警"),
        ({"domain": "", "field": "share", "value": 0.31, "limit": 0.3}, "share 0.31，限值 0.3"),
        ({"domain": "power", "field": "ups_status", "value": "OB LB?", "limit": None}, "OB LB?"),
    ],
)
def test_values_are_written_as_people_write_them(changes: dict[str, object], said: str) -> None:
    line = render(message(notice(1, **changes)), "zh", NOW).splitlines()[1]
    assert line.endswith(said)


def test_an_alert_without_a_value_has_none() -> None:
    assert render(message(notice(value=None)), "zh", NOW).splitlines()[1] == "开始 16:49"


@pytest.mark.parametrize("tz", ["Asia/Shanghai", "Asia/Urumqi", "UTC"])
def test_times_are_those_on_the_wall_of_the_station(tz: str) -> None:
    since = {"Asia/Shanghai": "16:49", "Asia/Urumqi": "14:49", "UTC": "08:49"}[tz]
    assert f"开始 {since}" in render(message(notice(tz=tz)), "zh", NOW)


def test_names_from_outside_stay_in_their_line() -> None:
    assert clean("a\r\nBcc: x\u202e <at user_id='all'>\x00") == "a Bcc: x ＜at user_id='all'>"


def test_a_template_gets_a_value_for_every_name() -> None:
    for told in (message(), message(kind=Kind.TEST).only(())):
        assert set(variables(told, "zh", NOW)) == set(VARIABLES)
    assert variables(message(), "en", NOW)["station"] == "Gangqiao rest station"


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_have_places_for_the_same_values(key: str) -> None:
    if key == "subject_more":
        return  # 等 n 条 counts the first one too
    zh, en = ({name for _, name, _, _ in string.Formatter().parse(text) if name} for text in TEXTS[key])
    assert zh == en


def test_a_name_from_a_catalogue_may_hold_braces() -> None:
    assert "{station}" in render(message(notice(name=Name("{station}", "{x}"))), "zh", NOW)
