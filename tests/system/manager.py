# SPDX-License-Identifier: Apache-2.0
"""systemd's end of a service: the socket that it is told at, and a way to make one thread of it hang."""

import contextlib
import ctypes
import os
import pathlib
import secrets
import select
import signal
import socket
import time

from harness import PATIENCE, SANITIZED

# Of a watchdog. A check has a part of it, which a machine under load must not exceed.
INTERVAL = 12 if SANITIZED else 3


class Manager:
    """Hears what a service says. Without a path it has a name in the abstract name space."""

    def __init__(self, path=None):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = f"fleetsign-test-{secrets.token_hex(8)}"
        self._socket.bind(str(path) if path else f"\0{name}")
        self.env = {"NOTIFY_SOCKET": str(path) if path else f"@{name}"}
        self.heard = []

    def with_watchdog(self):
        self.env["WATCHDOG_USEC"] = str(INTERVAL * 1_000_000)
        return self

    def hear(self, patience=PATIENCE):
        """The next message as its fields; nothing when there is none in time."""
        if not select.select([self._socket], [], [], patience)[0]:
            return {}
        lines = self._socket.recv(65536).decode().splitlines()
        self.heard.append(dict(line.split("=", 1) for line in lines))
        return self.heard[-1]

    def await_message(self, is_it, patience=PATIENCE):
        """The first message for which it holds, and what came before that."""
        end = time.monotonic() + patience
        before = []
        while time.monotonic() < end:
            message = self.hear(max(0, end - time.monotonic()))
            if message and is_it(message):
                return message, before
            before.append(message)
        raise AssertionError(f"was not said: {before}")

    def drain(self):
        """Forgets what has come so far."""
        while self.hear(0):
            pass

    def close(self):
        self._socket.close()


def threads(process, name):
    """The numbers of a process's threads of this name, the oldest first."""
    found = []
    for task in sorted(pathlib.Path(f"/proc/{process}/task").iterdir(), key=lambda path: int(path.name)):
        with contextlib.suppress(OSError):  # it has ended
            if (task / "comm").read_text().strip() == name:
                found.append(int(task.name))
    return found


_libc = ctypes.CDLL(None, use_errno=True)
_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17


def _ptrace(request, thread):
    if _libc.ptrace(ctypes.c_long(request), ctypes.c_long(thread), ctypes.c_void_p(0), ctypes.c_void_p(0)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextlib.contextmanager
def held(thread):
    """Keeps one thread from running, and no other of its process. For the test's main thread only."""
    _ptrace(_SEIZE, thread)
    _ptrace(_INTERRUPT, thread)
    os.waitpid(thread, 0x40000000)  # __WALL
    try:
        yield
    finally:
        _ptrace(_DETACH, thread)


def may_hold():
    """Whether this machine lets a test do that to a process that shuts itself off from debuggers."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _libc.prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
        os.write(writer, b"x")
        signal.pause()
        os._exit(0)
    try:
        os.read(reader, 1)
        _ptrace(_SEIZE, child)
        _ptrace(_INTERRUPT, child)
        os.waitpid(child, 0x40000000)
        return True
    except OSError:
        return False
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0x40000000)
        os.close(reader)
        os.close(writer)
