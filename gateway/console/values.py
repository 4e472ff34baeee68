"""Values of measures as people write them into a form."""

import math
import re
from collections.abc import Callable, Mapping, Sequence

from gateway.console.forms import Form, Refusal
from gateway.console.showing import unit_name, word_of
from gateway.console.texts import Lang, translator
from wire.measures import Measure

_BOOLS = {"true": True, "false": False}


def value_of(measure: Measure, form: Form) -> object:
    """Return the value that was written, None where it is to be taken away; Refusal when it can be none."""
    written = form.text("value")
    if form.text("remove"):
        if written:
            raise Refusal("value_or_none")
        return None
    if not written:
        raise Refusal("value_needed")
    value = _READ[measure.type](measure, written)
    if value in measure.sentinels:
        raise Refusal("value_sentinel")
    if measure.is_suspect(value):
        raise Refusal("value_range", range=range_of(measure))
    return value


def range_of(measure: Measure) -> str:
    """Write which numbers are plausible, with their unit; empty where all are."""
    low, high = ("" if bound is None else f"{bound:.10g}" for bound in (measure.low, measure.high))
    if not low and not high:
        return ""
    bounds = f"{low} – {high}" if low and high else f"≥ {low}" if low else f"≤ {high}"
    return f"{bounds} {unit_name(measure.unit)}".strip()


def choices(measure: Measure, lang: Lang) -> Sequence[tuple[str, str]]:
    """Return the words of which a value is one, with what they are called; none for other values."""
    if measure.type == "bool":
        t = translator(lang)
        return [("true", t("yes")), ("false", t("no"))]
    return [(word, word_of(measure.name, word, lang)) for word in measure.values]


def _whole(_measure: Measure, written: str) -> int:
    try:
        return int(written)
    except ValueError:
        raise Refusal("whole_number_needed") from None


def _number(_measure: Measure, written: str) -> float:
    try:
        number = float(written)
    except ValueError:
        raise Refusal("number_needed") from None
    if not math.isfinite(number):
        raise Refusal("number_needed")
    return number


def _bool(_measure: Measure, written: str) -> bool:
    if written not in _BOOLS:
        raise Refusal("choice_needed")
    return _BOOLS[written]


def _word(measure: Measure, written: str) -> str:
    if written not in measure.values:
        raise Refusal("choice_needed")
    return written


def _words(measure: Measure, written: str) -> list[str]:
    words = re.findall(r"[^\s,，、]+", written)
    if not set(words) <= set(measure.values):
        raise Refusal("value_unknown", words=", ".join(measure.values))
    return words


_READ: Mapping[str, Callable[[Measure, str], object]] = {
    "int": _whole,
    "float": _number,
    "bool": _bool,
    "enum": _word,
    "words": _words,
    "text": lambda _measure, written: written,
}
"""By type of measure: how a value of it is read."""
