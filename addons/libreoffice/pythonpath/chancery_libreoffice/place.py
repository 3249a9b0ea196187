"""Where the agent listens: the rule of ``chancery_platform::directories``."""

from __future__ import annotations

import os
import stat
from typing import Mapping

from . import trouble


def socket_path(
    environment: Mapping[str, str], uid: int, run_user: str = "/run/user"
) -> str:
    """The path of the agent's Unix socket for that user."""
    home = environment.get("CHANCERY_HOME")
    if home:
        if not os.path.isabs(home):
            raise trouble.Trouble(trouble.NO_PLACE)
        return os.path.join(home, "run", "agent.sock")
    return os.path.join(_runtime(environment, uid, run_user), "agent.sock")


def _runtime(environment: Mapping[str, str], uid: int, run_user: str) -> str:
    runtime = environment.get("XDG_RUNTIME_DIR")
    if runtime and os.path.isabs(runtime):
        return os.path.join(runtime, "chancery")
    of_user = os.path.join(run_user, str(uid))
    if os.path.isdir(of_user):
        return os.path.join(of_user, "chancery")
    temporary = environment.get("TMPDIR") or "/tmp"
    return os.path.join(temporary, "chancery-{}".format(uid))


def check_owner(socket: str, uid: int) -> None:
    """Refuses a directory that is a link or somebody else's, where another user
    could listen instead."""
    try:
        found = os.lstat(os.path.dirname(socket))
    except FileNotFoundError:
        raise trouble.NotRunning() from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid:
        raise trouble.Trouble(trouble.NOT_OURS)


def pipe_name(environment: Mapping[str, str], sid: str) -> str:
    """The name of the agent's pipe on Windows for the user of that security id."""
    name = "\\\\.\\pipe\\chancery-" + sid
    home = environment.get("CHANCERY_HOME")
    if not home:
        return name
    import hashlib

    digest = hashlib.sha256(home.lower().encode("utf-8", "replace")).hexdigest()
    return name + "-" + digest[:20]
