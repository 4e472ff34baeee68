"""Each guard is tripped once, in a run of its own."""

import os
import subprocess
import sys

import pytest

from tests.support.processes import ROOT

CASES = """
import asyncio, subprocess, threading, time, warnings

async def test_tidy_task():
    await asyncio.create_task(asyncio.sleep(0))

def test_tidy_function():
    pass

async def test_leaked_task():
    asyncio.create_task(asyncio.sleep(60), name="forgotten-task")

def test_leaked_thread():
    threading.Thread(target=time.sleep, args=[10], name="forgotten-thread", daemon=True).start()

def test_warning():
    warnings.warn("old ways", DeprecationWarning)

def test_leaked_process():
    subprocess.Popen(["sleep", "61"])
"""
CONFTEST = "from tests.support.guards import no_leaked_processes, no_leaked_tasks, no_leaked_threads\n"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest, with our settings, says of the cases above."""
    directory = tmp_path_factory.mktemp("guards")
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "test_case.py").write_text(CASES)
    arguments = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(directory), "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, "-rA", str(directory)],
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("case", "outcome", "complaint"),
    [
        ("test_leaked_task", "ERROR", "left tasks running: forgotten-task"),
        ("test_leaked_thread", "ERROR", "left threads running: forgotten-thread"),
        ("test_leaked_process", "ERROR", "left processes running: sleep 61"),
        ("test_warning", "FAILED", "DeprecationWarning: old ways"),
    ],
)
def test_it_fails_a_test_that_leaves_something_behind(
    report: str, case: str, outcome: str, complaint: str
) -> None:
    assert f"{outcome} test_case.py::{case} - " in report
    assert complaint in report


@pytest.mark.parametrize("case", ["test_tidy_task", "test_tidy_function"])
def test_it_lets_a_tidy_test_pass(report: str, case: str) -> None:
    assert f"PASSED test_case.py::{case}" in report
    assert f"ERROR test_case.py::{case}" not in report
