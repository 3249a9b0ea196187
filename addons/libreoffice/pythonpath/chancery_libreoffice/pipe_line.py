"""A line to the agent over its named pipe, on Windows.

Not yet tried on a real Windows: written from the system's documentation.
"""

from __future__ import annotations

import _winapi
import ctypes
import os
from ctypes import wintypes

from . import place, trouble
from .exchange import Deadline

_FILE_NOT_FOUND, _PIPE_BUSY, _BROKEN_PIPE = 2, 231, 109
_OVERLAPPED = 0x40000000
#: The agent may learn who calls and no more (SECURITY_SQOS_PRESENT and
#: SECURITY_IDENTIFICATION).
_IDENTIFICATION_ONLY = 0x00110000
_QUERY_LIMITED, _TOKEN_QUERY, _TOKEN_USER = 0x1000, 0x0008, 1


class PipeLine:
    """An open connection. Only an agent of the same user is spoken to."""

    def __init__(self, deadline: Deadline) -> None:
        own = _sid_of_process(_winapi.GetCurrentProcess())
        name = place.pipe_name(os.environ, own)
        self._handle = _opened(name, deadline)
        try:
            if _sid_of_server(self._handle) != own:
                raise trouble.Trouble(trouble.NOT_OURS)
        except BaseException:
            self.close()
            raise

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Sends all of it."""
        left = memoryview(data)
        while left:
            written, _ = _winapi.WriteFile(self._handle, left, overlapped=True)
            left = left[_finished(written, deadline) :]

    def receive(self, buffer: memoryview, deadline: Deadline) -> int:
        """Fills as much of the buffer as there is; 0 at the end."""
        try:
            reading, _ = _winapi.ReadFile(self._handle, len(buffer), overlapped=True)
            count = _finished(reading, deadline)
        except OSError as error:
            if error.winerror == _BROKEN_PIPE:
                return 0
            raise
        buffer[:count] = (reading.getbuffer() or b"")[:count]
        return count

    def close(self) -> None:
        """Ends the connection."""
        _winapi.CloseHandle(self._handle)


def _opened(name: str, deadline: Deadline) -> int:
    access = _winapi.GENERIC_READ | _winapi.GENERIC_WRITE
    flags = _OVERLAPPED | _IDENTIFICATION_ONLY
    while True:
        try:
            return _winapi.CreateFile(name, access, 0, 0, _winapi.OPEN_EXISTING, flags, 0)
        except OSError as error:
            if error.winerror == _FILE_NOT_FOUND:
                raise trouble.NotRunning() from None
            if error.winerror != _PIPE_BUSY:
                raise
        try:
            _winapi.WaitNamedPipe(name, max(1, int(deadline.left() * 1000)))
        except OSError as error:
            if error.winerror == _FILE_NOT_FOUND:
                raise trouble.NotRunning() from None
            deadline.left()


def _finished(operation, deadline: Deadline) -> int:
    """Waits for it; how many bytes it moved."""
    try:
        milliseconds = max(1, int(deadline.left() * 1000))
        waited = _winapi.WaitForMultipleObjects([operation.event], False, milliseconds)
        if waited != _winapi.WAIT_OBJECT_0:
            raise TimeoutError()
    except BaseException:
        operation.cancel()
        operation.GetOverlappedResult(True)
        raise
    count, error = operation.GetOverlappedResult(True)
    if error == _BROKEN_PIPE:
        return 0
    if error:
        raise OSError(None, "the pipe failed", None, error)
    return count


def _sid_of_server(handle: int) -> str:
    pid = wintypes.DWORD()
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    told = kernel.GetNamedPipeServerProcessId(wintypes.HANDLE(handle), ctypes.byref(pid))
    if not told:
        raise trouble.Trouble(trouble.NOT_OURS)
    process = _winapi.OpenProcess(_QUERY_LIMITED, False, pid.value)
    try:
        return _sid_of_process(process)
    finally:
        _winapi.CloseHandle(process)


def _sid_of_process(process: int) -> str:
    """The security id of whoever runs a process, written out."""
    advapi = ctypes.WinDLL("advapi32", use_last_error=True)
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    token = wintypes.HANDLE()
    opened = advapi.OpenProcessToken(wintypes.HANDLE(process), _TOKEN_QUERY, ctypes.byref(token))
    if not opened:
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        # TOKEN_USER begins with a pointer to the id, which lies behind it.
        room, needed = ctypes.create_string_buffer(256), wintypes.DWORD()
        told = advapi.GetTokenInformation(token, _TOKEN_USER, room, len(room), ctypes.byref(needed))
        if not told:
            raise ctypes.WinError(ctypes.get_last_error())
        sid = ctypes.cast(room, ctypes.POINTER(ctypes.c_void_p))[0]
        text = wintypes.LPWSTR()
        if not advapi.ConvertSidToStringSidW(ctypes.c_void_p(sid), ctypes.byref(text)):
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            return text.value or ""
        finally:
            kernel.LocalFree(ctypes.cast(text, ctypes.c_void_p))
    finally:
        kernel.CloseHandle(token)
