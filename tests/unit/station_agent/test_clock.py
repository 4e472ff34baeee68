from station_agent.clock import Remembered, Sources, StationClock, kernel_offset_ms

YEAR_2026 = 1_790_000_000_000


class Box:
    """A machine whose clocks are moved by hand."""

    def __init__(
        self, *, wall: int = YEAR_2026, monotonic: float = 100.0, synchronised: bool = False
    ) -> None:
        self.wall = wall
        self.monotonic = monotonic
        self.synchronised = synchronised
        self.sources = Sources(lambda: self.wall, lambda: self.monotonic, lambda: self.synchronised)

    def pass_time(self, seconds: float) -> None:
        self.wall += int(seconds * 1000)
        self.monotonic += seconds


def test_it_takes_a_synchronised_system_clock() -> None:
    box = Box(synchronised=True)
    clock = StationClock(box.sources, Remembered(time_ms=5))
    assert not clock.unset
    assert clock.now() == YEAR_2026


def test_it_starts_from_the_last_time_on_disk() -> None:
    box = Box(wall=946_684_800_000)
    clock = StationClock(box.sources, Remembered(time_ms=YEAR_2026))
    box.pass_time(2.5)
    assert clock.unset
    assert clock.now() == YEAR_2026 + 2_500


def test_it_goes_on_with_the_offset_this_boot_has_found_already() -> None:
    box = Box()
    clock = StationClock(box.sources, Remembered(time_ms=1, offset=YEAR_2026 - 100_000))
    assert not clock.unset
    assert clock.now() == YEAR_2026


def test_it_tells_of_a_step_once() -> None:
    box = Box()
    clock = StationClock(box.sources, Remembered(time_ms=YEAR_2026 - 50_000))
    assert not clock.update()
    box.synchronised = True
    assert clock.update()
    assert not clock.update()
    assert clock.now() == YEAR_2026


def test_it_calls_no_slew_a_step() -> None:
    box = Box(synchronised=True)
    clock = StationClock(box.sources, Remembered())
    box.wall += 400
    assert not clock.update()
    assert clock.now() == YEAR_2026 + 400
    box.wall -= 8 * 3_600_000
    assert clock.update()


def test_it_sets_itself_by_the_gateway_while_unsynchronised() -> None:
    box = Box()
    clock = StationClock(box.sources, Remembered(time_ms=YEAR_2026 - 50_000))
    assert clock.hear(YEAR_2026)
    assert not clock.unset
    assert not clock.hear(YEAR_2026 + 900)  # the way of a message, not a step
    assert clock.now() == YEAR_2026


def test_it_believes_its_synchronised_clock_rather_than_the_gateway() -> None:
    box = Box(synchronised=True)
    clock = StationClock(box.sources, Remembered())
    assert not clock.hear(YEAR_2026 + 3_600_000)
    assert clock.now() == YEAR_2026


def test_it_counts_running_time_through_steps_and_restarts() -> None:
    box = Box(synchronised=True)
    clock = StationClock(box.sources, Remembered(running_ms=1_000))
    box.pass_time(3)
    box.wall += 86_400_000
    clock.update()
    assert clock.running_ms() == 4_000
    assert clock.uptime_s() == 3


def test_it_places_another_process_stamp_by_its_age_while_unset() -> None:
    box = Box(wall=946_684_800_000)
    clock = StationClock(box.sources, Remembered(time_ms=YEAR_2026))
    assert clock.from_system_clock(box.wall - 7_000) == YEAR_2026 - 7_000
    assert clock.from_system_clock(box.wall + 7_000) == YEAR_2026
    box.synchronised = True
    clock.update()
    assert clock.from_system_clock(12_345) == 12_345


def test_it_asks_the_kernel() -> None:
    offset = kernel_offset_ms()
    assert offset is None or abs(offset) < 1_000
