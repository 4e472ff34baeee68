"""HTTP to the house of a test module, which brings its own `house`."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.integration.api_support import House, client_for
from tests.integration.api_tokens import guarded_settings


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Speak to an API open to everybody."""
    async with client_for(house) as client:
        yield client


@pytest.fixture
async def guarded(house: House, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Speak to an API that asks for a token."""
    async with client_for(house, guarded_settings(tmp_path)) as client:
        yield client
