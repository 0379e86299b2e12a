# SPDX-License-Identifier: Apache-2.0
"""Hosts that are not there: a proxy that leads a CONNECT to another place, and TLS in front of a plain server.

Together they show a daemon Tesla's host names, with certificates of our own, on loopback.
"""

import contextlib
import socket
import ssl
import threading
import urllib.parse

from harness import PATIENCE


class _Acceptor:
    """A listener on loopback with a thread for each connection."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        # The other side may have gone first, or not trust us.
        with contextlib.suppress(OSError), connection:
            connection.settimeout(PATIENCE)
            self._serve(connection)

    def _serve(self, connection):
        raise NotImplementedError

    def close(self):
        self._listener.close()


def _pump(source, sink):
    """All that comes, and then the end of it."""
    with contextlib.suppress(OSError, ValueError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def _join(one, other):
    """Passes on between two connections until either ends."""
    thread = threading.Thread(target=_pump, args=(other, one), daemon=True)
    thread.start()
    _pump(one, other)
    thread.join(PATIENCE)


class ConnectProxy(_Acceptor):
    """Leads `CONNECT HOST:PORT` to the loopback port that `routes` has for it; whatever it has not gets a 502."""

    def __init__(self, routes):
        self.routes = routes
        self.heads = []  # of all requests, as text
        super().__init__()
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def targets(self):
        """The "METHOD HOST:PORT" of each request so far."""
        return [" ".join(head.split()[:2]) for head in self.heads]

    def _serve(self, connection):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = connection.recv(1)  # not more: what follows is for the other end
            if not byte:
                return
            head += byte
        self.heads.append(head.decode())
        method, authority = self.heads[-1].split()[:2]
        if method != "CONNECT" or authority not in self.routes:
            connection.sendall(b"HTTP/1.1 502 No Such Route\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", self.routes[authority]), PATIENCE) as target:
            connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            _join(connection, target)


class TlsFront(_Acceptor):
    """Speaks TLS with a certificate, and passes what is inside on to a plain server, given by its URL."""

    def __init__(self, url, cert, key):
        address = urllib.parse.urlsplit(url)
        self._target = (address.hostname, address.port)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(cert, key)
        super().__init__()

    def _serve(self, connection):
        with self._context.wrap_socket(connection, server_side=True) as inside, \
                socket.create_connection(self._target, PATIENCE) as target:
            _join(inside, target)
