"""Run a command as another account: PostgreSQL refuses to run as root, and a bare machine often has nobody
else.

    python unprivileged.py UID GID {plain,override} COMMAND ARGUMENT…

The process becomes the account and then the command, so its pid stays. `override` keeps one capability,
CAP_DAC_OVERRIDE (Linux), which lets the account pass through folders that only root may enter, such as a
clone under /root; the alternative would be to open those folders to everybody. This file imports nothing of
ours: it runs by its path.
"""

import ctypes
import os
import sys

_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
EXIT_NOT_ALLOWED = 97


def main(arguments: list[str]) -> None:
    """Become the account, keep the capability if asked to, become the command."""
    uid, gid, manner, *command = arguments
    libc = ctypes.CDLL(None, use_errno=True)
    override = manner == "override"
    try:
        if override and libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
        if override:
            _keep_override(libc)
    except (OSError, AttributeError) as refused:
        print(f"cannot run {command[0]} as account {uid}: {refused}", file=sys.stderr)
        sys.exit(EXIT_NOT_ALLOWED)
    os.execv(command[0], command)


def _keep_override(libc: ctypes.CDLL) -> None:
    mask = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(
        mask, mask, mask, 0, 0, 0
    )  # effective, permitted, inheritable; low word first
    if libc.capset(header, sets) or libc.prctl(
        _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0
    ):
        raise OSError(ctypes.get_errno(), "capabilities are not allowed here")


if __name__ == "__main__":
    main(sys.argv[1:])
