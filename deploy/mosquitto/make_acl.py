"""Write a broker's access list from stations.yaml: each station its own topics, in its own region only.

    python deploy/mosquitto/make_acl.py stations.yaml > /etc/mosquitto/acl

Run it again, and send mosquitto a SIGHUP, whenever a station is added or changes its region. The users are
``gateway``, ``fleet`` (simulated load, region ``sim``) and one per station, named as the station.
`deploy.make_secrets` makes it together with the passwords, for EMQX too.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from wire.topics import Channel, Topics

UP = (Channel.TELEMETRY, Channel.BACKLOG, Channel.STATUS, Channel.RESULT)
DOWN = (Channel.ACK, Channel.CONFIG, Channel.COMMAND)
TOPICS = Topics()


@dataclass(frozen=True)
class Account:
    """A user of the broker, and the topic filters it may publish to and read."""

    name: str
    writes: tuple[str, ...]
    reads: tuple[str, ...]


def main() -> None:
    """Print the list for the file named on the command line."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and one file
        sys.exit("usage: make_acl.py stations.yaml")
    try:
        sys.stdout.write(for_mosquitto(accounts(Path(sys.argv[1]))))
    except (OSError, ValueError, yaml.YAMLError) as error:
        sys.exit(f"make_acl.py: {error}")


def accounts(path: Path) -> list[Account]:
    """The gateway, the simulated fleet and the stations of one file; ValueError for one it cannot name."""
    stations = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    if not isinstance(stations, list):
        raise ValueError(f"{path}: write a list of stations")  # noqa: TRY004 - wrong in a file, not in a call
    known = [_gateway(), _fleet()]
    taken = {account.name for account in known}
    for number, station in enumerate(stations, 1):
        if not isinstance(station, dict) or not {"station_id", "region"} <= station.keys():
            raise ValueError(f"{path}: entry {number} needs station_id and region")
        if station["station_id"] in taken:
            raise ValueError(f"{path}: entry {number}: the user {station['station_id']} exists already")
        taken.add(station["station_id"])
        known.append(_station(station["region"], station["station_id"]))
    return known


def for_mosquitto(known: Iterable[Account]) -> str:
    """The list as mosquitto's ``acl_file``; what is not in it may not be done."""
    return "\n\n".join(map(_section, known)) + "\n"


def _section(account: Account) -> str:
    writes = [f"topic write {topic}" for topic in account.writes]
    reads = [f"topic read {topic}" for topic in account.reads]
    return "\n".join([f"user {account.name}", *writes, *reads])


def _station(region: str, station_id: str) -> Account:
    writes = [TOPICS.of(region, station_id, channel) for channel in UP]
    reads = [TOPICS.of(region, station_id, channel) for channel in DOWN]
    return Account(station_id, tuple(writes), (*reads, TOPICS.claim(region)))


def _fleet() -> Account:
    writes = [TOPICS.every("sim", channel) for channel in UP]
    reads = [TOPICS.every("sim", channel) for channel in DOWN]
    return Account("fleet", tuple(writes), (*reads, TOPICS.claim("sim")))


def _gateway() -> Account:
    # Status and claims both ways: it clears the retained status of a station that moved.
    # On the last one it tries out the broker's limits; nobody else may read or write there.
    both = (TOPICS.every("+", Channel.STATUS), TOPICS.claim("+"), TOPICS.preflight("+"))
    reads = [TOPICS.every("+", channel) for channel in UP if channel is not Channel.STATUS]
    writes = [TOPICS.every("+", channel) for channel in DOWN]
    return Account("gateway", (*writes, *both), (*reads, *both))


if __name__ == "__main__":
    main()
