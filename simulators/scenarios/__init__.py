"""Stories of stations to hold alert rules against: every fault at random, and days when nothing breaks."""

from simulators.scenarios.breakdowns import BREAKDOWNS, Breakdown
from simulators.scenarios.quiet import WEATHERS, quiet
from simulators.scenarios.scenario import Scenario

__all__ = ["BREAKDOWNS", "WEATHERS", "Breakdown", "Scenario", "quiet"]
