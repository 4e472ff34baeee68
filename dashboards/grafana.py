"""Grafana's HTTP API: the only file that knows `grafana_api`, and what its errors ask of an operator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from grafana_api.grafana_api import GrafanaException
from grafana_api.grafana_face import GrafanaFace

TIMEOUT_S = 15.0
Json = dict[str, Any]


class GrafanaError(Exception):
    """Grafana did not do what was asked; the message says what to do, in English and Chinese."""


class Grafana:
    """One Grafana and one service account of it; every call raises GrafanaError when it fails."""

    def __init__(self, url: str, token: str, timeout_s: float = TIMEOUT_S) -> None:
        """Reach no one yet; ValueError for an address that is none, or that carries a secret."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url!r} is no address such as http://127.0.0.1:3000 / 地址格式不对")
        if parts.username or parts.password or parts.query:
            raise ValueError(
                "the address must hold no user, password or token / 地址里不能有用户名、密码或令牌"
            )
        prefix = parts.path.strip("/")
        self._url = url
        self._face = GrafanaFace(
            auth=token,
            protocol=parts.scheme,
            host=parts.hostname,
            port=parts.port,
            url_path_prefix=f"{prefix}/" if prefix else "",
            timeout=timeout_s,
        )
        # A redirected POST would arrive as a GET; better to be told the right address.
        self._face.api.s.max_redirects = 0

    def folder(self, uid: str) -> Json | None:
        """Return a folder, None when there is none."""
        return self._found(lambda: self._face.folder.get_folder(uid))

    def create_folder(self, uid: str, title: str) -> None:
        """Make a folder."""
        self._done(lambda: self._face.folder.create_folder(title, uid))

    def data_source(self, uid: str) -> Json | None:
        """Return a data source without its secrets, None when there is none."""
        return self._found(lambda: self._face.api.GET(f"/datasources/uid/{uid}"))

    def create_data_source(self, described: Json) -> None:
        """Make a data source."""
        self._done(lambda: self._face.datasource.create_datasource(described))

    def update_data_source(self, described: Json) -> None:
        """Write a data source anew."""
        self._done(lambda: self._face.api.PUT(f"/datasources/uid/{described['uid']}", json=described))

    def dashboard(self, uid: str) -> Json | None:
        """Return `dashboard` and `meta`, None when there is none."""
        return self._found(lambda: self._face.dashboard.get_dashboard(uid))

    def save_dashboard(self, dashboard: Json, folder_uid: str, message: str, *, overwrite: bool) -> None:
        """Write a dashboard; without ``overwrite`` only over the version it names."""
        said = {"dashboard": dashboard, "folderUid": folder_uid, "message": message, "overwrite": overwrite}
        self._done(lambda: self._face.dashboard.update_dashboard(said))

    def _found(self, call: Callable[[], Json]) -> Json | None:
        try:
            return self._done(call)
        except _NotThereError:
            return None

    def _done(self, call: Callable[[], Json]) -> Json:
        with self._told():
            answer = call()
            if not isinstance(answer, dict):
                raise ValueError("no JSON object")  # noqa: TRY004 - what is wrong is what was said
            return answer

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn whatever goes wrong into what to do."""
        try:
            yield
        except GrafanaException as error:
            raise _explained(error, self._url) from error
        except (requests.RequestException, ValueError) as error:
            said = next(sentence for kinds, sentence in _BROKEN if isinstance(error, kinds))
            raise GrafanaError(f"{self._url} {said}") from error


class _NotThereError(GrafanaError):
    """Grafana knows no such thing."""


_BROKEN: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (
        requests.TooManyRedirects,
        "leads elsewhere; write the address it leads to / 地址被重定向，请改用最终地址",
    ),
    (requests.Timeout, "did not answer in time; try again when it is less busy / 响应超时，请稍后再试"),
    (
        requests.exceptions.SSLError,
        (
            "has a certificate nobody here trusts; name its authority in REQUESTS_CA_BUNDLE"
            " / 证书不受信任，请用 REQUESTS_CA_BUNDLE 指定 CA"
        ),
    ),
    (
        (requests.ConnectionError, requests.exceptions.ChunkedEncodingError),
        (
            "is not there or hung up; is Grafana running, is the port right? What was done stays: push again"
            " / 无法连接或连接中断，请检查 Grafana 与端口，然后重新推送"
        ),
    ),
    (
        (requests.RequestException, ValueError),
        "does not answer like Grafana; is the path right? / 请检查地址路径",
    ),
)
"""What broke before Grafana could say anything, the narrower first: it goes on behind the address."""

_MEANINGS = {
    400: "it refuses what was sent ({said}); is it Grafana 10 or newer? / 请求被拒绝，版本须不低于 10",
    401: "it does not take the token; make one for a service account and put it in GRAFANA_TOKEN"
    " / 令牌无效，请新建服务账号令牌并放入 GRAFANA_TOKEN",
    403: "the token may not do this ({said}): its service account needs the role Editor, and Admin for the"
    " data source / 令牌权限不足：看板需要 Editor，数据源需要 Admin",
    409: "it has another of the same name ({said}); rename that one / 已有同名对象，请先改名",
    412: "somebody changed it meanwhile, or another dashboard has the title ({said}); look, then push again"
    " / 看板刚被他人修改，或标题重复，请查看后重新推送",
    422: "it refuses what was sent: {said} / 请求被拒绝",
    429: "it is asked too often; wait a minute / 请求过多，请稍后再试",
}


def _explained(error: GrafanaException, url: str) -> GrafanaError:
    status, said = error.status_code, error.response
    words = said.get("message", "") if isinstance(said, dict) else ""
    if status == requests.codes.not_found and isinstance(said, dict):
        return _NotThereError(f"{url}: {words} / 不存在")
    if status == requests.codes.not_found:
        return GrafanaError(f"{url}: there is no Grafana at this path / 此路径下没有 Grafana")
    if status >= requests.codes.server_error:
        trouble = f"Grafana is in trouble ({status} {words}); read its log, then push again"
        return GrafanaError(f"{url}: {trouble} / Grafana 出错，请看其日志后重试")
    meaning = _MEANINGS.get(status, "it answered {status}: {said} / 未知答复")
    return GrafanaError(f"{url}: {meaning.format(said=words, status=status)}")
