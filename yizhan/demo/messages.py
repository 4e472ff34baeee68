"""What the gateway told the people on call, out of its log."""

import json


def message_of(line: str) -> str | None:
    """The text of a message that went to the console channel; None for any other line of the log."""
    if not line.startswith("{"):
        return None
    try:
        said = json.loads(line)
    except ValueError:
        return None
    if not isinstance(said, dict) or said.get("event") != "message":
        return None
    return str(said.get("text", ""))
