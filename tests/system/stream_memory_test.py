# SPDX-License-Identifier: Apache-2.0
"""Bodies that pass through are not held: the daemon's memory does not grow with them."""

import hashlib
import http.client
import pathlib
import threading
import unittest
import urllib.parse

from harness import PATIENCE, SANITIZED, TOKEN, Case, Daemon, ScriptedUpstream

CALLERS = 20
SIZE = 5_000_000 if SANITIZED else 50_000_000
PIECE = bytes(range(256)) * 256
MOST_GROWTH = 20 * 1024  # KiB
TARGET = "/api/1/energy_sites/7/anything"


def pieces(size=SIZE):
    for at in range(0, size, len(PIECE)):
        yield PIECE[:size - at]


def digest_of(parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


class Mirror:
    """A Fleet API that takes SIZE bytes of each request, and gives as many back with their digest in the head."""

    def __init__(self):
        self.upstream = ScriptedUpstream(self._serve)

    def _serve(self, connection, _number):
        reader = connection.makefile("rb")
        reader.readline()
        length = int(http.client.parse_headers(reader)["Content-Length"])
        digest = hashlib.sha256()
        while length:
            part = reader.read1(min(length, len(PIECE)))
            if not part:
                return
            digest.update(part)
            length -= len(part)
        connection.sendall(f"HTTP/1.1 200 OK\r\nETag: {digest.hexdigest()}\r\nContent-Type: x/y\r\n"
                           f"Content-Length: {SIZE}\r\nConnection: close\r\n\r\n".encode())
        for part in pieces():
            connection.sendall(part)


class StreamMemory(Case):
    def test_it_stays_flat_while_many_stream_at_once(self):
        mirror = Mirror()
        self.addCleanup(mirror.upstream.close)
        daemon = self.start(Daemon(self.folder, mirror.upstream.url))
        expected = digest_of(pieces())
        self.stream_all(daemon, expected, 2)  # code, pools and connections that stay are there now
        self.forget_peak(daemon)
        before = self.peak(daemon)
        self.stream_all(daemon, expected, CALLERS)
        if not SANITIZED:
            self.assertLess(self.peak(daemon) - before, MOST_GROWTH)

    def stream_all(self, daemon, expected, callers):
        results = []
        threads = [threading.Thread(target=lambda: results.append(self.stream(daemon))) for _ in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [(200, expected, expected)] * callers)

    @staticmethod
    def stream(daemon):
        address = urllib.parse.urlsplit(daemon.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)
        try:
            connection.request("POST", TARGET, pieces(), {"Authorization": f"Bearer {TOKEN}",
                                                          "Content-Length": str(SIZE)})
            reply = connection.getresponse()
            return reply.status, reply.headers["ETag"], digest_of(iter(lambda: reply.read(len(PIECE)), b""))
        finally:
            connection.close()

    @staticmethod
    def forget_peak(daemon):
        pathlib.Path(f"/proc/{daemon.process.pid}/clear_refs").write_text("5")

    @staticmethod
    def peak(daemon):
        """VmHWM, in KiB."""
        status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


if __name__ == "__main__":
    unittest.main()
