"""The dashboards, one module each."""

from dashboards.boards import alerts, fleet, gateway, resources, station, visits
from dashboards.model import Board

BOARDS: tuple[Board, ...] = (
    fleet.BOARD,
    station.BOARD,
    alerts.BOARD,
    resources.BOARD,
    visits.BOARD,
    gateway.BOARD,
)
