"""The errors of the agent, drawn as a tree by what to do next.

AgentError
├── SettingsError    the operator corrects the settings file or the environment (exit 2)
├── StorageError     the operator looks at the data directory (exit 1)
├── OutboxFull       nothing could be written although room was made; the reading is tried again
└── DriverError      one device could not be read; the others go on, and it is tried again
"""


class AgentError(Exception):
    """Anything the agent can name; the message says what, where and what to do."""


class SettingsError(AgentError):
    """The settings cannot be used; nothing was started."""


class StorageError(AgentError):
    """The data directory cannot be used."""


class OutboxFull(AgentError):  # noqa: N818 - a state of the disk, not a fault of ours
    """The disk takes nothing at all, not even a note of what was dropped."""


class DriverError(AgentError):
    """A device gave no usable answer."""
