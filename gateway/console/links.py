"""The page behind the link of a message: for a phone, without a login.

Chat programs fetch links to draw a preview, so opening the page changes nothing; its one button does, once.
"""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter
from starlette.responses import Response

from gateway.alerting.response.life import AlertOverError
from gateway.api.asking import Asked
from gateway.api.services import Services
from gateway.console.alerts import figures
from gateway.console.rendering import Language, page
from gateway.console.showing import age, clock
from gateway.console.texts import Lang, translator
from gateway.notify.links import Link, Unusable
from gateway.queries.alerts import AlertView
from gateway.state.alert_rows import AlertState
from gateway.state.audit import Deed

router = APIRouter(include_in_schema=False)


@router.get("/a/{token}")
async def link_page(services: Asked, lang: Language, token: str) -> Response:
    """Show the alert, and the button."""
    link = services.links.verify(token, services.clock())
    view = None if isinstance(link, Unusable) else await _view(services, link)
    if isinstance(link, Unusable) or view is None:
        return _useless(link, lang)
    return _shown(services, lang, link, view, done=False)


@router.post("/a/{token}")
async def follow_link(services: Asked, lang: Language, token: str) -> Response:
    """Acknowledge in the name of whom the link was sent to, unless somebody has."""
    now = services.clock()
    link = services.links.verify(token, now)
    if isinstance(link, Unusable):
        return _useless(link, lang)
    done = False
    async with services.tapping:
        view = await _view(services, link)
        if view is None:
            return _useless(link, lang)
        if view.state == AlertState.FIRING:
            done = await _acknowledge(services, link, now)
            view = await _view(services, link) or view
    return _shown(services, lang, link, view, done=done)


async def _acknowledge(services: Services, link: Link, now: int) -> bool:
    try:
        await asyncio.to_thread(services.life.acknowledge, link.alert_id, link.person, "", now)
    except AlertOverError:
        return False
    deed = Deed(now, link.person, "alert.acknowledge", link.alert_id, {"by": "link"})
    await asyncio.to_thread(services.state.audit.note, deed)
    await services.watch.look()
    return True


async def _view(services: Services, link: Link) -> AlertView | None:
    return await asyncio.to_thread(services.alerts.get, link.alert_id)


def _useless(link: Link | Unusable, lang: Lang) -> Response:
    t = translator(lang)
    expired = link is Unusable.EXPIRED
    key, status = ("link_expired", HTTPStatus.GONE) if expired else ("link_bad", HTTPStatus.NOT_FOUND)
    return page("notice.html", lang, status, heading=t(key), what=t(f"{key}_what"))


def _shown(services: Services, lang: Lang, link: Link, view: AlertView, *, done: bool) -> Response:
    rota = services.on_call.rota
    people = {} if rota is None else rota.people
    taken_by = view.by if view.state == AlertState.ACKNOWLEDGED else None
    tz = services.registry.tz(view.station_id)
    return page(
        "link.html",
        lang,
        alert=view,
        since=age(view.opened, services.clock(), lang),
        opened=clock(view.opened, tz),
        figures=figures(view, lang),
        name=people[link.person].name if link.person in people else link.person,
        taken_by=people[taken_by].name if taken_by and taken_by in people else taken_by,
        taken_at=clock(view.changed, tz),
        done=done,
    )
