"""CPU and memory of several processes over one stretch of time."""

import time
from collections.abc import Iterable, Mapping

from benchmarks.programs import Program


def wait_s(seconds: float) -> None:
    """Let the measured processes work."""
    time.sleep(seconds)


class Meter:
    """Looks at every program when made and once more at ``stop``."""

    def __init__(self, programs: Mapping[str, Program]) -> None:
        self._programs = programs
        self._before = {name: program.usage() for name, program in programs.items()}
        self._after = self._before

    def stop(self) -> None:
        """End the stretch."""
        self._after = {name: program.usage() for name, program in self._programs.items()}

    @property
    def names(self) -> Iterable[str]:
        """Of the programs."""
        return self._programs.keys()

    @property
    def seconds(self) -> float:
        """Length of the stretch."""
        name = next(iter(self._programs))
        return self._after[name].at_s - self._before[name].at_s

    def cpu_s(self, name: str) -> float:
        """CPU seconds a program used in the stretch."""
        return self._after[name].cpu_since(self._before[name])

    def cores(self, name: str) -> float:
        """Mean number of cores a program kept busy."""
        return self._after[name].cores_since(self._before[name])

    def rss_bytes(self, name: str) -> int:
        """Resident memory at the end of the stretch."""
        return self._after[name].rss_bytes
