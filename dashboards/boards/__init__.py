"""The dashboards, one module each; what a station lives on and holds has modules of its own."""

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
