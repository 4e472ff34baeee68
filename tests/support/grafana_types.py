"""Type-checks the generated dashboards against Grafana's own types, `@grafana/schema` from npm.

    python -m tests.support.grafana_types

Needs node and npm; installs into build/grafana-types. Grafana's enums are nominal in TypeScript, JSON has
their values: they are widened to their literals before the comparison.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dashboards.files import built

FOLDER = Path("build/grafana-types")
PACKAGES = {"@grafana/schema": "11.6.0", "typescript": "5.6.3"}
MODULES = ("--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler")
COMPOSABLE = "./node_modules/@grafana/schema/dist/esm/raw/composable"
OPTIONS = {
    "stat": "Stat",
    "table": "Table",
    "state-timeline": "StateTimeline",
    "timeseries": "TimeSeries",
    "bargauge": "BarGauge",
    "geomap": "Geomap",
}
"""Type of a panel to the name of its options' file, below a folder of the type's name without dashes."""
WIDEN = """
type Widen<T> =
  T extends string ? (string extends T ? string : `${T}`)
  : T extends number ? number
  : T extends boolean | null | undefined ? T
  : T extends (infer U)[] ? Widen<U>[]
  : T extends object ? { [K in keyof T]: Widen<T[K]> }
  : T;
"""
FIELDS = {"timeseries": "GraphFieldConfig", "table": "TableFieldOptions"}


def main() -> None:
    """Install what is missing, write one program that holds every dashboard, and check it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "package.json").write_text(json.dumps({"private": True, "dependencies": PACKAGES}))
    (FOLDER / "dashboards.ts").write_text("\n".join(_program()), encoding="utf-8")
    for words in (
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"],
        ["npx", "tsc", "--noEmit", "--strict", "--skipLibCheck", *MODULES, "dashboards.ts"],
    ):
        ended = subprocess.run(words, cwd=FOLDER, check=False)
        if ended.returncode:
            sys.exit(ended.returncode)
    print(f"{len(built())} dashboards have Grafana's types")


def _program() -> Iterator[str]:
    yield "import type { Dashboard, GraphFieldConfig, TableFieldOptions } from '@grafana/schema';"
    for kind, file in OPTIONS.items():
        name = f"{COMPOSABLE}/{kind.replace('-', '')}/panelcfg/x/{file}PanelCfg_types.gen"
        yield f"import type {{ Options as {file}Options }} from '{name}';"
    yield WIDEN
    for number, one in enumerate(built()):
        said = one.json
        yield f"export const board{number}: Widen<Dashboard> = {_typed(said)};"
        yield from _panels(number, said)


def _typed(said: dict[str, Any]) -> str:
    """Leave out what the types do not have: placement, which the SDK always writes, and InfluxDB's target."""
    for one in [*said["links"], *said["annotations"]["list"]]:
        del one["placement"]
    for one in said["annotations"]["list"]:
        del one["target"]
    return json.dumps(said, ensure_ascii=False, indent=1)


def _panels(number: int, said: dict[str, Any]) -> Iterator[str]:
    for panel in (one for row in said["panels"] for one in (row, *row.get("panels", ()))):
        if panel["type"] == "row":
            continue
        where = f"{number}_{panel['id']}"
        options = json.dumps(panel["options"], ensure_ascii=False)
        yield f"export const options{where}: Widen<{OPTIONS[panel['type']]}Options> = {options};"
        if panel["type"] in FIELDS:
            custom = json.dumps(panel["fieldConfig"]["defaults"]["custom"], ensure_ascii=False)
            yield f"export const custom{where}: Widen<{FIELDS[panel['type']]}> = {custom};"


if __name__ == "__main__":
    main()
