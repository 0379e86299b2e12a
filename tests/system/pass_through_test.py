# SPDX-License-Identifier: Apache-2.0
"""Everything below /api/1/ that is no command: exact in both directions, while it comes, and never a false end."""

import gzip
import hashlib
import http.client
import json
import random
import select
import socket
import threading
import unittest
import urllib.parse

from harness import PATIENCE, TOKEN, Case, Daemon, ScriptedUpstream, eventually, vin

SIZES = (0, 1, 512, 1_000_000, 50_000_000)
MEBIBYTE = 1024 * 1024
ANY = "/api/1/energy_sites/7/anything"


def noise(size):
    """The same bytes for the same size; without order, so that what is lost or doubled shows."""
    block = random.Random(size).randbytes(min(size, MEBIBYTE))
    return (block * (size // MEBIBYTE + 1))[:size]


def digest(data):
    return hashlib.sha256(data).hexdigest()


def lines_of(*lines):
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def in_chunks(data, piece=100_000):
    for at in range(0, len(data), piece):
        part = data[at:at + piece]
        yield b"%x\r\n%s\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


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


class Bodies(PassThroughCase):
    def test_of_any_size_they_reach_fleet_api_to_the_byte(self):
        self.begin(lambda connection, _: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        for size in SIZES:
            for chunked in (False, True):
                with self.subTest(size=size, chunked=chunked):
                    data = noise(size)
                    body = (data[at:at + 70_000] for at in range(0, size, 70_000)) if chunked else data
                    self.assertEqual(self.ask("POST", body=body).status, 200)
                    request = self.received.pop()
                    self.assertTrue(request.whole)
                    self.assertEqual(digest(request.body), digest(data))
                    if not chunked:
                        self.assertEqual(request.fields["Content-Length"], str(size))

    def test_of_any_size_they_reach_the_caller_to_the_byte(self):
        def answer(connection, request):
            data = noise(int(request.line.split("size=")[1].split("&")[0]))
            if "chunked" in request.line:
                connection.sendall(lines_of("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"))
                for chunk in in_chunks(data):
                    connection.sendall(chunk)
            else:
                connection.sendall(lines_of("HTTP/1.1 200 OK", f"Content-Length: {len(data)}") + data)
        self.begin(answer)
        for size in SIZES:
            for framing in ("sized", "chunked"):
                for method in ("GET", "POST"):
                    with self.subTest(size=size, framing=framing, method=method):
                        reply = self.ask(method, f"{ANY}?size={size}&{framing}=1&")
                        self.assertEqual(reply.headers["Content-Length"] is None, framing == "chunked" and
                                         (method == "GET" or size > 64 * 1024))
                        self.assertEqual(digest(reply.read()), digest(noise(size)))

    def test_what_is_encoded_or_a_part_stays_so(self):
        packed = gzip.compress(b"a" * 5000)

        def answer(connection, request):
            if request.fields["Range"]:
                connection.sendall(lines_of("HTTP/1.1 206 Partial Content", "Content-Range: bytes 5-9/10",
                                            "Accept-Ranges: bytes", 'ETag: "x"', "Content-Length: 5") + b"56789")
            else:
                connection.sendall(lines_of("HTTP/1.1 200 OK", "Content-Encoding: gzip", "Content-Type: text/plain",
                                            f"Content-Length: {len(packed)}") + packed)
        self.begin(answer)
        reply = self.ask(headers={"Accept-Encoding": "gzip, br"})
        self.assertEqual(reply.headers["Content-Encoding"], "gzip")
        self.assertEqual(reply.read(), packed)
        self.assertEqual(self.received[-1].fields["Accept-Encoding"], "gzip, br")
        reply = self.ask(headers={"Range": "bytes=5-9", "If-Range": '"x"'})
        self.assertEqual(reply.status, 206)
        self.assertEqual(reply.headers["Content-Range"], "bytes 5-9/10")
        self.assertEqual(reply.read(), b"56789")
        self.assertEqual(self.received[-1].fields["Range"], "bytes=5-9")
        self.ask("PUT", body=packed, headers={"Content-Encoding": "gzip"})
        self.assertEqual(self.received[-1].body, packed)
        self.assertEqual(self.received[-1].fields["Content-Encoding"], "gzip")


class Heads(PassThroughCase):
    def test_every_method_gets_through(self):
        def answer(connection, request):
            body = b"" if request.line.startswith("HEAD") else b"hello"
            connection.sendall(lines_of("HTTP/1.1 200 OK", "Allow: GET", "Content-Length: 5") + body)
        self.begin(answer)
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            with self.subTest(method):
                reply = self.ask(method, f"{ANY}?a=%2F&b=c?d")
                self.assertEqual(reply.status, 200)
                self.assertEqual(reply.headers["Content-Length"], "5")
                self.assertEqual(reply.read(), b"" if method == "HEAD" else b"hello")
                self.assertEqual(self.received[-1].line, f"{method} {ANY}?a=%2F&b=c?d HTTP/1.1")
        self.assertEqual(len(self.received), 7)
        reply = self.ask("TRACE")
        self.assertEqual((reply.status, reply.headers["Allow"]), (405, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"))
        self.assertEqual(len(self.received), 7)

    def test_fields_of_one_name_come_in_their_order_and_those_of_one_connection_do_not(self):
        self.begin(lambda connection, _: connection.sendall(lines_of(
            "HTTP/1.1 429 Too Many Requests", "Set-Cookie: a=1", "X-Many: one", "Set-Cookie: b=2", "X-Many: two",
            "RateLimit-Limit: 60", "RateLimit-Reset: 9", "Retry-After: 9", "Date: Sun, 06 Nov 1994 08:49:37 GMT",
            "Connection: X-Hop", "X-Hop: 1", "Keep-Alive: timeout=1", "Trailer: T", "Content-Length: 0")))
        reply = self.ask(headers={"X-Forwarded-Host": "10.0.0.1", "Connection": "X-Mine", "X-Mine": "1", "TE": "trailers"})
        self.assertEqual(reply.status, 429)
        self.assertEqual(reply.headers.get_all("Set-Cookie"), ["a=1", "b=2"])
        self.assertEqual(reply.headers.get_all("X-Many"), ["one", "two"])
        for name, value in (("RateLimit-Limit", "60"), ("RateLimit-Reset", "9"), ("Retry-After", "9"),
                            ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")):
            self.assertEqual(reply.headers.get_all(name), [value])
        for name in ("X-Hop", "Keep-Alive", "Trailer"):
            self.assertIsNone(reply.headers[name])
        sent = self.received[0].fields
        for name in ("X-Forwarded-Host", "X-Mine", "TE"):
            self.assertIsNone(sent[name])
        self.assertNotIn("127.0.0.1", "".join(value for name, value in sent.items() if name != "Host"))

    def test_replies_without_a_body_say_of_it_what_fleet_api_says(self):
        def answer(connection, request):
            status = request.line.split("?")[1].split()[0]
            length = ["Content-Length: 1234"] if status.startswith("304") or request.line.startswith("HEAD") else []
            connection.sendall(lines_of(f"HTTP/1.1 {status} X", 'ETag: "y"', *length))
        self.begin(answer)
        for method, status, length in (("HEAD", 200, "1234"), ("GET", 304, "1234"), ("GET", 204, None),
                                       ("DELETE", 204, None)):
            with self.subTest(method=method, status=status):
                reply = self.ask(method, f"{ANY}?{status}")
                self.assertEqual((reply.status, reply.headers["Content-Length"]), (status, length))
                self.assertIsNone(reply.headers["Transfer-Encoding"])
                self.assertEqual(reply.headers["ETag"], '"y"')
                self.assertEqual(reply.read(), b"")

    def test_a_redirect_is_passed_on_and_not_followed(self):
        reached = []
        elsewhere = ScriptedUpstream(lambda _connection, number: reached.append(number))
        self.addCleanup(elsewhere.close)
        self.begin(lambda connection, _: connection.sendall(lines_of(
            "HTTP/1.1 302 Found", f"Location: {elsewhere.url}/api/1/x", "Content-Length: 0")))
        reply = self.ask()
        self.assertEqual((reply.status, reply.headers["Location"]), (302, f"{elsewhere.url}/api/1/x"))
        self.assertEqual(reached, [])
        self.assertEqual(len(self.received), 1)


class Timing(PassThroughCase):
    def test_slow_bytes_reach_the_caller_one_by_one(self):
        for framing in ("Content-Length: 3", "Transfer-Encoding: chunked"):
            with self.subTest(framing):
                taken = [threading.Event() for _ in range(3)]

                def answer(connection, _request):
                    connection.sendall(lines_of("HTTP/1.1 200 OK", framing))
                    for event, byte in zip(taken, (b"a", b"b", b"c")):
                        connection.sendall(byte if "Length" in framing else b"1\r\n" + byte + b"\r\n")
                        if not event.wait(PATIENCE):
                            return "close"
                    connection.sendall(b"" if "Length" in framing else b"0\r\n\r\n")
                    return None
                self.begin(answer)
                reply = self.ask()
                for event, byte in zip(taken, (b"a", b"b", b"c")):
                    self.assertEqual(reply.read(1), byte)
                    event.set()
                self.assertEqual(reply.read(), b"")

    def test_slow_bytes_reach_fleet_api_while_more_are_to_come(self):
        first = threading.Event()

        def serve(connection, _number):
            data = b""
            while b"first" not in data:
                data += connection.recv(65536)
            first.set()
            while b"last" not in data:
                data += connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        fleet_api = ScriptedUpstream(serve)
        self.addCleanup(fleet_api.close)
        self.daemon = self.start(Daemon(self.folder, fleet_api.url))

        def body():
            yield b"first"
            self.assertTrue(first.wait(PATIENCE))
            yield b"last"
        self.assertEqual(self.ask("POST", body=body()).status, 200)

    def test_a_server_that_never_answers_is_504_when_the_deadline_comes(self):
        done = threading.Event()
        self.addCleanup(done.set)
        self.begin(lambda connection, _: done.wait(PATIENCE))
        for method, body, executed in (("GET", None, "no"), ("POST", b"x", "unknown"),
                                       ("POST", iter([b"x"]), "unknown")):
            with self.subTest(method):
                reply = self.ask(method, body=body, headers={"Prefer": "wait=1"})
                told = json.loads(reply.read())
                self.assertEqual((reply.status, told["error_code"], told["executed"]), (504, "no_reply", executed))


class Cuts(PassThroughCase):
    def test_a_connection_that_ends_before_the_head_or_in_it_is_an_error(self):
        for sent in (b"", b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\nContent-Le"):
            def answer(connection, _request):
                connection.sendall(sent)
                return "close"
            self.begin(answer)
            for method, executed in (("GET", "no"), ("POST", "unknown")):
                with self.subTest(sent=sent, method=method):
                    reply = self.ask(method)
                    told = json.loads(reply.read())
                    self.assertEqual((reply.status, told["error_code"], told["executed"]), (504, "no_reply", executed))

    def test_a_connection_that_ends_in_the_body_leaves_it_incomplete(self):
        for head, part in (("Content-Length: 300000", noise(200_000)),
                           ("Transfer-Encoding: chunked", b"30d40\r\n" + noise(200_000) + b"\r\n"),
                           ("Transfer-Encoding: chunked", b"30d41\r\n" + noise(200_000))):
            def answer(connection, _request):
                connection.sendall(lines_of("HTTP/1.1 200 OK", head) + part)
                return "close"
            self.begin(answer)
            for method in ("GET", "POST"):
                with self.subTest(head=head, size=len(part), method=method):
                    reply = self.ask(method)
                    self.assertEqual(reply.status, 200)
                    with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
                        reply.read()

    def test_a_short_body_with_an_effect_that_is_cut_is_an_error(self):
        def answer(connection, _request):
            connection.sendall(lines_of("HTTP/1.1 200 OK", "Content-Length: 30") + b"{")
            return "close"
        self.begin(answer)
        reply = self.ask("POST")
        told = json.loads(reply.read())
        self.assertEqual((reply.status, told["error_code"], told["executed"]), (504, "no_reply", "unknown"))

    def test_a_caller_that_goes_in_the_midst_of_its_body_completes_nothing(self):
        self.begin(lambda connection, _: None)
        for number, (fields, begun) in enumerate((("Content-Length: 3000000", noise(2_000_000)),
                                                  ("Transfer-Encoding: chunked", b"a\r\n0123456789\r\n")), 1):
            with self.subTest(fields):
                connection = self.begin_upload(fields, begun)
                eventually(lambda: self.heads == number, "Fleet API has seen its head")
                connection.close()
                eventually(lambda: self.in_flight() == 0, "the daemon has given it up")
                eventually(lambda: len(self.received) == number, "Fleet API has seen its end")
                self.assertFalse(self.received[-1].whole)

    def test_a_caller_that_goes_ends_what_only_reads_and_not_what_may_have_had_an_effect(self):
        answer = threading.Event()
        self.addCleanup(answer.set)

        def serve(connection, request):
            if request.line.startswith("POST"):
                answer.wait(PATIENCE)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        self.begin(serve, config="timeout: 10m\ntimeout_max: 10m\n")
        callers = [self.connect() for _ in range(3)]
        for caller, (method, target) in zip(callers, (("POST", ANY), ("GET", ANY),
                                                      ("GET", f"/api/1/vehicles/{vin()}/vehicle_data"))):
            caller.request(method, target, headers={"Authorization": f"Bearer {TOKEN}"})
        eventually(lambda: len(self.received) == 3, "Fleet API has all requests")
        for caller in callers:
            caller.close()
        eventually(lambda: self.in_flight() == 1, "the daemon has given up what only reads")
        self.assertNotIn("method=POST", self.daemon.log())
        answer.set()
        eventually(lambda: self.in_flight() == 0, "what may have had an effect has its answer")
        line = next(line for line in self.daemon.log().splitlines() if "method=POST" in line)
        self.assertIn("status=200", line)

    def test_a_refusal_does_not_wait_for_the_rest_of_a_body_that_stalls(self):
        def serve(connection, _number):
            connection.recv(1)
            connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
            while connection.recv(65536):
                pass
        fleet_api = ScriptedUpstream(serve)
        self.addCleanup(fleet_api.close)
        self.daemon = self.start(Daemon(self.folder, fleet_api.url, config="limits: {request: 5m}\n"))
        connection = self.begin_upload("Transfer-Encoding: chunked", b"1\r\nx\r\n")
        reply = http.client.HTTPResponse(connection)
        reply.begin()
        self.assertEqual((reply.status, reply.headers["Connection"]), (413, "close"))
        self.assertEqual(reply.read(), b"no")
        self.assertEqual(connection.recv(1), b"")

    def in_flight(self):
        return self.daemon.get("/fleetsign/v1/status").json["requests_in_flight"]

    def test_a_body_that_drips_is_408_and_completes_nothing(self):
        self.begin(lambda connection, _: None, config="limits: {request: 200ms}\n")
        connection = self.begin_upload("Content-Length: 3000000", b"")
        while not select.select([connection], [], [], 0.01)[0]:
            connection.sendall(b"x")
        reply = http.client.HTTPResponse(connection)
        reply.begin()
        told = json.loads(reply.read())
        self.assertEqual((reply.status, told["error_code"], told["executed"]), (408, "request_timeout", "unknown"))
        eventually(lambda: self.received, "Fleet API has seen its end")
        self.assertFalse(self.received[0].whole)


if __name__ == "__main__":
    unittest.main()
