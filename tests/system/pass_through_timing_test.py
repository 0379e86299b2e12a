# SPDX-License-Identifier: Apache-2.0
"""What passes through does so while it comes, and what breaks off has no false end."""

import http.client
import json
import select
import threading
import unittest

from harness import PATIENCE, TOKEN, Daemon, ScriptedUpstream, eventually, vin
from passages import ANY, PassThroughCase, lines_of, noise


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
