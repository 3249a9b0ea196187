"""Finding and starting Chancery's programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from typing import Dict, List, Optional

from . import trouble

#: ``chancery agent start`` itself gives up after ten seconds.
_START = 20.0
#: What LibreOffice sets for its own Python and its own libraries.
_OFFICE_ONLY = ("PYTHONHOME", "PYTHONPATH", "URE_BOOTSTRAP", "UNO_PATH")


def start_agent() -> None:
    """Starts the agent and waits until it answers. Harmless when one runs."""
    program = _chancery()
    if program is None:
        raise trouble.Trouble(trouble.NO_PROGRAM)
    try:
        done = subprocess.run(
            [program, "agent", "start", "--no-input"], timeout=_START, check=False, **_apart()
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise trouble.Trouble(trouble.NOT_STARTED) from error
    if done.returncode != 0:
        raise trouble.Trouble(trouble.NOT_STARTED)


def start_window(*words: str) -> subprocess.Popen:
    """Starts the desktop program with these words; one that runs already takes
    over and the new one ends."""
    program = _desktop()
    if program is None:
        raise trouble.Trouble(trouble.NO_WINDOW)
    try:
        started = subprocess.Popen([program, *words], **_apart())
    except OSError as error:
        raise trouble.Trouble(trouble.NO_WINDOW) from error
    # Somebody has to hear of its end, or it stays in the list of processes.
    threading.Thread(target=started.wait, name="chancery-window", daemon=True).start()
    return started


def _chancery() -> Optional[str]:
    return _found("CHANCERY_PROGRAM", "chancery", _usual_places())


def _desktop() -> Optional[str]:
    beside = _chancery()
    places = [os.path.dirname(beside)] if beside else []
    return _found("CHANCERY_DESKTOP", "chancery-desktop", places + _usual_places(), places)


def _found(
    variable: str, name: str, last: List[str], first: Optional[List[str]] = None
) -> Optional[str]:
    """The one that the variable names, whatever it is; else in the ``first``
    places, on the PATH, and in the ``last`` ones."""
    named = os.environ.get(variable)
    if named:
        return named if os.path.isabs(named) and os.access(named, os.X_OK) else None
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    places = [place for place in (first or []) + path + last if os.path.isabs(place)]
    return shutil.which(name, path=os.pathsep.join(places))


def _usual_places() -> List[str]:
    """Where it may be although a desktop's PATH does not say so."""
    if sys.platform == "win32":
        roots = [os.environ.get("LOCALAPPDATA"), os.environ.get("ProgramFiles")]
        below = ["Programs\\Chancery", "Chancery"]
        return [os.path.join(root, name) for root, name in zip(roots, below) if root]
    home = os.path.expanduser("~")
    own = [os.path.join(home, ".local", "bin"), os.path.join(home, ".cargo", "bin")]
    return own + ["/usr/local/bin", "/usr/bin", "/opt/chancery/bin"]


def _apart() -> Dict:
    """A process that has nothing of this one but its surroundings."""
    environment = {
        name: value for name, value in os.environ.items() if name not in _OFFICE_ONLY
    }
    options: Dict = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "env": environment,
    }
    if sys.platform == "win32":
        options["creationflags"] = 0x08000000  # CREATE_NO_WINDOW
    else:
        options["cwd"] = "/"
        options["start_new_session"] = True
    return options
