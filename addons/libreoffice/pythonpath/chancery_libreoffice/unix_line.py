"""A line to the agent over its Unix socket."""

from __future__ import annotations

import os
import socket
import struct
import sys

from . import place, trouble
from .exchange import Deadline


class UnixLine:
    """An open connection. Only an agent of the same user is spoken to."""

    def __init__(self, deadline: Deadline) -> None:
        uid = os.getuid()
        path = place.socket_path(os.environ, uid)
        place.check_owner(path, uid)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(deadline.left())
            self._socket.connect(path)
            if _peer(self._socket, uid) != uid:
                raise trouble.Trouble(trouble.NOT_OURS)
        except (FileNotFoundError, ConnectionRefusedError):
            self.close()
            raise trouble.NotRunning() from None
        except BaseException:
            self.close()
            raise

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Sends all of it."""
        self._socket.settimeout(deadline.left())
        self._socket.sendall(data)

    def receive(self, buffer: memoryview, deadline: Deadline) -> int:
        """Fills as much of the buffer as there is; 0 at the end."""
        self._socket.settimeout(deadline.left())
        return self._socket.recv_into(buffer)

    def close(self) -> None:
        """Ends the connection."""
        self._socket.close()


def _peer(connected: socket.socket, own: int) -> int:
    """The user id behind the socket, where the system tells it; the directory
    was looked at in any case."""
    if not sys.platform.startswith("linux"):
        return own
    told = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return struct.unpack("3i", told)[1]
