"""`yizhan simulate`: simulated hardware, stations and fleets; each command imports its own part."""

import typer

from simulators.fleet import fleet
from simulators.scenario import scenario
from simulators.station import station

app = typer.Typer(help="Simulated stations and fleets. / 模拟驿站与车队规模负载。", no_args_is_help=True)
app.command("fleet")(fleet)
app.command("scenario")(scenario)
app.command("station")(station)


@app.callback()
def simulate() -> None:
    """What holds for every command."""
