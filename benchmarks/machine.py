"""What the figures were measured on."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

import psutil

LIBRARIES = ("duckdb", "gmqtt", "numpy", "orjson", "paho-mqtt", "pyarrow", "pydantic", "uvloop")


def describe_machine(date: str) -> dict[str, object]:
    """CPU, memory, kernel, Python, broker and libraries; ``date`` is that of the run."""
    return {
        "date": date,
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "ram_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "mosquitto": _mosquitto_version(),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _mosquitto_version() -> str:
    said = subprocess.run(["mosquitto", "-h"], capture_output=True, text=True, check=False)  # noqa: S607 - Debian's
    return said.stdout.partition("\n")[0].removeprefix("mosquitto version ").strip()
