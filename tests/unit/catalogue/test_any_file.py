"""Whatever stands in a rule file, it is taken or its faults are told; nothing else happens."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from catalogue.documents import CatalogueError, read
from catalogue.loading import BUILT_IN, load

RULES: dict[str, JsonValue] = {
    rule_id: rule
    for path in sorted(BUILT_IN.glob("*.yaml"))
    for rule_id, rule in (read(path).content.get("rules") or {}).items()
}
JUNK: st.SearchStrategy[JsonValue] = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "5m", "main", [], [1], ["a", "b"], {}, {"field": "co_ppm"}, {"all": []}]
)


Way = tuple[int | str, ...]


def places(part: JsonValue, way: Way = ()) -> Iterator[Way]:
    """Yield the way to every place below."""
    for key, value in below(part):
        yield (*way, key)
        yield from places(value, (*way, key))


def below(part: JsonValue) -> list[tuple[int | str, JsonValue]]:
    if isinstance(part, dict):
        return list(part.items())
    return list(enumerate(part)) if isinstance(part, list) else []


def changed(part: JsonValue, way: Way, junk: JsonValue, *, gone: bool) -> JsonValue:
    """Return a copy with one place replaced or taken out."""
    pieces = dict(below(part))
    if len(way) > 1:
        pieces[way[0]] = changed(pieces[way[0]], way[1:], junk, gone=gone)
    elif gone:
        del pieces[way[0]]
    else:
        pieces[way[0]] = junk
    return list(pieces.values()) if isinstance(part, list) else {str(k): v for k, v in pieces.items()}


def told(text: str) -> list[tuple[int, str]]:
    """Load a file with this text; its faults. What is loaded can be resolved."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "own.yaml").write_text(text, encoding="utf-8")
        try:
            catalogue = load([Path(folder)])
        except CatalogueError as error:
            return [(fault.line, fault.what) for fault in error.faults]
    for rule_id in catalogue.rules:
        catalogue.rule_for(rule_id, "public_hall", "a")
    return []


@settings(max_examples=150, deadline=None)
@given(data=st.data(), rule_id=st.sampled_from(sorted(RULES)), junk=JUNK, gone=st.booleans())
def test_it_takes_a_changed_rule_or_tells_why_not(
    data: st.DataObject, rule_id: str, junk: JsonValue, *, gone: bool
) -> None:
    way = data.draw(st.sampled_from(list(places(RULES[rule_id]))))
    rule = changed(RULES[rule_id], way, junk, gone=gone)
    text = yaml.safe_dump({"rules": {rule_id: rule}}, allow_unicode=True, sort_keys=False)

    faults = told(text)

    assert all(1 <= line <= text.count("\n") + 1 and what for line, what in faults)


@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet=st.sampled_from("abr:[]{}-, \n\"'0.5#&*!|>%@`"), max_size=60))
def test_it_takes_any_text_or_tells_why_not(text: str) -> None:
    assert all(what for _, what in told(text))
