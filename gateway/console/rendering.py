"""What every page starts from: who looks, in which language, and how a template becomes an answer."""

import base64
import binascii
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from gateway.api.access import ANYBODY, Principal, Tokens
from gateway.api.problems import Problem
from gateway.console.texts import Lang, choose_language, translator

_templates = Environment(
    loader=PackageLoader("gateway.console", "."),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def person_of(request: Request) -> Principal:
    """Return who looks: a browser can send a token only as a password."""
    tokens: Tokens | None = request.app.state.tokens
    if tokens is None:
        return ANYBODY
    principal = tokens.of(_token(request.headers.get("authorization", "")))
    if principal is None:
        lang = choose_language(None, request.headers.get("accept-language", ""))
        headers = {"WWW-Authenticate": 'Basic realm="Yizhan", charset="UTF-8"'}
        detail = translator(lang)("sign_in")
        raise Problem(HTTPStatus.UNAUTHORIZED, "header", "Authorization", detail, headers)
    return principal


def _token(authorization: str) -> str:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return credentials
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def language_of(request: Request, lang: str | None = None) -> Lang:
    """Return the language asked for in the address, else the browser's."""
    return choose_language(lang, request.headers.get("accept-language", ""))


Person = Annotated[Principal, Depends(person_of)]
Language = Annotated[Lang, Depends(language_of)]


def page(template: str, lang: Lang, status: HTTPStatus = HTTPStatus.OK, **values: object) -> HTMLResponse:
    """Return a page."""
    html = _templates.get_template(template).render(t=translator(lang), lang=lang, **values)
    # With `no-referrer` a browser says that a form comes from nowhere, and the guard of writes refuses it.
    headers = {
        "Cache-Control": "no-store",
        "Vary": "Accept-Language",
        "Referrer-Policy": "same-origin",
    }
    return HTMLResponse(html, status, headers)
