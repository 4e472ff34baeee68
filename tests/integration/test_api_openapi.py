import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from gateway.api.application import create_api, openapi
from gateway.api.openapi import DOCUMENT, document
from gateway.api.settings import HttpSettings, TokenAuth
from gateway.domain.silences import Match, Silence
from gateway.state.quarantined import Quarantined
from tests.integration.api_support import NOW, TWO_PEOPLE, open_house
from tests.support.waiting import until_sync

TOKEN = "a-77q"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
NOT_IN_A_SCHEMA = (positive_data_acceptance,)
"""The order of ranges, a start before its end, fields that fit a function: not to be said in JSON Schema."""


def test_the_committed_description_is_that_of_the_code() -> None:
    fresh = DOCUMENT.read_bytes() == document()
    assert fresh, "run `make generate`"


def test_every_route_describes_its_problems() -> None:
    paths: dict[str, dict[str, Any]] = json.loads(document())["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            if path.startswith("/api/"):
                described = operation["responses"]
                assert "401" in described, f"{method} {path}"
                problem = described["401"]["content"]["application/problem+json"]["schema"]
                assert problem == {"$ref": "#/components/schemas/ProblemDetails"}


@contextmanager
def served(data_dir: Path) -> Iterator[str]:
    tokens = data_dir / "tokens.yaml"
    tokens.write_text(f"- {{name: x, role: admin, sha256: {hashlib.sha256(TOKEN.encode()).hexdigest()}}}")
    with open_house(data_dir, on_call=TWO_PEOPLE) as house:
        house.hear("louxing-07")
        house.opens("WA-02", "P1")
        house.state.silences.add(Silence("s", Match(rule="WA-02"), "paint", "li", NOW - 1, NOW + 1))
        house.write("louxing-07", "water", [{"device": "main", "ts": NOW - 1, "water_flow_l_per_min": 1.5}])
        house.state.quarantine.add([Quarantined("a", "r", "t", "not_json", "", b"{")], NOW)
        app = create_api(house.services(HttpSettings(auth=TokenAuth(tokens=tokens))))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none"))
        serving = threading.Thread(target=server.run, name="http")
        serving.start()
        try:
            until_sync(lambda: server.started, what="the server")
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            serving.join()


def ask(operation: Any, base_url: str, mode: schemathesis.GenerationMode) -> None:  # noqa: ANN401 - schemathesis has no types
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=25,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask_once(case: Any) -> None:  # noqa: ANN401 - schemathesis has no types
        headers = dict(BEARER)
        if case.method in {"POST", "DELETE"} and not case.media_type:
            headers["Content-Type"] = "application/json"
        case.call_and_validate(base_url=base_url, headers=headers, excluded_checks=list(NOT_IN_A_SCHEMA))

    ask_once()


def operations(*, with_parameters: bool) -> Iterator[Any]:
    described = schemathesis.openapi.from_dict(openapi())
    for result in described.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        takes_something = operation.path.startswith("/api/")
        if operation.path != "/api/v1/stream" and (takes_something or not with_parameters):
            yield operation


def test_it_answers_whatever_is_asked_as_it_is_described(tmp_path: Path) -> None:
    with served(tmp_path) as base_url:
        for operation in operations(with_parameters=False):
            ask(operation, base_url, schemathesis.GenerationMode.POSITIVE)


def test_it_refuses_what_is_described_as_wrong(tmp_path: Path) -> None:
    with served(tmp_path) as base_url:
        for operation in operations(with_parameters=True):
            ask(operation, base_url, schemathesis.GenerationMode.NEGATIVE)
