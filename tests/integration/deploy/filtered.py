"""Start a program that may make no system calls but those of a unit's SystemCallFilter; another one ends it.

    python -m tests.integration.deploy.filtered '@system-service ~@privileged' program argument …

systemd does the same with the same library; what its names of groups stand for is asked of systemd-analyze.
"""

import ctypes
import os
import subprocess
import sys

KILL_PROCESS, ALLOW = 0x80000000, 0x7FFF0000
NO_NEW_PRIVILEGES = 38
UNKNOWN = -1
ONLY_AS_ROOT = {"fchown"}
"""SQLite hands its journal to the owner of the database, but only when it is root, as no unit of ours is."""


def expanded(name: str) -> set[str]:
    """The calls behind a name, which may be a group of groups."""
    if not name.startswith("@"):
        return {name}
    told = subprocess.run(
        ["systemd-analyze", "syscall-filter", name],  # noqa: S607 - Debian's own
        capture_output=True,
        text=True,
        check=True,
    )
    lines = {line.strip() for line in told.stdout.splitlines()[1:]}
    return {call for line in lines if line and line[0] != "#" for call in expanded(line)}


def allowed(words: list[str]) -> set[str]:
    """The calls that are left after every word, the later ones over the earlier."""
    calls = expanded("@default")
    for word in words:
        calls = calls - expanded(word[1:]) if word.startswith("~") else calls | expanded(word)
    return calls


def confine(calls: set[str]) -> None:
    """Let this process make no other calls from here on."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(KILL_PROCESS)))
    for call in calls:
        number = library.seccomp_syscall_resolve_name(call.encode())
        if number > UNKNOWN:
            library.seccomp_rule_add_array(rules, ctypes.c_uint32(ALLOW), number, 0, None)
    ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if library.seccomp_load(rules):
        sys.exit("the filter could not be set")


if __name__ == "__main__":
    confine(allowed(sys.argv[1].split()) | (ONLY_AS_ROOT if os.geteuid() == 0 else set()))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - what the test says
