"""The mirror's schema: nothing has two types, nothing is named twice, nobody is told apart."""

import pytest

from wire import influx
from wire.influx import MEASUREMENTS, NS_A_MS, FieldType, Measurement, Tier
from wire.measures import DOMAINS, EVENTS, MEASURES, Kind

EVERY = pytest.mark.parametrize("measurement", MEASUREMENTS.values(), ids=MEASUREMENTS.keys())
OF_REGIONS = (influx.REGION_TOTALS, influx.WORST, influx.REGION_DAYS)


@EVERY
def test_it_never_names_a_tag_and_a_field_alike(measurement: Measurement) -> None:
    assert not set(measurement.tags) & set(measurement.fields)
    assert "time" not in {*measurement.tags, *measurement.fields}


@EVERY
def test_it_needs_no_quoting_on_the_wire(measurement: Measurement) -> None:
    names = {measurement.name, *measurement.tags, *measurement.fields}
    assert not [name for name in names if set(name) & set(' ,="\\\n')]


@EVERY
def test_it_can_tell_regions_and_stations_apart(measurement: Measurement) -> None:
    of_station = () if measurement in OF_REGIONS else ("station",)
    assert measurement.tags[: 1 + len(of_station)] == ("region", *of_station)


def test_its_figures_of_regions_are_those_of_stations() -> None:
    told = influx.STATIONS.fields
    for measurement in OF_REGIONS:
        for name in measurement.fields.keys() & told.keys():
            assert measurement.fields[name] is told[name]


@EVERY
def test_it_shows_nobody(measurement: Measurement) -> None:
    assert "subject_ref" not in {*measurement.tags, *measurement.fields}


def test_it_has_every_measure_under_its_own_name_and_type() -> None:
    for domain in DOMAINS:
        fields = influx.readings(domain).fields
        assert MEASURES[domain].keys() <= fields.keys()
        assert {fields[row.name] for row in MEASURES[domain].values() if row.type == "int"} <= {
            FieldType.INTEGER
        }
    assert influx.readings("power").fields["voltage_v"] is FieldType.FLOAT
    assert influx.readings("access").fields["door_state"] is FieldType.STRING
    assert influx.readings("occupancy").fields["zone_occupied"] is FieldType.BOOLEAN


def test_it_gives_access_events_thirty_days_and_everything_else_of_a_station_thirteen_months() -> None:
    assert influx.events("access").policy.keep_days == 30
    kept = {m.policy.name for m in MEASUREMENTS.values() if m.name in DOMAINS or m.name.endswith("_events")}
    assert kept == {"raw", "access"}
    assert influx.RAW.keep_days >= 396


def test_it_has_events_only_of_domains_that_have_some() -> None:
    there = {domain for domain in DOMAINS if f"{domain}_events" in MEASUREMENTS}
    assert there == {domain for domain in DOMAINS if EVENTS[domain]}


def test_it_rolls_up_what_the_store_rolls_up() -> None:
    fields = influx.rollup("power", Tier.QUARTER).fields
    assert {"voltage_v_min", "voltage_v_max", "voltage_v_mean", "voltage_v_last"} <= fields.keys()
    assert {"energy_import_kwh_total_increase", "energy_import_kwh_total_covered_s"} <= fields.keys()
    assert "energy_import_kwh_total_mean" not in fields
    assert {"breaker_closed_true_s", "breaker_closed_false_s", "ups_status_OB_s"} <= fields.keys()
    assert influx.rollup("access", Tier.DAY).fields["granted_count"] is FieldType.INTEGER
    assert not [name for name in influx.rollup("agent", Tier.DAY).fields if "config_hash" in name]


def test_it_rolls_up_every_measure_but_states_without_a_list_of_values() -> None:
    for domain in DOMAINS:
        for row in MEASURES[domain].values():
            endless = row.kind is Kind.STATE and not row.values and row.type != "bool"
            assert bool(influx.rolled_fields(row)) != endless


def test_it_names_the_default_policy_by_leaving_it_out() -> None:
    assert influx.readings("power").source == '"power"'
    assert influx.rollup("power", Tier.QUARTER).source == '"rollups"."power_15m"'
    assert influx.bucket("yizhan", influx.ACCESS) == "yizhan/access"


def test_it_gives_every_reading_near_another_a_time_of_its_own() -> None:
    stream = "01K0PZ6Q9V3W8S4D2N7X5C1BFA"
    slots = {influx.slot(stream, seq, index) for seq in range(1, 200) for index in range(200)}
    assert len(slots) == 199 * 200
    assert min(slots) >= 0
    assert max(slots) < NS_A_MS


def test_it_gives_a_reading_sent_again_the_same_time_and_another_stream_another() -> None:
    assert influx.slot("01K0PZ6Q9V3W8S4D2N7X5C1BFA", 7, 3) == influx.slot("01K0PZ6Q9V3W8S4D2N7X5C1BFA", 7, 3)
    assert influx.slot("01K0PZ6Q9V3W8S4D2N7X5C1BFA", 7, 3) != influx.slot("01K0PZ6Q9V3W8S4D2N7X5C1BFB", 7, 3)
    assert influx.slot(None, None, 3) == 3
