# SPDX-License-Identifier: Apache-2.0
"""Fleet API behind nghttpx: TLS, and HTTP/1.1 or HTTP/2, as another implementation speaks them."""

import concurrent.futures
import http.server
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

import connect_proxy
from harness import PATIENCE, TOKEN, Case, Daemon, Simulator, eventually, run, vin

LARGE = 1_000_000 - 1
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers what is below /api/1/echo with the body of the request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size + 2)[:-2]
        self.rfile.readline()
        return body

    def _answer(self):
        body = self._body()
        self.send_response(200)
        self.send_header("X-Method", self.command)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer


class EchoServer(http.server.ThreadingHTTPServer):
    request_queue_size = 128


class UnixFront(connect_proxy._Acceptor):
    """A loopback port that leads to a Unix socket, so that nobody has to guess a free one."""

    def __init__(self, path):
        self._path = str(path)
        super().__init__()

    def _serve(self, connection):
        with socket.socket(socket.AF_UNIX) as target:
            target.connect(self._path)
            connect_proxy._join(connection, target)


class Nghttpx:
    """nghttpx, in front of a simulator and of an echo."""

    def __init__(self, folder, certificate, protocol, simulator, echo):
        place = pathlib.Path(tempfile.mkdtemp(dir=folder))
        socket_path = place / "nghttpx.sock"
        self._log = place / "access.log"
        backends = [f"--backend={url.removeprefix('http://').replace(':', ',')};{pattern}"
                    for url, pattern in ((simulator, "/"), (echo, "/api/1/echo/"))]
        self._process = subprocess.Popen(
            ["nghttpx", "--conf=/dev/null", f"--frontend=unix:{socket_path}", *backends, f"--npn-list={protocol}",
             "--single-process", "--no-ocsp", f"--accesslog-file={self._log}",
             "--accesslog-format=$alpn $method $path_without_query", *map(str, certificate[::-1])],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        eventually(socket_path.exists, "nghttpx listens")
        self._front = UnixFront(socket_path)
        self.url = f"https://127.0.0.1:{self._front.port}"

    def spoken(self):
        """By which protocol each request came: (protocol, method, path)."""
        return [tuple(line.split()) for line in self._log.read_text().splitlines()]

    def kill(self):
        self._process.kill()
        self._process.wait()

    def close(self):
        self.kill()
        self._front.close()


def make_certificate(folder):
    """A certificate of loopback's own, and its key."""
    place = pathlib.Path(tempfile.mkdtemp(dir=folder))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                    "-out", place / "cert.pem", "-keyout", place / "key.pem"], check=True, capture_output=True)
    return place / "cert.pem", place / "key.pem"


class NghttpxCase(Case):
    """Each test with a daemon, an nghttpx and a simulator of its own."""

    protocol = "http/1.1"
    http2 = False

    @classmethod
    def setUpClass(cls):
        if shutil.which("nghttpx") is None:
            raise AssertionError("nghttpx is missing: apt-get install nghttp2-proxy")
        super().setUpClass()
        cls.certificate = make_certificate(cls.folder)
        echo = EchoServer(("127.0.0.1", 0), Echo)
        cls.addClassCleanup(echo.server_close)
        cls.addClassCleanup(echo.shutdown)
        threading.Thread(target=echo.serve_forever, daemon=True).start()
        cls.echo = "http://127.0.0.1:%d" % echo.server_port

    def setUp(self):
        self.simulator = self.start(Simulator(self.folder, vehicles=4))
        self.front = Nghttpx(self.folder, self.certificate, self.protocol, self.simulator.url, self.echo)
        self.addCleanup(self.front.close)
        self.daemon = self.start_daemon(self.front.url, self.certificate[0])

    def start_daemon(self, url, ca_file):
        config = f"  ca_file: {ca_file}\n  http2: {str(self.http2).lower()}\n"
        return self.start(Daemon(self.folder, url, config=config))

    def assert_spoken(self, path, protocols):
        spoken = {protocol for protocol, _, where in self.front.spoken() if path in where}
        self.assertEqual(spoken, protocols, self.front.spoken())


class Http1Test(NghttpxCase):
    commands_speak = {"http/1.1"}

    def test_commands_are_carried_out_cold_and_warm_over_tls(self):
        for _ in range(3):
            self.assert_accepted(self.daemon.command("honk_horn"))
        self.assertEqual(self.simulator.executed(vin()), 3)
        self.assertEqual(self.simulator.requests()["endpoints"]["signed_command"]["total"], 4)
        eventually(lambda: len(self.front.spoken()) == 4, "all are in the access log")
        self.assert_spoken("signed_command", self.commands_speak)

    def test_data_and_lists_are_passed_through(self):
        for target in ("/api/1/vehicles", f"/api/1/vehicles/{vin()}", f"/api/1/vehicles/{vin()}/vehicle_data"):
            reply = self.daemon.get(target)
            self.assertEqual(reply.status, 200, reply.body)
            self.assertTrue(reply.json["response"])

    def test_every_method_is_passed_through_with_its_body_both_ways(self):
        for method in METHODS:
            for size in (0, 1, 512, LARGE):
                if method in ("GET", "OPTIONS") and size == LARGE:
                    continue
                with self.subTest(method=method, size=size):
                    body = bytes(i % 251 for i in range(size))
                    reply = self.daemon.request(method, "/api/1/echo/a?b=c", body or None,
                                                {"Authorization": f"Bearer {TOKEN}"})
                    self.assertEqual(reply.status, 200, reply.body[:200])
                    self.assertEqual(reply.headers["X-Method"], method)
                    self.assertEqual(reply.body, body)
        reply = self.daemon.request("HEAD", "/api/1/echo/", headers={"Authorization": f"Bearer {TOKEN}"})
        self.assertEqual((reply.status, reply.body), (200, b""))

    def test_many_at_once_each_get_their_own(self):
        def ask(number):
            if number % 4 == 0:
                reply = self.daemon.command("honk_horn", car=vin(1 + number // 4 % 4))
                return None if reply.status == 200 and reply.json["executed"] == "yes" else reply
            body = f"{number}".encode() * (1 if number % 2 else 20_000)
            reply = self.daemon.request("POST", "/api/1/echo/", body, {"Authorization": f"Bearer {TOKEN}"})
            return None if reply.body == body else reply
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            self.assertEqual(list(pool.map(ask, range(80))), [None] * 80)
        self.assertEqual(sum(self.simulator.executed(vin(i)) for i in range(1, 5)), 20)

    def test_a_front_that_dies_midway_leaves_it_unknown_and_the_daemon_goes_on(self):
        self.assert_accepted(self.daemon.command("honk_horn"))
        self.simulator.order(vin(), "delay", ms=8_000)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asked = pool.submit(self.daemon.command, "honk_horn")
            eventually(lambda: self.simulator.requests()["endpoints"]["signed_command"]["total"] == 3, "it is there")
            self.front.kill()
            self.assert_failure(asked.result(PATIENCE), 504, "no_reply", "unknown")
        self.assert_failure(self.daemon.command("honk_horn"), 502, "unreachable")
        self.assertEqual(self.daemon.request("GET", "/health").status, 200)


class Http2Test(Http1Test):
    """The same over HTTP/2; what is passed through is streamed, over HTTP/1.1."""

    protocol = "h2,http/1.1"
    http2 = True
    commands_speak = {"h2"}


class Http2OffTest(NghttpxCase):
    protocol = "h2,http/1.1"

    def test_a_server_that_offers_http2_is_asked_in_http1(self):
        self.assert_accepted(self.daemon.command("honk_horn"))
        eventually(lambda: len(self.front.spoken()) == 2, "all are in the access log")
        self.assert_spoken("signed_command", {"http/1.1"})


class TrustTest(NghttpxCase):
    def refused(self, url, ca_file):
        daemon = self.start_daemon(url, ca_file)
        command = daemon.command("honk_horn")
        self.assert_failure(command, 502, "unreachable")
        passed = daemon.get("/api/1/vehicles")
        self.assertEqual((passed.status, passed.json["error_code"]), (502, "unreachable"), passed.body)
        for reply in (command, passed):
            self.assertIn("no TLS connection to 127.0.0.1:", reply.body.decode())
            self.assertNotIn(TOKEN, reply.body.decode())
            self.assertIn("fleet_api.ca_file", reply.json["hint"])
        self.assertEqual(self.simulator.executed(vin()), 0)

    def test_a_certificate_of_another_authority_is_refused(self):
        self.refused(self.front.url, make_certificate(self.folder)[0])
        self.assertEqual(self.front.spoken(), [])

    def test_a_server_that_knows_nothing_after_tls_1_1_is_refused(self):
        front = connect_proxy.TlsFront(self.simulator.url, *self.certificate)
        self.addCleanup(front.close)
        front._context.set_ciphers("ALL:@SECLEVEL=0")
        front._context.minimum_version = front._context.maximum_version = ssl.TLSVersion.TLSv1_1
        self.refused(f"https://127.0.0.1:{front.port}", self.certificate[0])


if __name__ == "__main__":
    unittest.main()
