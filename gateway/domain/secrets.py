"""Secrets in settings: written down, or in a file whose path is written down."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, SecretStr

PATHS = ("/", "./", "../", "~")
"""How the path of a file begins, in the settings of a gateway and of an agent alike."""


def read_secret(secret: SecretStr) -> SecretStr:
    """Replace the path of a file by what the file holds; ValueError names the file that cannot be used."""
    if not secret.get_secret_value().startswith(PATHS):
        return secret
    path = Path(secret.get_secret_value())
    try:
        held = path.expanduser().read_text(encoding="utf-8").strip()
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from None
    if not held:
        raise ValueError(f"{path}: the file is empty")
    return SecretStr(held)


Secret = Annotated[SecretStr, AfterValidator(read_secret)]
"""A secret, or the path of a file that holds it."""
