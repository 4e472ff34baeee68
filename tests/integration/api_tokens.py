"""Desks that need a token: who looks, who acts, who administers, and one that acts in the north only."""

import hashlib
from pathlib import Path

from gateway.api.settings import HttpSettings, TokenAuth

TOKENS = {"viewer": "v-3Jk", "operator": "o-91x", "admin": "a-77q", "north": "n-5pd"}


def guarded_settings(folder: Path) -> HttpSettings:
    """Write the token file of the desks into `folder`."""
    lines = [
        f"- {{name: {name}-desk, role: {'operator' if name == 'north' else name}, "
        f"sha256: {hashlib.sha256(token.encode()).hexdigest()}"
        f"{', regions: [north]' if name == 'north' else ''}}}"
        for name, token in TOKENS.items()
    ]
    path = folder / "tokens.yaml"
    path.write_text("\n".join(lines))
    return HttpSettings(auth=TokenAuth(tokens=path))


def bearer(name: str) -> dict[str, str]:
    """Return the header of a desk; a name that is none stands for a wrong token."""
    return {"Authorization": f"Bearer {TOKENS.get(name, name)}"}
