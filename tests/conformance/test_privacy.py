"""No field can carry a face, a name, a telephone or a card number."""

import base64
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.codec import Decoded, decode
from wire.documents.goldens import STATION, TS, frame
from wire.measures import DOMAINS, EVENT_FIELDS, EVENTS, MEASURES

PERSONAL = {
    "mobile": "13800138000",
    "mobile with country": "+8613800138000",
    "landline": "0738-8312345",
    "identity card": "11010519491231002X",
    "identity card of 18 digits": "440524188001010014",
    "union card": "6217001210024455220",
    "bank card of 16 digits": "4532015112830366",
    "wiegand facility and card": "165:29550",
    "wiegand card in decimal": "0010842990",
    "card UID": "04A2B3C4D5E680",
    "name": "王小明",
    "name in pinyin": "wangxiaoming",
    "name with a space": "Wang Xiaoming",
    "e-mail": "wang@example.com",
    "number plate": "湘K12345",
    "address of a device": "3c:22:fb:01:02:03",
    "picture": base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(range(256))).decode(),
    "data url": "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ",
    "template": base64.b64encode(bytes(range(128))).decode(),
}


def fields() -> Iterator[tuple[str, str]]:
    """Yield every (domain, field) that a reading may have, its event and quality included."""
    for domain in DOMAINS:
        for name in ("event", "quality", "epoch", *MEASURES[domain]):
            yield domain, name
        for field in EVENT_FIELDS[domain]:
            yield domain, field.name


def carried(domain: str, name: str, value: object) -> bool:
    """Whether a value comes out at the other end, in a reading that is otherwise right."""
    kind = next(iter(EVENTS[domain].values()), None)
    reading: dict[str, object] = {"device": "main", "ts": TS}
    if kind:
        reading |= {"event": kind.name} | {field.name: 1 for field in kind.fields if field.required}
    verdict = decode(frame({domain: [{**reading, name: value}]}), STATION)
    assert isinstance(verdict, Decoded)
    return any(taken.get(name) == value for _, _, taken in verdict.readings)


@pytest.mark.parametrize("text", PERSONAL.values(), ids=PERSONAL.keys())
def test_it_has_no_field_for_anything_personal(text: str) -> None:
    assert [place for place in fields() if carried(*place, text)] == []
    assert [place for place in fields() if carried(*place, [text])] == []


@given(
    st.sampled_from(list(fields())),
    st.from_regex(r"(\+86)?1[3-9][0-9]{9}|[1-9][0-9]{16}[0-9X]", fullmatch=True),
)
def test_it_has_no_text_field_for_a_telephone_or_identity_number(place: tuple[str, str], number: str) -> None:
    assert not carried(*place, number)


@given(
    st.sampled_from(list(fields())), st.text(min_size=1, max_size=40).filter(lambda text: not text.isascii())
)
def test_it_has_no_field_for_chinese_or_any_other_free_text(place: tuple[str, str], text: str) -> None:
    assert not carried(*place, text)


@given(st.integers(10**10, 10**18))
def test_it_has_no_event_field_for_a_long_number(number: int) -> None:
    for domain in DOMAINS:
        for field in EVENT_FIELDS[domain]:
            assert not carried(domain, field.name, number)


@given(st.text(min_size=1, max_size=20))
def test_it_drops_every_field_nobody_declared(name: str) -> None:
    known = {"device", "ts", *(field for domain, field in fields() if domain == "access")}
    if name not in known:
        assert not carried("access", name, "13800138000")


@pytest.mark.parametrize(
    "name", ["face", "face_image", "face_score", "name", "phone", "card", "id_number", "mac"]
)
def test_it_does_not_even_have_a_place_for_them(name: str) -> None:
    assert all(name != field for _, field in fields())


def test_it_can_carry_a_pseudonym_or_the_tests_above_prove_nothing() -> None:
    assert carried("access", "subject_ref", "k3v7tq2m5x4c6bzn")
    assert carried("agent", "agent_version", "0.1.0")
    assert carried("power", "ups_status", ["OB", "LB"])
