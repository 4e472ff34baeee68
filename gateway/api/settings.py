"""Where the gateway listens for people and programs, and whom it answers."""

from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, model_validator


class TokenAuth(BaseModel):
    """Bearer tokens from a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: Path = Field(description="YAML list of {name, sha256, role, regions}.")


class HttpSettings(BaseModel):
    """The section `http` of the gateway's settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on; 0 picks a free one.")
    auth: Literal["none"] | TokenAuth = Field(
        "none", description="`none`, on a loopback address only, or `{tokens: file}`."
    )
    public_url: HttpUrl | None = Field(None, description="How people reach the gateway through a proxy.")
    hosts: list[str] = Field(default_factory=list, description="Further host names writes may come to.")

    @model_validator(mode="after")
    def _none_on_loopback_only(self) -> Self:
        if self.auth == "none" and not is_loopback(self.host):
            raise ValueError(
                f"auth none answers everybody who reaches {self.host}: listen on 127.0.0.1, "
                "or write auth: {tokens: file}"
            )
        return self


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
