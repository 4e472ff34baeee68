"""Make a message fit one request: as many whole alerts as it holds, the first one shortened if need be.

What fits is asked of the channel, which encodes the body as it would send it: estimates from the length of
a text forget quotes, escapes and what else travels with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gateway.notify.notifier import Lang, Message
from gateway.notify.texts import Line, clip, heading, lines

_LEAST_CLIPPED = 12


@dataclass(frozen=True, slots=True)
class Fitted:
    """The text of one request, and the message about the alerts it does not tell (None: it tells all)."""

    text: str
    rest: Message | None


def split(message: Message, fits: Callable[[Message], bool]) -> tuple[Message, Message | None] | None:
    """Return the message about as many alerts as fit, and that about the rest; None when none fits."""
    if fits(message):
        return message, None
    most = 0
    while most + 1 < len(message.notices) and fits(_first(message, most + 1)):
        most += 1
    if most == 0:
        return None
    return _first(message, most), replace(message, notices=message.notices[most:])


def fit(message: Message, lang: Lang, now: int, fits: Callable[[str], bool]) -> Fitted | None:
    """Return what one request can say; None when not even the essentials of one alert fit."""
    parts = split(message, lambda told: fits(render(told, lang, now)))
    if parts is not None:
        return Fitted(render(parts[0], lang, now), parts[1])
    text = _shortened(_first(message, 1), lang, now, fits)
    rest = replace(message, notices=message.notices[1:]) if message.notices[1:] else None
    return None if text is None else Fitted(text, rest)


def render(message: Message, lang: Lang, now: int) -> str:
    """Return the whole text: blocks of lines with an empty line between alerts."""
    blocks = [lines(message, notice, lang, now) for notice in message.notices]
    return _joined(message, lang, blocks)


def _first(message: Message, count: int) -> Message:
    return replace(message, notices=message.notices[:count])


def _shortened(message: Message, lang: Lang, now: int, fits: Callable[[str], bool]) -> str | None:
    """Leave out the heaviest line after the other, each clipped to what it may keep before it goes."""
    block = [line for notice in message.notices for line in lines(message, notice, lang, now)]
    while heavy := max((line.weight for line in block), default=0):
        at = max(place for place, line in enumerate(block) if line.weight == heavy)
        kept = _longest(block, at, lambda tried: fits(_joined(message, lang, [tried])))
        if kept is not None:
            return _joined(message, lang, [kept])
        del block[at]
    text = _joined(message, lang, [block])
    return text if fits(text) else None


def _longest(block: Sequence[Line], at: int, fits: Callable[[Sequence[Line]], bool]) -> Sequence[Line] | None:
    """Clip one line as little as it takes; None when it has to go altogether."""
    low, high, best = _LEAST_CLIPPED, len(block[at].text), None
    while low <= high:
        middle = (low + high) // 2
        tried = [*block[:at], replace(block[at], text=clip(block[at].text, middle)), *block[at + 1 :]]
        if fits(tried):
            low, best = middle + 1, tried
        else:
            high = middle - 1
    return best


def _joined(message: Message, lang: Lang, blocks: Sequence[Sequence[Line]]) -> str:
    top = "\n".join(heading(message, lang))
    return "\n\n".join(
        part for part in (top, *("\n".join(line.text for line in block) for block in blocks)) if part
    )
