"""The pages about alerts: those that are open, worst first, and one with all that happened to it."""

import asyncio
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gateway.api.asking import Asked, visible_alert
from gateway.api.problems import Problem
from gateway.api.values import read_cursor, write_cursor
from gateway.console.forms import may_act
from gateway.console.rendering import Language, Person, page
from gateway.console.showing import age, clock, lengths
from gateway.console.texts import Lang, translator, word_name
from gateway.domain.registry import DEFAULT_TZ
from gateway.notify.compared import compared
from gateway.notify.figures import figure
from gateway.notify.notifier import Measured
from gateway.queries.alerts import AlertView, Wanted
from gateway.state.alert_rows import JournalEntry
from wire.measures.words import Name

ALERTS_A_PAGE = 200
UNKNOWN = Measured(Name("数值", "value"), "1")
"""What the value of a rule that is gone is called."""
LEAST_TIME_MS = 10**12
"""Whole numbers in the journal that are larger are times: 2001 and later."""
SNOOZES_MIN = (30, 60, 240, 480, 1_440)

router = APIRouter(include_in_schema=False)


@router.get("/alerts")
async def alerts_page(
    services: Asked,
    person: Person,
    lang: Language,
    *,
    everything: Annotated[bool, Query(alias="all")] = False,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> Response:
    """Show the open alerts, worst first; all that ever were, newest first, where asked for."""
    now = services.clock()
    if everything:
        before = None if cursor is None else read_cursor(cursor, str)
        wanted = Wanted(person.regions)
        listed, following = await asyncio.to_thread(services.alerts.page, ALERTS_A_PAGE, before, wanted)
    else:
        listed = await asyncio.to_thread(services.alerts.worst_first, ALERTS_A_PAGE, person.regions)
        following = None
    return page(
        "alerts.html",
        lang,
        alerts=[(view, age(view.opened, now, lang), figures(view, lang)) for view in listed],
        everything=everything,
        cut=not everything and len(listed) == ALERTS_A_PAGE,
        next_page=following and f"/alerts?lang={lang}&all=1&cursor={write_cursor(following)}",
        as_of=clock(now, DEFAULT_TZ),
    )


@router.get("/alerts/{alert_id}")
async def alert_page(services: Asked, person: Person, lang: Language, alert_id: str) -> Response:
    """Show one alert: what to do first, what is known, and what one can do about it."""
    t = translator(lang)
    try:
        view = await visible_alert(services, person, alert_id)
    except Problem:
        what = t("alert_missing_what", alert_id=alert_id)
        return page("notice.html", lang, HTTPStatus.NOT_FOUND, heading=t("alert_missing"), what=what)
    timeline = await asyncio.to_thread(services.alerts.timeline, alert_id)
    tz, now = services.registry.tz(view.station_id), services.clock()
    return page(
        "alert.html",
        lang,
        alert=view,
        by=person.name,
        may_act=may_act(person),
        since=age(view.opened, now, lang),
        opened=clock(view.opened, tz),
        changed=clock(view.changed, tz),
        figures=figures(view, lang),
        snoozed_until=_until(view, tz, now),
        quiet_because=word_name("why", view.quiet_because or "", lang),
        remarks=list(_remarks(view, lang)),
        lengths=lengths(SNOOZES_MIN, lang),
        timeline=list(_timeline(timeline, tz, lang)),
    )


@router.get("/rules/{rule_id}")
async def rule_page(services: Asked, _person: Person, lang: Language, rule_id: str) -> Response:
    """Show one rule: what to do first, why it is there, and its numbers."""
    t = translator(lang)
    view = await asyncio.to_thread(services.rules.get, rule_id)
    if view is None:
        what = t("rule_missing_what", rule=rule_id)
        return page("notice.html", lang, HTTPStatus.NOT_FOUND, heading=t("rule_missing"), what=what)
    rule = view.rule
    return page(
        "rule.html",
        lang,
        rule=rule,
        name=getattr(rule.name, lang),
        first_action=getattr(rule.first_action, lang),
        reason=getattr(rule.reason, lang),
        parameters=view.parameters,
    )


def figures(view: AlertView, lang: Lang) -> str:
    """Write the value against its limit, with their unit."""
    if view.value is None:
        return ""
    rule = view.definition
    of = UNKNOWN if rule is None else compared(rule, view.severity, view.value)
    told = {"name": getattr(of.name, lang), "value": getattr(figure(of, view.value), lang)}
    t = translator(lang)
    if view.limit is None or view.limit == view.value:
        return t("measured", **told)
    return t("against", **told, limit=getattr(figure(of, view.limit), lang))


def _until(view: AlertView, tz: str, now: int) -> str | None:
    return clock(view.snoozed_until, tz) if view.snoozed_until and view.snoozed_until > now else None


def _remarks(view: AlertView, lang: Lang) -> Iterator[str]:
    t = translator(lang)
    if view.retrospective:
        yield t("retrospective")
    if view.incomplete:
        yield t("incomplete")
    if view.count > 1:
        yield t("came_back", n=view.count)


def _timeline(entries: Sequence[JournalEntry], tz: str, lang: Lang) -> Iterator[tuple[str, str, str, str]]:
    for entry in entries:
        told = (f"{name} {_plain(value, tz, lang)}" for name, value in entry.detail.items() if value)
        who = entry.by or translator(lang)("gateway")
        yield clock(entry.at, tz), word_name("entry", entry.kind, lang), who, " · ".join(told)


def _plain(value: object, tz: str, lang: Lang) -> str:
    if isinstance(value, list):
        return ", ".join(" ".join(map(str, one)) if isinstance(one, list) else str(one) for one in value)
    if isinstance(value, int) and value > LEAST_TIME_MS:
        return clock(value, tz)
    return word_name("why", value, lang) if isinstance(value, str) else str(value)
