"""What every test runs under: guards against what is left behind, and how hard hypothesis looks."""

import os

from hypothesis import HealthCheck, settings

from tests.support.guards import no_leaked_processes, no_leaked_tasks, no_leaked_threads

__all__ = ["no_leaked_processes", "no_leaked_tasks", "no_leaked_threads"]

# No deadline: a machine with two busy cores stalls any example now and then. The same examples each time: a
# change is judged by what it changed; the long form draws fresh ones.
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, print_blob=True)
settings.register_profile(
    "soak", deadline=None, max_examples=10_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
