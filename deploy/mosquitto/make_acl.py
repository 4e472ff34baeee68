"""Write mosquitto's access list from stations.yaml: each station its own topics, in its own region only.

    python deploy/mosquitto/make_acl.py stations.yaml > /etc/mosquitto/acl

Run it again, and send mosquitto a SIGHUP, whenever a station is added or changes its region. The users are
``gateway``, ``fleet`` (simulated load, region ``sim``) and one per station, named as the station.
"""

import sys
from pathlib import Path

import yaml

from wire.topics import Channel, Topics

UP = (Channel.TELEMETRY, Channel.BACKLOG, Channel.STATUS, Channel.RESULT)
DOWN = (Channel.ACK, Channel.CONFIG, Channel.COMMAND)
TOPICS = Topics()


def main() -> None:
    """Print the list for the file named on the command line."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and one file
        sys.exit("usage: make_acl.py stations.yaml")
    try:
        sys.stdout.write(access_list(Path(sys.argv[1])))
    except (OSError, ValueError) as error:
        sys.exit(f"make_acl.py: {error}")


def access_list(path: Path) -> str:
    """The whole list for the stations of one file; ValueError for a station it cannot name."""
    stations = yaml.safe_load(path.read_text(encoding="utf-8"))
    people = [_gateway(), _fleet()]
    taken = {"gateway", "fleet"}
    for number, station in enumerate(stations, 1):
        if not isinstance(station, dict) or not {"station_id", "region"} <= station.keys():
            raise ValueError(f"{path}: entry {number} needs station_id and region")
        if station["station_id"] in taken:
            raise ValueError(f"{path}: entry {number}: the user {station['station_id']} exists already")
        taken.add(station["station_id"])
        people.append(_station(station["region"], station["station_id"]))
    return "\n\n".join(people) + "\n"


def _station(region: str, station_id: str) -> str:
    writes = [TOPICS.of(region, station_id, channel) for channel in UP]
    reads = [TOPICS.of(region, station_id, channel) for channel in DOWN]
    return _user(station_id, writes, [*reads, TOPICS.claim(region)])


def _fleet() -> str:
    writes = [TOPICS.every("sim", channel) for channel in UP]
    return _user("fleet", writes, [*(TOPICS.every("sim", channel) for channel in DOWN), TOPICS.claim("sim")])


def _gateway() -> str:
    # Status and claims both ways: it clears the retained status of a station that moved.
    # On the last one it tries out the broker's limits; nobody else may read or write there.
    both = [TOPICS.every("+", Channel.STATUS), TOPICS.claim("+"), TOPICS.preflight("+")]
    reads = [TOPICS.every("+", channel) for channel in UP if channel is not Channel.STATUS]
    return _user("gateway", [*(TOPICS.every("+", channel) for channel in DOWN), *both], [*reads, *both])


def _user(name: str, writes: list[str], reads: list[str]) -> str:
    lines = [f"topic write {topic}" for topic in writes] + [f"topic read {topic}" for topic in reads]
    return "\n".join([f"user {name}", *lines])


if __name__ == "__main__":
    main()
