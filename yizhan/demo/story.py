"""What the demo says, in Chinese and English."""

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from simulators.faults import Fault
from simulators.towns import Site

MINUTE_MS = 60_000


class Narrator:
    """Tells the story on a terminal, every line in both languages; the progress bar stays below it."""

    def __init__(self, console: Console) -> None:
        self._out = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[ready]}/{task.fields[stations]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._history: TaskID | None = None

    def opening(self, data: str, stations: int) -> None:
        """What is about to start."""
        self._say("驿站演示：在本机运行消息代理、网关和模拟驿站。按 Ctrl-C 结束。")
        self._say("Yizhan demo: broker, gateway and simulated stations on this machine. Ctrl-C ends it.")
        self._say(f"{stations} 座驿站 / stations · 数据 / data: {data}")

    def doors_open(self, http: str, mqtt: str, example: str) -> None:
        """Which addresses to open."""
        station = f"{http}/api/v1/stations/{example}"
        self._say(f"网关已就绪，请打开 / the gateway is ready, open:  {http}/")
        for line in (
            f"curl -s {http}/api/v1/stations",
            f"curl -s {station}",
            f"curl -s '{station}/readings/environment?device=lounge&every=15m'",
            f"curl -s {http}/readyz ;  curl -s {http}/metrics ;  MQTT {mqtt}",
        ):
            self._out.print(f"            {line}", highlight=False, markup=False, soft_wrap=True)

    def history_begins(self, stations: int, span_ms: int) -> None:
        """The bar of the history that is filled in first."""
        hours, minutes = divmod(max(1, round(span_ms / MINUTE_MS)), 60)
        zh, en = (f"{hours} 小时", f"{hours} h") if hours else (f"{minutes} 分钟", f"{minutes} min")
        text = f"回填 {zh}历史 / filling in {en} of history"
        self._history = self._progress.add_task(text, total=stations * span_ms, ready=0, stations=stations)
        self._progress.start()

    def history_grows(self, worked_out_ms: int, arrived: int) -> None:
        """So much simulated life is on its way, and this many stations are complete at the gateway."""
        if self._history is not None:
            self._progress.update(self._history, completed=worked_out_ms, ready=arrived)

    def history_ends(self, seconds: float) -> None:
        """From here on everything happens at real speed."""
        self._progress.stop()
        self._say(
            f"历史已全部入库，{seconds:.0f} 秒；此后为实时 / history is in, {seconds:.0f} s; live from now on"
        )

    def agent_started(self, site: Site) -> None:
        """A station is run by the real agent from now on."""
        self._say(f"{site.station_id} {site.zh}：真实代理上线 / {site.en}: the real agent takes over")

    def link_cut(self, site: Site, seconds: float) -> None:
        """The outage begins."""
        self._say(
            f"⚡ 切断 {site.station_id} {site.zh} 的链路 {seconds:.0f} 秒：它继续读数，存在自己的磁盘上"
        )
        self._say(
            f"⚡ link of {site.station_id} cut for {seconds:.0f} s: it keeps reading, onto its own disk"
        )

    def link_healed(self, site: Site) -> None:
        """The outage ends."""
        self._say(f"🔗 {site.station_id} 的链路恢复，正在补传积压 / link healed: what waited is being sent")

    def caught_up(self, site: Site, readings: int, domain: str) -> None:
        """The station has sent what waited."""
        self._say(f"✓ {site.station_id} 已补齐：断网期间测得的 {readings} 条 {domain} 读数全部入库，缺失帧 0")
        self._say(
            f"✓ {site.station_id} has caught up: {readings} {domain} readings of the outage are stored, "
            "no frame is missing"
        )

    def trouble(self, site: Site, fault: Fault) -> None:
        """Something goes wrong at a station."""
        self._say(f"⚠ {site.station_id} {site.zh}：{fault.zh} / {site.en}: {fault.en}")

    def message(self, text: str) -> None:
        """Somebody on call is told something; the link in it acknowledges."""
        self._say("✉ 发给值班人员 / to those on call:")
        for line in text.splitlines():
            self._out.print(f"            {line}", highlight=False, markup=False, soft_wrap=True)

    def pulse(self, online: int, stations: int, people: int) -> None:
        """How the fleet is, now and then."""
        self._say(f"在线 / online {online}/{stations} · 站内人数 / people inside {people}")

    def closing(self) -> None:
        """Everything is being stopped."""
        self._progress.stop()
        self._say("正在停止 / stopping …")

    def closed(self, data: str) -> None:
        """Nothing is running any more."""
        self._say(f"全部已停止；数据留在 / all stopped; the data stay in {data}")

    def _say(self, line: str) -> None:
        self._out.print(
            f"{time.strftime('%H:%M:%S')}    {line}", highlight=False, markup=False, soft_wrap=True
        )
