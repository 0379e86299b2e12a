# SPDX-License-Identifier: Apache-2.0
"""A Fleet API that reads requests as they stand on the wire, and answers as a test says."""

import http.client
import random
import socket
import urllib.parse

from harness import PATIENCE, TOKEN, Case, Daemon, ScriptedUpstream

MEBIBYTE = 1024 * 1024
ANY = "/api/1/energy_sites/7/anything"


def noise(size):
    """The same bytes for the same size; without order, so that what is lost or doubled shows."""
    block = random.Random(size).randbytes(min(size, MEBIBYTE))
    return (block * (size // MEBIBYTE + 1))[:size]


def lines_of(*lines):
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


class Received:
    """A request as it stands on the wire: its head, and its body as the framing has it."""

    def __init__(self, connection, on_head):
        reader = connection.makefile("rb")
        self.line = reader.readline().decode().strip()
        self.fields = http.client.parse_headers(reader)
        if self.line:
            on_head()
        self.whole = True
        self.body = b""
        try:
            self.body = self._read_body(reader)
        except (EOFError, OSError):
            self.whole = False

    def _read_body(self, reader):
        if self.fields["Transfer-Encoding"] != "chunked":
            return self._exactly(reader, int(self.fields["Content-Length"] or 0))
        parts = []
        while size := int(self._line(reader), 16):
            parts.append(self._exactly(reader, size))
            self._line(reader)
        self._line(reader)
        return b"".join(parts)

    @staticmethod
    def _line(reader):
        line = reader.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return line

    @staticmethod
    def _exactly(reader, size):
        data = reader.read(size)
        if len(data) < size:
            raise EOFError
        return data


class PassThroughCase(Case):
    """A Fleet API that answers as a test says: `answer(connection, request)`."""

    def begin(self, answer, config=""):
        self.received = []
        self.heads = 0

        def count_head():
            self.heads += 1

        def serve(connection, _number):
            while True:
                request = Received(connection, count_head)
                if not request.line:
                    return
                self.received.append(request)
                if answer(connection, request) == "close":
                    return
        fleet_api = ScriptedUpstream(serve)
        self.addCleanup(fleet_api.close)
        self.daemon = self.start(Daemon(self.folder, fleet_api.url, config=config))

    def connect(self):
        address = urllib.parse.urlsplit(self.daemon.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        return connection

    def ask(self, method="GET", target=ANY, body=None, headers=None):
        connection = self.connect()
        connection.request(method, target, body, {"Authorization": f"Bearer {TOKEN}", **(headers or {})})
        return connection.getresponse()

    def begin_upload(self, fields, begun):
        """A connection on which a POST has begun."""
        address = urllib.parse.urlsplit(self.daemon.url)
        connection = socket.create_connection((address.hostname, address.port), PATIENCE)
        self.addCleanup(connection.close)
        connection.sendall(lines_of(f"POST {ANY} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {TOKEN}",
                                    fields) + begun)
        return connection
