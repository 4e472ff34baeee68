"""A meter that says three totals, the second of them wrong, and the pages that lead to it."""

import re
from urllib.parse import urlencode

import httpx

from tests.integration.api_support import NOW, House
from tests.integration.console.browser import page

STATION = "/stations/louxing-07"
MINUTE = 60_000
SPAN = urlencode({"point": "water:main", "start": "2026-11-22T15:00", "end": "2026-11-22T16:00"})
WHO = {"reason": "read off the <dial>", "by": "li"}


def say(house: House) -> None:
    """Say the totals."""
    rows = [
        {"device": "main", "ts": NOW - n * MINUTE, "water_volume_m3_total": total}
        for n, total in ((3, 5.1), (2, 52.0), (1, 5.3))
    ]
    house.write("louxing-07", "water", rows)


def totals(house: House) -> list[float | None]:
    """Return what is stored of the meter now."""
    with house.store.cursor() as cursor:
        rows = cursor.execute("SELECT water_volume_m3_total FROM water_samples ORDER BY ts").fetchall()
    return [total for (total,) in rows]


async def links(client: httpx.AsyncClient, **headers: str) -> dict[str, str]:
    """Return the pages that correct the totals of the stretch, by what the totals are shown as."""
    html = await page(client, f"{STATION}/readings?lang=en&{SPAN}", **headers)
    found = re.findall(r'<a href="(/stations/[^"]+water_volume_m3_total[^"]*)">([^<]+)</a>', html)
    return {text: address for address, text in found}


def hidden(html: str) -> dict[str, str]:
    """Return what the last form of a page would send by itself."""
    last = html.rpartition('<form method="post"')[2]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', last))


async def preview(client: httpx.AsyncClient, value: str = "5.2", **headers: str) -> dict[str, str]:
    """Return what the page that shows a change would send to confirm it."""
    address = (await links(client, **headers))["52 m³"]
    return hidden(await page(client, f"{address}&value={value}", **headers))
