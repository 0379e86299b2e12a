# SPDX-License-Identifier: Apache-2.0
"""Where it listens, what it serves there and to whom, and that the limits of the configuration hold."""

import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

from harness import BINARY, PATIENCE, Case, ScriptedUpstream, Server, eventually, run, vin

KEY = "/.well-known/appspecific/com.tesla.3p.public-key.pem"
NOWHERE = "http://127.0.0.1:9"  # a Fleet API that no request of these tests may need

# Becomes the daemon with its sockets where systemd puts them: argv is the names, the numbers, and the command line.
LAUNCHER = """
import fcntl, os, sys
names, numbers, command = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]
kept = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 100) for number in numbers]
for place, number in enumerate(kept, 3):
    os.dup2(number, place, inheritable=True)
    os.close(number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(kept)), LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""


class Serving(Server):
    """`serve`, started directly or with sockets passed as systemd does: pairs of a name and a socket."""

    def __init__(self, config, passed=()):
        command = [BINARY, "serve", "--config", str(config)]
        if passed:
            numbers = ",".join(str(listener.fileno()) for _, listener in passed)
            command = [sys.executable, "-c", LAUNCHER, ":".join(name for name, _ in passed), numbers, *command]
        self.errors = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.errors, stdin=subprocess.DEVNULL,
                                        text=True, pass_fds=[listener.fileno() for _, listener in passed])
        self.ready = self._await_ready()
        self.url = self.ready.split()[1]

    def more_urls(self, count):
        return [self.process.stdout.readline().split()[1] for _ in range(count)]


def connect(url, room=None):
    """`room` is what the kernel keeps for a caller that does not read, in bytes."""
    address = urllib.parse.urlsplit(url)
    family = socket.AF_UNIX if address.scheme == "unix" else socket.AF_INET6 if ":" in address.hostname else socket.AF_INET
    connection = socket.socket(family)
    connection.settimeout(PATIENCE)
    if room:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.connect(address.path if family == socket.AF_UNIX else (address.hostname, address.port))
    return connection


def receive(connection, method="GET"):
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    response.read()
    return response


def ask(url, target="/health", method="GET", fields="", body=b""):
    """The status of one request on a connection of its own."""
    with connect(url) as connection:
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        return receive(connection, method).status


class ListenCase(Case):
    def configuration(self, listen, more="", upstream=NOWHERE):
        path = pathlib.Path(tempfile.mkstemp(suffix=".yaml", dir=self.folder)[1])
        path.write_text(f"listen: {json.dumps(listen)}\nkey_file: {self.folder / 'private.pem'}\n"
                        f"state_dir: {tempfile.mkdtemp(dir=self.folder)}\n"
                        f"fleet_api: {{base_url: {upstream}}}\n{more}")
        return path

    def serve(self, listen, more="", upstream=NOWHERE, passed=()):
        return self.start(Serving(self.configuration(listen, more, upstream), passed))

    def refused(self, listen, status):
        ended = run("serve", "--config", self.configuration(listen))
        self.assertEqual((ended.returncode, ended.stdout), (status, ""), ended.stderr)
        self.assertRegex(ended.stderr, r"^fleetsign: error: .*\nhint: .")
        return ended.stderr


class Places(ListenCase):
    def test_two_ports_and_a_unix_socket_serve_at_once(self):
        path = self.folder / "three.sock"
        server = self.serve(["http://127.0.0.1:0", {"url": "http://[::1]:0"}, f"unix:{path}"])
        urls = [server.url, *server.more_urls(2)]
        self.assertRegex(urls[0], r"^http://127\.0\.0\.1:\d+$")
        self.assertRegex(urls[1], r"^http://\[::1\]:\d+$")
        self.assertEqual(urls[2], f"unix:{path}")
        self.assertEqual([ask(url) for url in urls], [200, 200, 200])
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(server.stop(), 0)
        self.assertFalse(path.exists())

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to give the socket to a group and to become other users")
    def test_a_unix_socket_is_for_its_group_and_for_nobody_else(self):
        self.folder.chmod(0o755)
        path = self.folder / "group.sock"
        self.serve([{"url": f"unix:{path}", "mode": "0660", "group": "12345"}])
        self.assertEqual((stat.S_IMODE(path.stat().st_mode), path.stat().st_gid), (0o660, 12345))
        for group, expected in ((12345, "200"), (65534, "000")):
            asked = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", path,
                                    "http://localhost/health"], user=65534, group=group, extra_groups=[],
                                   capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(asked.stdout, expected)

    def test_an_address_shows_what_it_is_for_and_nothing_else(self):
        server = self.serve([{"url": "http://127.0.0.1:0", "serve": what} for what in ("all", "public_key", "metrics")])
        urls = [server.url, *server.more_urls(2)]
        for target, expected in ((KEY, [200, 200, 404]), ("/health", [200, 404, 200]), ("/ready", [200, 404, 200]),
                                 ("/api/1/vehicles", [401, 404, 404])):
            with self.subTest(target):
                self.assertEqual([ask(url, target) for url in urls], expected)
        self.assertEqual(ask(urls[1], KEY, "HEAD"), 200)

    def test_the_public_key_may_be_shown_to_everybody(self):
        server = self.serve([{"url": "http://0.0.0.0:0", "serve": "public_key"}])
        self.assertEqual(ask(server.url.replace("0.0.0.0", "127.0.0.1"), KEY), 200)

    def test_the_wildcard_makes_no_host_ours(self):
        server = self.serve(["http://127.0.0.1:0", {"url": "http://0.0.0.0:0", "serve": "public_key"}],
                            "domain: fleet.example\n")
        for host, expected in (("fleet.example", 401), ("127.0.0.1", 401), ("0.0.0.0", 403), ("evil.example", 403)):
            with self.subTest(host):
                self.assertEqual(server.request("GET", "/api/1/vehicles", headers={"Host": host}).status, expected)


class Refusals(ListenCase):
    def test_beyond_loopback_it_does_not_start_without_tls_and_callers_who_prove_who_they_are(self):
        tls = {"cert_file": "/c", "key_file": "/k"}
        for entry in ("http://0.0.0.0:0", "http://[::]:0", {"url": "http://0.0.0.0:0", "serve": "metrics"},
                      {"url": "https://0.0.0.0:0", "tls": tls}):
            with self.subTest(entry):
                self.assertIn("client_ca_file", self.refused([entry], 78))
                path = self.configuration([entry])
                for check in (("serve", "--check"), ("config", "check")):
                    self.assertEqual(run(*check, "--config", path).returncode, 78)
        self.assertEqual(run("demo", "--listen", "http://0.0.0.0:0").returncode, 78)

    def test_a_taken_port_ends_it_with_69_whatever_else_it_could_serve(self):
        path = self.folder / "taken.sock"
        with socket.create_server(("127.0.0.1", 0)) as taken:
            url = "http://127.0.0.1:%d" % taken.getsockname()[1]
            self.assertIn("address already in use", self.refused([f"unix:{path}", url], 69))
        self.assertFalse(path.exists())

    def test_an_unknown_group_ends_it_with_78_and_leaves_no_socket(self):
        path = self.folder / "group.sock"
        self.assertIn("no such group", self.refused([{"url": f"unix:{path}", "group": "no such group"}], 78))
        self.assertFalse(path.exists())

    def test_an_address_named_twice_or_by_a_name_ends_it_with_78(self):
        self.assertIn("second time", self.refused(["unix:/tmp/x", "unix:/tmp/x"], 78))
        self.assertIn("name as its host", self.refused(["http://example.com:80"], 78))

    def test_a_socket_that_systemd_has_not_passed_ends_it_with_69(self):
        self.assertIn("has passed none", self.refused(["systemd:api"], 69))


class SystemdSockets(ListenCase):
    def test_sockets_of_a_name_serve_and_stay_systemds(self):
        path = self.folder / "systemd.sock"
        unix = socket.socket(socket.AF_UNIX)
        unix.bind(str(path))
        unix.listen()
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two, unix:
            server = self.serve(["systemd:api", {"url": "systemd:key", "serve": "public_key"}],
                                passed=(("api", one), ("key", two), ("api", unix)))
            urls = [server.url, *server.more_urls(2)]
            self.assertEqual(urls, ["http://127.0.0.1:%d" % one.getsockname()[1], f"unix:{path}",
                                    "http://127.0.0.1:%d" % two.getsockname()[1]])
            self.assertEqual([ask(url) for url in urls], [200, 200, 404])
            self.assertEqual(server.stop(), 0)
            self.assertTrue(path.exists())

    def test_a_socket_that_reaches_beyond_this_machine_is_refused_at_start(self):
        with socket.create_server(("0.0.0.0", 0)) as wide:
            with self.assertRaisesRegex(AssertionError, "reaches beyond this machine"):
                self.serve(["systemd:api"], passed=(("api", wide),))
            server = self.serve([{"url": "systemd:api", "serve": "public_key"}], passed=(("api", wide),))
            self.assertEqual(ask("http://127.0.0.1:%d" % wide.getsockname()[1], KEY), 200)
            server.stop()

    def certificate(self, name):
        """Self-signed, so that it is its own authority: the files of the certificate and of its key."""
        cert, key = self.folder / f"{name}-cert.pem", self.folder / f"{name}-key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", f"/CN={name}", "-days", "1", "-keyout", key, "-out", cert],
                       check=True, capture_output=True, timeout=PATIENCE)
        key.chmod(0o600)
        return str(cert), str(key)

    def test_the_address_of_a_socket_is_a_host_of_ours(self):
        cert, key = self.certificate("server")
        client_cert, client_key = self.certificate("client")
        entry = {"url": "systemd:api", "tls": {"cert_file": cert, "key_file": key, "client_ca_file": client_cert}}
        trust = ssl.create_default_context(cafile=cert)
        trust.check_hostname = False
        trust.load_cert_chain(client_cert, client_key)
        # Loopback, but in a spelling that is no loopback name: as a caller from another machine, without one.
        mapped = "::ffff:127.0.0.1"
        with socket.socket(socket.AF_INET6) as listener:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.bind((mapped, 0))
            listener.listen()
            port = listener.getsockname()[1]
            self.serve([entry], passed=(("api", listener),))
            for host, status in ((f"[{mapped}]:{port}", 401), (f"[::ffff:127.0.0.2]:{port}", 403)):
                connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=trust)
                self.addCleanup(connection.close)
                connection.request("GET", "/api/1/vehicles", headers={"Host": host})
                self.assertEqual(connection.getresponse().status, status)

    def test_another_name_is_refused_saying_which_were_passed(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            with self.assertRaisesRegex(AssertionError, "it has passed: web"):
                self.serve(["systemd:api"], passed=(("web", other),))

    @unittest.skipUnless(shutil.which("systemd-socket-activate"), "needs systemd-socket-activate")
    def test_systemds_own_launcher_starts_it_with_the_first_caller(self):
        path = self.folder / "activated.sock"
        config = self.configuration(["systemd:api"])
        with tempfile.TemporaryFile() as log:
            launcher = subprocess.Popen(["systemd-socket-activate", f"--listen={path}", "--fdname=api", BINARY, "serve",
                                         "--config", config], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            try:
                eventually(lambda: b"Listening on" in os.pread(log.fileno(), 4096, 0), "systemd-socket-activate listens")
                self.assertEqual(ask(f"unix:{path}"), 200)
            finally:
                launcher.terminate()
                launcher.wait(PATIENCE)


class Limits(ListenCase):
    """Each limit is met by one caller, and another one is served."""

    def limited(self, limits, upstream=NOWHERE):
        server = self.serve(["http://127.0.0.1:0", f"unix:{self.folder / 'limits.sock'}"],
                            f"limits: {{{limits}}}\n", upstream)
        self.other = server.more_urls(1)[0]
        return server

    def test_what_is_too_large_is_refused(self):
        for limits, request, status in (
                ("uri_bytes: 256", {"target": "/health?" + "x" * 256}, 414),
                ("header_bytes: 1KiB", {"fields": "X: " + "x" * 1024 + "\r\n"}, 431),
                ("header_count: 10", {"fields": "X: x\r\n" * 10}, 431),
                ("body_bytes: 1KiB", {"method": "POST", "body": b"x" * 1025}, 413)):
            with self.subTest(limits):
                server = self.limited(limits)
                self.assertEqual(ask(server.url, **request), status)
                self.assertEqual(ask(server.url), 200)
                server.stop()

    def test_what_is_passed_on_may_be_larger_than_what_is_for_us(self):
        def accept(connection, _number):
            fleet_api.read_request(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        fleet_api = ScriptedUpstream(accept)
        self.addCleanup(fleet_api.close)
        server = self.limited("body_bytes: 1KiB, forwarded_body_bytes: 2KiB", fleet_api.url)
        command = f"/api/1/vehicles/{vin()}/command/wake_up"
        for target, size, status in (("/api/1/vehicles", 2048, 200), ("/api/1/vehicles", 2049, 413),
                                     (command, 1025, 413), (KEY, 1025, 413)):
            with self.subTest(f"{target}, {size} bytes"):
                fields = "Authorization: Bearer a.b.c\r\n"
                self.assertEqual(ask(server.url, target, "POST", fields, b"x" * size), status)

    def test_what_is_too_slow_is_ended(self):
        server = self.limited("first_byte: 200ms, request: 200ms")
        with connect(server.url) as silent, connect(server.url) as slow:
            slow.sendall(b"GET /health HTTP/1.1\r\n")
            self.assertEqual(receive(slow).status, 408)
            self.assertEqual(silent.recv(1), b"")
        self.assertEqual(ask(server.url), 200)

    def test_connections_have_an_end_in_total_and_for_each_user_of_a_unix_socket(self):
        for limits, over_tcp in (("connections: 1", 503), ("connections_per_peer: 1", 200)):
            with self.subTest(limits):
                server = self.limited(limits)
                with connect(self.other) as first:
                    first.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    self.assertEqual(receive(first).status, 200)
                    with connect(self.other) as second:
                        self.assertEqual(receive(second).status, 503)
                    with connect(server.url) as third, connect(server.url) as fourth:
                        for caller in (third, fourth):
                            if over_tcp == 200:
                                caller.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            self.assertEqual(receive(caller).status, over_tcp)
                eventually(lambda: self.is_served(self.other), "the place of the first one is free again")
                server.stop()

    def is_served(self, url):
        try:
            return ask(url) == 200
        except OSError:  # refused while it was still sending
            return False

    def test_a_connection_ends_after_its_number_of_requests(self):
        server = self.limited("requests_per_connection: 2")
        with connect(server.url) as connection:
            closes = []
            for _ in range(2):
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                closes.append(receive(connection).headers["Connection"])
            self.assertEqual(closes, [None, "close"])
            self.assertEqual(connection.recv(1), b"")
        self.assertEqual(ask(server.url), 200)

    def test_beyond_workers_and_queue_callers_are_told_to_come_again_and_health_is_still_served(self):
        done = threading.Event()
        fleet_api = ScriptedUpstream(lambda connection, number: done.wait(PATIENCE))
        self.addCleanup(fleet_api.close)
        server = self.limited("workers: 1, queue: 0", fleet_api.url)
        request = b"GET /api/1/vehicles HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a.b.c\r\n\r\n"

        def turned_away():
            with connect(server.url) as caller:
                caller.sendall(request.replace(b"Host", b"Prefer: wait=1\r\nHost"))
                return receive(caller).status == 503
        with connect(server.url) as busy:
            busy.sendall(request.replace(b"Host", b"Prefer: wait=60\r\nHost"))
            eventually(turned_away, "the only worker is busy")
            self.assertEqual(ask(server.url), 200)
            done.set()
            receive(busy)
        eventually(lambda: ask(server.url, KEY) == 200, "the worker is free again")

    def test_a_caller_that_does_not_take_its_reply_is_cut_off(self):
        body = b"x" * 9_000_000  # more than the sockets between hold

        def serve(connection, _number):
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        fleet_api = ScriptedUpstream(serve)
        self.addCleanup(fleet_api.close)
        server = self.limited("connections: 1, reply: 200ms", fleet_api.url)
        with connect(server.url, room=4096) as slow:
            slow.sendall(b"GET /api/1/vehicles HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a.b.c\r\n\r\n")
            self.assertIn(b" 200 OK", slow.recv(64))
            eventually(lambda: self.is_served(self.other), "its place is free again")

    def test_more_connections_than_descriptors_are_said_in_the_log(self):
        config = self.configuration(["http://127.0.0.1:0"], "limits: {connections: 5000}\n")
        for allowed, said in (("1000", True), ("6000", False)):
            with self.subTest(allowed):
                limited = ["sh", "-ec", 'ulimit -Sn 256; ulimit -Hn "$1"; shift; exec "$@"', "sh", allowed]
                server = subprocess.Popen([*limited, BINARY, "serve", "--config", config], text=True,
                                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
                self.assertTrue(server.stdout.readline().startswith("ready "))
                open_files = pathlib.Path(f"/proc/{server.pid}/limits").read_text()
                self.assertRegex(open_files, rf"Max open files\s+{allowed}\s+{allowed}")
                server.terminate()
                _, log = server.communicate(timeout=PATIENCE)
                self.assertEqual("few_descriptors" in log, said, log)


if __name__ == "__main__":
    unittest.main()
