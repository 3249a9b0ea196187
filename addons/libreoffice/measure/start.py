"""How much longer LibreOffice Writer takes to start with the extension.

    /usr/bin/python3 start.py EXTENSION.oxt [RUNS]

From the start of the program until the window of its first, empty document is
there and active; with the extension and without it in turn, each in a home of
its own that has been started once before. As a normal user, on a display with
a window manager (``DISPLAY``), with the Python that has LibreOffice's ``uno``.
Nothing else should run meanwhile; the time on a core, which is told besides,
depends less on it (it is that of the whole run, the end too).
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import uno
from com.sun.star.connection import NoConnectException
from com.sun.star.lang import DisposedException
from com.sun.star.uno import RuntimeException

PATIENCE = 60


def surroundings(home):
    own = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    own.update(HOME=home, CHANCERY_HOME=os.path.join(home, "chancery"), NO_AT_BRIDGE="1")
    return own


def is_ready(desktop):
    frames = desktop.getFrames()
    frame = frames.getByIndex(0) if frames.getCount() else None
    window = frame and frame.getController() and frame.getContainerWindow()
    return bool(window and window.isVisible() and frame.isActive())


def started(home, number):
    """Seconds until the first document's window is there, and on a core in all."""
    pipe = f"chancery-measure-{os.getpid()}-{number}"
    own = uno.getComponentContext()
    resolver = own.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", own)
    began = time.monotonic()
    suite = subprocess.Popen(
        ["soffice", "--norestore", "--nologo", "--writer", f"--accept=pipe,name={pipe};urp"],
        env=surroundings(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        desktop = None
        while time.monotonic() - began < PATIENCE:
            try:
                if desktop is None:
                    context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
                    services = context.ServiceManager
                    desktop = services.createInstanceWithContext("com.sun.star.frame.Desktop", context)
                if is_ready(desktop):
                    took = time.monotonic() - began
                    break
            except (NoConnectException, RuntimeException):
                pass  # not that far yet
            time.sleep(0.005)
        else:
            raise SystemExit("LibreOffice did not start within a minute.")
        try:
            desktop.terminate()
        except DisposedException:
            pass  # it was faster than its answer
        _, _, used = os.wait4(suite.pid, 0)
        suite.returncode = 0
        return took, used.ru_utime + used.ru_stime
    finally:
        try:
            os.killpg(suite.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has ended


def main(extension, runs):
    with tempfile.TemporaryDirectory() as place:
        homes = {name: os.path.join(place, name) for name in ["without", "with"]}
        for home in homes.values():
            os.mkdir(home)
        add = ["unopkg", "add", "--suppress-license", extension]
        subprocess.run(add, env=surroundings(homes["with"]), check=True)
        for home in homes.values():
            started(home, 0)
            started(home, 1)
        took = {name: [] for name in homes}
        for number in range(runs):
            # Whoever comes first changes from run to run.
            order = list(homes) if number % 2 == 0 else list(homes)[::-1]
            for name in order:
                took[name].append(started(homes[name], number + 2))
    for which, what in enumerate(["until the window is there", "on a core"]):
        median = {}
        for name, times in took.items():
            own = [one[which] * 1000 for one in times]
            median[name] = statistics.median(own)
            listed = " ".join(f"{one:.0f}" for one in own)
            print(f"{what}, {name}: median {median[name]:.0f} ms  ({listed})")
        pairs = zip(took["without"], took["with"])
        apart = statistics.median((one[which] - other[which]) * 1000 for other, one in pairs)
        print(
            f"{what}, with the extension: {median['with'] - median['without']:+.0f} ms"
            f" between the medians, {apart:+.0f} ms in the middle of the pairs"
        )


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 9)
