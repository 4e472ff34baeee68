"""A file of nothing, given back to a full disk so that the gateway can still write what matters."""

import os
from pathlib import Path

RESERVE_BYTES = 64 * 1024 * 1024
_CHUNK = b"\0" * (1024 * 1024)


class Reserve:
    """``size`` bytes really written (a sparse file reserves nothing)."""

    def __init__(self, path: Path, size: int = RESERVE_BYTES) -> None:
        self.path = path
        self.size = size

    @property
    def held(self) -> bool:
        """Whether the whole reserve is on the disk."""
        return self.path.exists() and self.path.stat().st_size == self.size

    def take(self) -> bool:
        """Put the reserve on the disk; False, with nothing left behind, when there is no room for it."""
        if self.held:
            return True
        try:
            self._write()
        except OSError:
            self.free()
            return False
        return True

    def free(self) -> None:
        """Give the space back."""
        self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        with self.path.open("wb") as file:
            left = self.size
            while left > 0:
                left -= file.write(_CHUNK[:left])
            file.flush()
            os.fsync(file.fileno())
