"""The images, without an engine: the recipe's steps are carried out in a folder, but for the downloads.

What each image would download is laid into it from this environment, only what its lock names.
"""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.integration.deploy.layout import DEPLOY
from tests.support.processes import ROOT

PARTS = ("agent", "gateway", "simulators")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RECIPE = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
INSTRUCTIONS = [line.partition(" ")[::2] for line in RECIPE.splitlines() if line and line[0] != "#"]
COPIES = [tuple(words.split()) for verb, words in INSTRUCTIONS if verb == "COPY" and "--from" not in words]
BUILT = [verb for verb, _ in INSTRUCTIONS].index("FROM", 1)
DOWNLOADS = "--require-hashes"
ENTRY = re.compile(r"^([a-z0-9._-]+)==(\S+) \\\n((?:    --hash=\S+(?: \\)?\n?)+)", re.MULTILINE)


def locked(path: Path) -> dict[str, tuple[str, str]]:
    """Names of a lock, each with its version and its hashes."""
    return {name: (version, hashes.strip()) for name, version, hashes in ENTRY.findall(path.read_text())}


def needed(part: str) -> set[str]:
    """Everything an extra of ours brings along, by what is installed here."""
    waiting = [Requirement(f"yizhan[{part}]")]
    found: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        name = re.sub("[-_.]+", "-", wanted.name).lower()
        for extra in {"", *wanted.extras} - {known for other, known in found if other == name}:
            found.add((name, extra))
            further = map(Requirement, distribution(name).requires or ())
            waiting += [one for one in further if one.marker is None or one.marker.evaluate({"extra": extra})]
    return {name for name, _ in found} - {"yizhan"}


class Image:
    """A folder in which the recipe's own steps were carried out for one part."""

    def __init__(self, folder: Path, part: str) -> None:
        self.part, self.build, self.root = part, folder / "build", folder / "root"
        self.build.mkdir()
        self.program = self.root / "opt" / "yizhan" / "bin" / "yizhan"
        for *sources, target in COPIES:
            for source in sources:
                self._copy(ROOT / source.replace("${PART}", part), self.build / target)
        for verb, command in INSTRUCTIONS[:BUILT]:
            if verb == "RUN":
                for step in command.split("&&"):
                    self._carry_out(step)
        self._lay_in()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([self.program, *words], capture_output=True, text=True, check=False, env={})

    def _copy(self, source: Path, target: Path) -> None:
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.mkdir(exist_ok=True)
            shutil.copy(source, target)

    def _carry_out(self, step: str) -> None:
        if DOWNLOADS in step:
            return
        step = step.strip().replace("/opt/yizhan", f"{self.root}/opt/yizhan")
        step = re.sub("^pip ", f"{shlex.quote(sys.executable)} -m pip ", step)
        step = re.sub("^python ", f"{shlex.quote(sys.executable)} ", step)
        subprocess.run(["/bin/sh", "-c", step], check=True, cwd=self.build, capture_output=True)

    def _lay_in(self) -> None:
        """Link what the lock names from here into the image's environment."""
        (site,) = self.root.glob("opt/yizhan/lib/python*/site-packages")
        for name in locked(DEPLOY / "requirements" / f"{self.part}.txt"):
            found = distribution(name)
            for top in {file.parts[0] for file in found.files or () if file.parts[0] != ".."}:
                source, place = Path(str(found.locate_file(top))), site / top
                if source.exists() and top != "__pycache__" and not place.exists():
                    place.symlink_to(source)


@pytest.fixture(scope="module", params=PARTS)
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Image:
    return Image(tmp_path_factory.mktemp(request.param), request.param)


def test_it_starts_the_part_it_is_for(image: Image, tmp_path: Path) -> None:
    settings = {
        "agent": "region: louxing\nstation_id: louxing-07\n",
        "gateway": "broker: {url: 'mqtt://127.0.0.1'}\n",
    }
    (tmp_path / "settings.yaml").write_text(settings.get(image.part, ""))
    words = {"simulators": ["simulate", "fleet", "--help"]}.get(
        image.part, [image.part, "check-config", "--config", str(tmp_path / "settings.yaml")]
    )
    done = image.run(*words)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("image", ["agent"], indirect=True)
def test_it_leaves_a_station_without_the_gateways_weight(image: Image) -> None:
    done = image.run("gateway", "run")
    assert done.returncode == 1
    assert "this installation lacks" in done.stderr


@pytest.mark.parametrize("part", PARTS)
def test_it_installs_exactly_what_the_part_needs_at_the_versions_tested_here(part: str) -> None:
    image, tested = locked(DEPLOY / "requirements" / f"{part}.txt"), locked(ROOT / "requirements.lock")
    assert set(image) == needed(part)
    assert {name: entry for name, entry in image.items() if tested[name] != entry} == {}


def test_it_builds_with_the_tools_tested_here() -> None:
    tools, tested = locked(DEPLOY / "requirements" / "build.txt"), locked(ROOT / "requirements.lock")
    assert tools == {"setuptools": tested["setuptools"]}


def test_it_takes_every_package_and_nothing_that_is_not_let_in() -> None:
    packages = {name.rstrip("*") for name in PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]}
    sources = {source for *sources, _ in COPIES for source in sources}
    assert packages <= sources
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"]
    assert {source for source in sources if not source.startswith(tuple(let_in))} == set()
    assert [name for name in let_in if not (ROOT / name).exists()] == []
    assert not any(name.startswith(("deploy/s", ".git", "tests")) for name in let_in)


def test_it_runs_as_nobody_in_particular_from_bases_of_one_version() -> None:
    after = [verb for verb, _ in INSTRUCTIONS[BUILT:]]
    bases = {words.removesuffix(" AS build") for verb, words in INSTRUCTIONS if verb == "FROM"}
    assert after.index("USER") < after.index("ENTRYPOINT")
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", bases.pop())
