# SPDX-License-Identifier: Apache-2.0
"""The way to Fleet API through a proxy that the environment names."""

import socket
import subprocess
import threading
import time
import unittest

from connect_proxy import ConnectProxy, TlsFront
from harness import TOKEN, Case, Daemon, Simulator, vin

HOST = "fleet-api.prd.na.vn.cloud.tesla.com"
PASSWORD = "hunter2"


class ProxyTest(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cert, cls.key = cls.folder / "cert.pem", cls.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=test", "-addext", f"subjectAltName=DNS:{HOST}", "-out", cls.cert,
                        "-keyout", cls.key], check=True, capture_output=True)

    def setUp(self):
        self.simulator = self.start(Simulator(self.folder))
        self.front = TlsFront(self.simulator.url, self.cert, self.key)
        self.addCleanup(self.front.close)
        self.proxy = ConnectProxy({f"{HOST}:443": self.front.port})
        self.addCleanup(self.proxy.close)

    def start_daemon(self, base_url=f"https://{HOST}", ca_file=None, **variables):
        cleared = {name: "" for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY",
                                         "all_proxy", "NO_PROXY", "no_proxy")}
        return self.start(Daemon(self.folder, base_url, config=f"  ca_file: {ca_file or self.cert}\ntimeout: 3s\n",
                                 env={**cleared, **variables}))

    def with_password(self):
        return self.proxy.url.replace("//", f"//user:{PASSWORD}@")

    def assert_unreachable(self, daemon, *words):
        """For a command and for what is passed on, in words that hold no secret."""
        command = daemon.command("honk_horn")
        self.assert_failure(command, 502, "unreachable")
        passed = daemon.get("/api/1/vehicles")
        self.assertEqual((passed.status, passed.json["error_code"]), (502, "unreachable"), passed.body)
        for text in (command.body.decode(), passed.body.decode()):
            for word in words:
                self.assertIn(word, text)
        for text in (command.body.decode(), passed.body.decode(), daemon.log()):
            for secret in (PASSWORD, TOKEN):
                self.assertNotIn(secret, text)
        self.assertEqual(self.simulator.executed(vin()), 0)

    def test_the_proxy_sees_where_it_goes_and_nothing_of_what(self):
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            with self.subTest(name):
                self.proxy.heads.clear()
                daemon = self.start_daemon(**{name: self.with_password()})
                self.assert_accepted(daemon.command("honk_horn"))
                self.assertEqual(daemon.get("/api/1/vehicles").status, 200)
                self.assertEqual(set(self.proxy.targets), {f"CONNECT {HOST}:443"})
                heads = "".join(self.proxy.heads)
                self.assertIn("Proxy-Authorization: Basic ", heads)
                for hidden in (TOKEN, vin(), "/api/1", "\r\nAuthorization"):
                    self.assertNotIn(hidden, heads)

    def test_the_certificate_is_the_hosts_own_to_show(self):
        other = self.folder / "other.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=test", "-addext", f"subjectAltName=DNS:{HOST}", "-out", other,
                        "-keyout", self.folder / "other-key.pem"], check=True, capture_output=True)
        self.assert_unreachable(self.start_daemon(ca_file=other, HTTPS_PROXY=self.with_password()),
                                f"no TLS connection to {HOST}:443")

    def test_a_host_that_no_proxy_names_is_asked_directly(self):
        # By an address for documentation (RFC 5737), to which there is no way but the proxy.
        for name in ("NO_PROXY", "no_proxy"):
            with self.subTest(name):
                daemon = self.start_daemon("https://192.0.2.1", HTTPS_PROXY=self.proxy.url, **{name: "a.test,192.0.2.1"})
                reply = daemon.command("honk_horn")
                self.assertEqual(reply.json["executed"], "no", reply.body)
                self.assertEqual(self.proxy.targets, [])

    def test_loopback_and_plain_http_go_through_no_proxy(self):
        daemon = self.start_daemon(self.simulator.url, HTTPS_PROXY=self.proxy.url, HTTP_PROXY=self.proxy.url,
                                   http_proxy=self.proxy.url, ALL_PROXY=self.proxy.url)
        self.assert_accepted(daemon.command("honk_horn"))
        self.assertEqual(daemon.get("/api/1/vehicles").status, 200)
        self.assertEqual(self.proxy.targets, [])

    def test_the_variables_for_plain_http_mean_nothing_to_https(self):
        daemon = self.start_daemon("https://192.0.2.1", HTTP_PROXY=self.proxy.url, http_proxy=self.proxy.url)
        self.assertEqual(daemon.command("honk_horn").json["executed"], "no")
        self.assertEqual(self.proxy.targets, [])

    def test_a_proxy_that_refuses_is_told_of(self):
        for status in ("407 Proxy Authentication Required", "502 Bad Gateway"):
            with self.subTest(status):
                refusing = self.scripted(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
                daemon = self.start_daemon(HTTPS_PROXY=f"http://user:{PASSWORD}@127.0.0.1:{refusing}")
                self.assert_unreachable(daemon, f"{HOST}:443", status[:3])

    def test_a_proxy_that_hangs_costs_no_more_than_the_time_there_is(self):
        hanging = self.scripted(None)
        daemon = self.start_daemon(HTTPS_PROXY=f"http://user:{PASSWORD}@127.0.0.1:{hanging}")
        begun = time.monotonic()
        reply = daemon.command("honk_horn")
        self.assertLess(time.monotonic() - begun, 30)
        self.assertEqual(reply.json["executed"], "no", reply.body)
        self.assertNotIn(PASSWORD, reply.body.decode())
        self.assertEqual(daemon.request("GET", "/health").status, 200)

    def test_a_proxy_that_is_not_there_is_told_of(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        self.assert_unreachable(self.start_daemon(HTTPS_PROXY=f"http://user:{PASSWORD}@127.0.0.1:{port}"))

    def scripted(self, answer):
        """The port of a proxy that answers each CONNECT so, or never."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        held = []

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                held.append(connection)
                if answer is not None:
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.close()

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]


if __name__ == "__main__":
    unittest.main()
