"""Every word of every enum can be read in Chinese and in English."""

import pytest

from wire.measures import EVENT_FIELDS, MEASURES
from wire.measures.words import name_of

WORDS = sorted(
    {(row.name, word) for table in MEASURES.values() for row in table.values() for word in row.values}
    | {(field.name, word) for fields in EVENT_FIELDS.values() for field in fields for word in field.values}
)


@pytest.mark.parametrize(("field", "word"), WORDS)
def test_it_names_every_word_in_two_languages(field: str, word: str) -> None:
    name = name_of(field, word)
    assert name.zh
    assert name.en.isascii()
    assert not name.zh.isascii() or name.zh == "4G"


def test_it_tells_apart_words_that_mean_different_things() -> None:
    assert name_of("station_mode", "open").zh != name_of("door_state", "open").zh
    assert name_of("reason", "unknown").en == "unknown credential"


def test_it_refuses_a_word_nobody_has_named() -> None:
    with pytest.raises(KeyError):
        name_of("door_state", "ajar")
