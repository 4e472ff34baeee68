"""A report as JSON, as CSV that Excel opens, and as a workbook; headings in Chinese or English."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO, StringIO
from typing import Literal

import xlsxwriter

from gateway.api.values import rfc3339
from gateway.queries.reports.reports import Report
from gateway.queries.reports.table import Cell, Column, Row
from gateway.state.publications import Publication

Lang = Literal["zh", "en"]
JSON = "application/json"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = {"json": JSON, "csv": CSV, "xlsx": XLSX}
"""By the ending of an address."""
_BOM = "\ufeff"
"""Without it Excel takes UTF-8 for the code page of the machine."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What Excel begins to reckon at; a name of a station is somebody else's text."""
_UNITS: Mapping[str, tuple[str, str]] = {
    "": ("", ""),
    "1": ("", ""),
    "kW.h": ("千瓦时", "kWh"),
    "m3": ("立方米", "m³"),
    "L": ("升", "L"),
    "CNY": ("元", "CNY"),
    "s": ("秒", "s"),
    "min": ("分钟", "min"),
    "h": ("小时", "h"),
}
_TEXTS: Mapping[str, tuple[str, str]] = {
    "sheet": ("报表", "Report"),
    "about": ("说明", "About"),
    "changes": ("变更", "Changes"),
    "title": ("报表", "Report"),
    "period": ("统计期间", "Period"),
    "region": ("区域", "Region"),
    "version": ("版本", "Version"),
    "at": ("发布时间", "Published"),
    "by": ("发布人", "Published by"),
    "live": ("未发布，数据可能变化", "not published: figures may change"),
    "row": ("行", "Row"),
    "column": ("列", "Column"),
    "old": ("原值", "Before"),
    "new": ("新值", "Now"),
    "reason": ("原因", "Reason"),
    "late_data": ("迟到数据", "late data"),
    "correction": ("人工更正", "correction"),
}
_UNKNOWN, _HIDDEN = "—", "*"


def as_json(report: Report, rows: Sequence[Row], lang: Lang) -> dict[str, object]:
    """Return the report for programs: words as their keys, None where there is no figure."""
    kind = report.kind
    return {
        "kind": kind.key,
        "title": _in(lang, kind.zh, kind.en),
        "period": report.period.text,
        "lang": lang,
        "columns": [
            {"key": column.key, "unit": column.unit, "label": _in(lang, column.zh, column.en)}
            for column in kind.columns
        ],
        "items": [{column.key: row.get(column.key) for column in kind.columns} for row in rows],
        "next": None,
        "published": [publication_item(one) for one in report.published],
    }


def publication_item(one: Publication) -> dict[str, object]:
    """Write one publication with what is different in it from the one before."""
    return {
        "kind": one.kind,
        "period": one.period,
        "region": one.region,
        "version": one.version,
        "at": rfc3339(one.at),
        "by": one.by,
        "differences": [
            {
                "row": dict(each.row),
                "column": each.column,
                "old": each.old,
                "new": each.new,
                "reason": each.reason,
            }
            for each in one.differences
        ],
    }


def as_csv(report: Report, rows: Sequence[Row], lang: Lang) -> bytes:
    """Return the report in UTF-8 with a mark that Excel knows it by; no cell is a formula."""
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_plain(_heading(column, lang)) for column in report.kind.columns)
    for row in rows:
        writer.writerow(_plain(_shown(row, column, lang)) for column in report.kind.columns)
    return (_BOM + out.getvalue()).encode()


def as_workbook(report: Report, rows: Sequence[Row], lang: Lang) -> bytes:
    """Return the report as XLSX: the table, what it is, and what changed since it was first published."""
    out = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True})
        columns = report.kind.columns
        sheet = book.add_worksheet(_text("sheet", lang))
        _write(sheet, 0, [_heading(column, lang) for column in columns], bold)
        for n, row in enumerate(rows, start=1):
            _write(sheet, n, [_shown(row, column, lang) for column in columns])
        sheet.freeze_panes(1, 0)
        sheet.autofit()
        if rows:
            sheet.autofilter(0, 0, len(rows), len(columns) - 1)
        _fill(book.add_worksheet(_text("about", lang)), _about(report, lang))
        changes = [*_changes(report, lang)]
        if changes:
            _fill(book.add_worksheet(_text("changes", lang)), changes)
    return out.getvalue()


def _fill(sheet: xlsxwriter.workbook.Worksheet, lines: Iterable[Sequence[Cell]]) -> None:
    for n, line in enumerate(lines):
        _write(sheet, n, line)
    sheet.autofit()


def _write(
    sheet: xlsxwriter.workbook.Worksheet,
    line: int,
    cells: Sequence[Cell],
    style: xlsxwriter.format.Format | None = None,
) -> None:
    for n, cell in enumerate(cells):
        if isinstance(cell, str):
            sheet.write_string(line, n, cell, style)
        elif cell is not None:
            sheet.write_number(line, n, cell, style)


def _about(report: Report, lang: Lang) -> Iterator[list[Cell]]:
    kind = report.kind
    yield [_text("title", lang), _in(lang, kind.zh, kind.en)]
    yield [_text("period", lang), report.period.text]
    if not report.published:
        yield [_text("version", lang), _text("live", lang)]
    for one in report.published:
        yield [_text("region", lang), one.region]
        yield [_text("version", lang), one.version]
        yield [_text("at", lang), rfc3339(one.at)]
        yield [_text("by", lang), one.by]


def _changes(report: Report, lang: Lang) -> Iterator[list[Cell]]:
    labels = {column.key: _in(lang, column.zh, column.en) for column in report.kind.columns}
    found = [each for one in report.published for each in one.differences]
    if found:
        yield [_text(name, lang) for name in ("row", "column", "old", "new", "reason")]
    for each in found:
        row = " · ".join(str(value) for value in each.row.values() if value is not None)
        yield [row, labels[each.column], _cell(each.old), _cell(each.new), _text(each.reason, lang)]


def _heading(column: Column, lang: Lang) -> str:
    label, unit = _in(lang, column.zh, column.en), _in(lang, *_UNITS[column.unit])
    return f"{label} ({unit})" if unit else label


def _shown(row: Row, column: Column, lang: Lang) -> Cell:
    cell = row.get(column.key)
    if cell is None:
        return _HIDDEN if row.get("note") == "suppressed" else "" if column.is_key else _UNKNOWN
    if column.words is not None and isinstance(cell, str):
        return _in(lang, *column.words[cell])
    return cell


def _plain(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _cell(value: object) -> Cell:
    return value if isinstance(value, (str, int, float)) else None


def _text(name: str, lang: Lang) -> str:
    return _in(lang, *_TEXTS[name])


def _in(lang: Lang, zh: str, en: str) -> str:
    return zh if lang == "zh" else en
