"""A desk on which alerts live: a real state, rules by hand, a clock that is turned by the test."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from catalogue.model import Circumstance, Rule
from gateway.alerting.response.deciding import Policy
from gateway.alerting.response.emergency import Emergency
from gateway.alerting.response.life import Alerts
from gateway.alerting.response.settings import AlertSettings, OnCallSettings, days
from gateway.alerting.response.surroundings import StationFacts, Surroundings
from gateway.domain.alerts import Change, Key, Transition, alert_id
from gateway.domain.holidays import Holidays
from gateway.state.alert_rows import AlertRow, Entry
from gateway.state.database import State
from gateway.state.notification_rows import NotificationRow

NOON = 1_795_320_000_000
"""2026-11-22 12:00 in Shanghai."""
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000

TWO_PEOPLE = OnCallSettings.model_validate(
    {
        "people": {
            "li": {"name": "李", "channels": ["wecom", "sms"]},
            "wang": {"name": "Wang", "channels": ["mail"]},
            "zhao": {"name": "Zhao", "channels": ["sms"]},
        },
        "layers": [
            {"name": "first", "people": ["li"], "first_day": "2026-01-01"},
            {"name": "second", "people": ["wang"], "first_day": "2026-01-01"},
        ],
        "fallback": "zhao",
    }
)


def rule(rule_id: str, *inhibited_by: str, life_safety: bool = False, latched: bool | None = None) -> Rule:
    """A rule of which only matters what people are told, and when."""
    return Rule.model_validate(
        {
            "id": rule_id,
            "name": {"zh": f"规则{rule_id}", "en": f"Rule {rule_id}"},
            "kind": "threshold",
            "subject": "water.water_flow_l_per_min",
            "with": {},
            "levels": [{"severity": "P1"}],
            "inhibited_by": inhibited_by,
            "life_safety": life_safety,
            "latched": latched,
            "first_action": {"zh": "关阀", "en": "Close the valve"},
            "reason": {"zh": "测试", "en": "Test"},
            "source": "own",
        }
    )


RULES = {
    one.id: one
    for one in (
        rule("AG-01"),
        rule("AG-05"),
        rule("AG-02"),
        rule("AG-17", latched=False),
        rule("WA-02"),
        rule("WA-07", "WA-06", "planned_off", "sensor_fault"),
        rule("WA-06"),
        rule("AC-02", "fire"),
        rule("PW-01"),
        rule("PW-04", "mains_outage"),
        rule("EN-01", life_safety=True),
    )
}
GRAPH = tuple(
    Circumstance.model_validate({"name": {"zh": "因", "en": "Cause"}, **one})
    for one in (
        {"id": "platform_outage", "rules": ["AG-17"], "prefixes": ["AG-01", "AG-02"]},
        {
            "id": "station_offline",
            "rules": ["AG-01"],
            "prefixes": ["WA-", "AC-"],
            "lifted_after": ["EN-01"],
            "lifted_for": "10m",
        },
        {"id": "mains_outage", "rules": ["PW-01"]},
        {"id": "planned_off"},
        {"id": "fire", "rules": ["EN-01"]},
        {"id": "sensor_fault", "rules": ["AG-05"], "device": "same"},
        {"id": "maintenance", "window": True, "severities": ["P3", "P4"], "prefixes": ["AC-"]},
        {"id": "commissioning", "severities": ["P1", "P2", "P3", "P4"]},
        {"id": "start_up", "severities": ["P2", "P3", "P4"], "spares": ["PW-01"]},
    )
)


@dataclass
class Desk:
    """Everything the life of alerts needs, and the moves of a test."""

    state: State
    on_call: OnCallSettings = TWO_PEOPLE
    settings: AlertSettings = field(default_factory=AlertSettings)
    now: int = NOON
    started: int = NOON - HOUR
    stations: dict[str, StationFacts] = field(default_factory=dict)
    rules: Mapping[str, Rule] = field(default_factory=lambda: RULES)
    graph: tuple[Circumstance, ...] = GRAPH
    watermark: int = 0

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Start anew on the same state, as after a crash."""
        calendar = Holidays()
        self.policy = Policy(
            Surroundings(self.rules.get, self.station, self.graph),
            self.on_call,
            self.on_call.rota(calendar),
            days(self.on_call, self.settings),
            self.started,
        )
        self.emergency = Emergency(self.policy, self.state.rota_overrides.unended)
        self.alerts = Alerts(self.state, self.policy, self.settings, self.emergency)

    def station(self, station_id: str) -> StationFacts:
        """What is known of a station: by itself, that it was heard just now."""
        return self.stations.get(station_id, StationFacts(region="r", heard=self.now))

    def transition(
        self, rule_id: str, change: Change = Change.OPENED, severity: str = "P2", **more: object
    ) -> Transition:
        """A transition at the present time, of an episode that opened now unless said otherwise."""
        key = Key(rule_id, str(more.pop("station", "a")), str(more.pop("device", "d")))
        made = Transition(key, change, severity, self.now, self.now, self.now, 28.0, 25.0)
        return replace(made, **more)  # type: ignore[arg-type]

    def apply(self, *transitions: Transition) -> None:
        """Apply them as the next frame would."""
        self.watermark += 1
        self.alerts.apply(transitions, self.watermark, self.now)

    def opens(self, rule_id: str, severity: str = "P2", **more: object) -> AlertRow:
        """Let an alert open now, and return it."""
        made = self.transition(rule_id, Change.OPENED, severity, **more)
        self.apply(made)
        return self.alert(alert_id(made.key, made.opened))

    def clears(self, row: AlertRow) -> AlertRow:
        """Let the condition of an alert clear now."""
        key = Key(row.rule, row.station_id, row.device)
        self.apply(Transition(key, Change.CLEARED, row.severity, row.episode, self.now, self.now))
        return self.alert(row.alert_id)

    def pass_time(self, ms: int, step: int = SECOND) -> None:
        """Let time pass, tending every step."""
        end = self.now + ms
        while self.now < end:
            self.now = min(end, self.now + step)
            while self.alerts.tend(self.now):
                pass

    def alert(self, wanted: str) -> AlertRow:
        """An alert as it is now."""
        row = self.state.alerts.get(wanted)
        assert row is not None
        return row

    def told(self, *kinds: str) -> list[NotificationRow]:
        """All that was written for people, first to last; of one instant by kind and channel."""
        order = ("wecom", "sms", "mail", "console")
        rows = sorted(
            self.state.notifications.page(20_000),
            key=lambda row: (row.created, row.kind, order.index(row.channel)),
        )
        return [row for row in rows if not kinds or row.kind in kinds]

    def told_of(self, row: AlertRow) -> list[tuple[str, str, str]]:
        """(kind, person, channel) of all that was written about one alert."""
        return [(n.kind, n.person, n.channel) for n in self.told() if row.alert_id in n.alert_ids]

    def journal(self, row: AlertRow) -> list[str]:
        """What the journal says of an alert, a word each."""
        return [
            f"{entry.kind} {entry.detail['reason']}"
            if entry.kind in {Entry.SUPPRESSED, Entry.HELD}
            else entry.kind.value
            for entry in self.state.alerts.timeline(row.alert_id)
        ]


def desk(path: Path, **more: object) -> Desk:
    """Open a desk in a folder; close its `state` after use."""
    return Desk(State.open(path, NOON, reserve_bytes=4_096), **more)  # type: ignore[arg-type]
