"""Visits of a station that is simulated whole, by way of the store: nothing of it is left out."""

from pathlib import Path

import numpy as np

from gateway.domain.visits import Method, figures
from gateway.queries.reports.period import Period
from simulators.rest_station import SimulatedStation
from tests.unit.gateway_reports.lived import DAY, HOUR, LEDGER, NOVEMBER, lived_in, station
from yizhan.score.attendance import Attendance

DAYS = 2
ID = "louxing-07"


def test_those_who_came_lie_in_the_band_of_what_its_instruments_told(tmp_path: Path) -> None:
    truth = Attendance()
    simulated = SimulatedStation(ID, "urban_standard", 11, NOVEMBER, truth=truth)
    told = simulated.advance(NOVEMBER + DAYS * DAY)
    with lived_in(tmp_path) as lived:
        for domain in ("occupancy", "access"):
            readings = [reading for of, reading in told if of == domain]
            samples = [reading for reading in readings if "event" not in reading]
            lived.write(ID, domain, samples)
            if len(samples) < len(readings):
                events = [reading for reading in readings if "event" in reading]
                lived.write(ID, domain, events, events=True)
        lived.roll(NOVEMBER + DAYS * DAY + HOUR)
        now = NOVEMBER + DAYS * DAY
        reckoned = LEDGER.reckoned(lived.store.cursor(), Period.parse("2026-11"), [station(ID)], now)[ID]
    figure = figures([reckoned], np.array([NOVEMBER, now]))[0]
    came = truth.came
    assert came > 40
    assert figure.method is Method.COUNTER
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low <= came <= figure.high
