"""How our values become what the API answers (the shapes stand in `shapes`)."""

import base64

from gateway.api.access import Principal, Role
from gateway.api.values import rfc3339, written
from gateway.queries.fleet_list import StationSummary
from gateway.queries.station_detail import DeviceDetail, StationDetail
from gateway.state.commands import CommandRecord
from gateway.state.quarantined import Entry
from gateway.timeseries.asked import StoredReading
from gateway.timeseries.corrections import Stream


def station_item(summary: StationSummary) -> dict[str, object]:
    """Write one line of the fleet list."""
    return {
        "station_id": summary.station_id,
        "region": summary.region,
        "name": summary.name,
        "state": summary.state,
        "last_seen": rfc3339(summary.last_seen),
        "people_inside_count": summary.people_inside_count,
        "capacity": summary.capacity,
        "delivery": summary.delivery,
        "open_alerts": summary.open_alerts,
    }


def station_answer(detail: StationDetail) -> dict[str, object]:
    """Write one station with its devices."""
    return {
        **station_item(detail.summary),
        "profile": detail.profile,
        "lat": detail.lat,
        "lon": detail.lon,
        "devices": [_device_item(device) for device in detail.devices],
        "completeness": detail.completeness,
        "occupancy": {
            "anchored_at": rfc3339(detail.occupancy.anchored_at),
            "drift_per_100_entries": detail.occupancy.drift_per_100_entries,
        },
    }


def _device_item(device: DeviceDetail) -> dict[str, object]:
    return {
        "device": device.device,
        "domain": device.domain,
        "facility": device.facility,
        "ts": rfc3339(device.ts),
        "age_s": device.age_s,
        "reading": device.reading,
        "suspect": device.suspect,
    }


def reading_item(reading: StoredReading, stream: Stream | None = None) -> dict[str, object]:
    """Write one reading or bucket, with what names it where that is asked for."""
    named = {} if stream is None else {**stream._asdict(), "index": reading.position.idx}
    return {
        "ts": rfc3339(reading.position.ts),
        "device": reading.device,
        **reading.fields,
        "suspect": reading.suspect,
        "quality": reading.quality,
        **named,
    }


def quarantine_item(entry: Entry, principal: Principal) -> dict[str, object]:
    """Write one quarantine entry; its bytes only for an admin."""
    item = entry.item
    answer: dict[str, object] = {
        "id": entry.id,
        "received": rfc3339(entry.received),
        "repeated": rfc3339(entry.repeated),
        "station_id": item.station_id,
        "topic": item.topic,
        "stream": item.stream,
        "seq": item.seq,
        "domain": item.domain,
        "index": item.index,
        "reason": item.reason,
        "detail": item.detail,
        "count": entry.count,
        "replayed": rfc3339(entry.replayed),
    }
    if principal.role >= Role.ADMIN:
        answer["bytes"] = base64.b64encode(item.payload).decode()
        answer["cut"] = entry.cut
    return answer


def command_item(command: CommandRecord) -> dict[str, object]:
    """Write one command."""
    return {
        "id": command.id,
        "station_id": command.station_id,
        "name": command.name,
        "args": command.args,
        "by": command.by[0] if command.by else None,
        "issued": rfc3339(command.issued),
        "ttl_s": command.ttl_s,
        "state": command.state,
        "reason": command.reason,
        "at": rfc3339(command.at),
        "result": None if command.result is None else written(command.result),
    }
