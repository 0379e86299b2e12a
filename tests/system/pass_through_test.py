# SPDX-License-Identifier: Apache-2.0
"""Everything below /api/1/ that is no command: exact in both directions."""

import gzip
import hashlib
import unittest

from harness import ScriptedUpstream
from passages import ANY, PassThroughCase, lines_of, noise

SIZES = (0, 1, 512, 1_000_000, 50_000_000)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def in_chunks(data, piece=100_000):
    for at in range(0, len(data), piece):
        part = data[at:at + piece]
        yield b"%x\r\n%s\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


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


if __name__ == "__main__":
    unittest.main()
