# SPDX-License-Identifier: Apache-2.0
"""Callers that keep their connection, and can be thousands: a reply waits in its socket until somebody reads it."""

import http.client
import json
import select
import socket
import urllib.parse

from harness import PATIENCE, TOKEN, Reply, vin


class Caller:
    def __init__(self, url):
        address = urllib.parse.urlsplit(url)
        self._socket = socket.create_connection((address.hostname, address.port), PATIENCE)

    def send(self, method, target, body="", headers=None):
        """Hands a whole request to the kernel, and waits for nothing."""
        fields = {"Host": "localhost", "Content-Length": len(body), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.send_bytes(f"{method} {target} HTTP/1.1\r\n{head}\r\n{body}".encode())

    def send_bytes(self, data):
        self._socket.sendall(data)

    def send_command(self, name, arguments=None, car=vin(), headers=None):
        self.send("POST", f"/api/1/vehicles/{car}/command/{name}", json.dumps(arguments or {}),
                  {"Authorization": f"Bearer {TOKEN}", **(headers or {})})

    def receive(self):
        """The next reply; None when the connection ended before a byte of it. An end within a reply raises."""
        try:
            if not self._socket.recv(1, socket.MSG_PEEK):
                return None
        except ConnectionResetError:
            return None
        response = http.client.HTTPResponse(self._socket)
        response.begin()
        return Reply(response.status, response.headers, response.read())

    def fileno(self):
        return self._socket.fileno()

    def close(self):
        self._socket.close()


def answered(callers):
    """How many of them have something to read: a reply, or the end of their connection."""
    poll = select.poll()
    for caller in callers:
        poll.register(caller, select.POLLIN)
    return len(poll.poll(0))
