"""Readings of every domain, field and event, drawn from the tables themselves."""

import random

from wire.measures import DOMAINS, EVENT_FIELDS, EVENTS, MEASURES, EventField, Measure

TEXTS = {
    "config_hash": "0f" * 32,
    "agent_version": "0.1.0",
    "subject_ref": "k3v7tq2m5x4c6bzn",
    "version": "1.2.3",
}
TEXTS["boot_id"] = "01K0PZ6Q9V3W8S4D2N7X5C1BFA"
MOST = 1_000_000

Reading = dict[str, object]


def drawn(dice: random.Random, ts: int, devices: int = 3) -> dict[str, list[Reading]]:
    """Return the groups of one frame: some readings in each domain, an event now and then."""
    groups: dict[str, list[Reading]] = {}
    for domain in DOMAINS:
        for place in range(dice.randint(1, 4)):
            device = f"{domain}-{dice.randrange(devices)}"
            reading: Reading = {"device": device, "ts": ts - dice.randrange(3) * 1_000 - place % 2}
            rows = dice.sample(list(MEASURES[domain].values()), dice.randint(1, 4))
            reading |= {row.name: value(dice, row) for row in rows}
            if EVENTS[domain] and dice.random() < 0.3:
                reading |= event(dice, domain)
            groups.setdefault(domain, []).append(reading)
    return groups


def event(dice: random.Random, domain: str) -> Reading:
    """Return an event with all it may carry."""
    kind = dice.choice(list(EVENTS[domain].values()))
    fields = {field.name: value(dice, field) for field in kind.fields}
    more = {field.name: value(dice, field) for field in EVENT_FIELDS[domain] if dice.random() < 0.2}
    return {"event": kind.name, **fields, **more}


def value(dice: random.Random, row: Measure | EventField) -> object:
    """Return a value the wire takes: plausible, or now and then not."""
    low, high = row.low if row.low is not None else 0, row.high if row.high is not None else MOST
    if row.type == "int":
        return dice.randint(int(low), int(min(high, MOST)))
    if row.type == "float":
        return round(dice.uniform(low, min(high * 1.05, MOST)), dice.choice((0, 1, 3, 9)))
    if row.type == "bool":
        return dice.random() < 0.5
    if row.type == "words":
        return dice.sample(row.values, dice.randint(1, 3))
    return dice.choice(row.values) if row.type == "enum" else TEXTS[row.name]
