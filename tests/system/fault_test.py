# SPDX-License-Identifier: Apache-2.0
"""What a bad network or a vehicle in another state does to a command: reply, cost, and how often it was executed."""

import json
import socket
import unittest

from harness import Case, Daemon, ScriptedUpstream, Simulator, vin


class Faults(Case):
    def setUp(self):
        self.simulator, self.daemon = self.start_both()

    def warm_up(self, name):
        self.assert_accepted(self.daemon.command(name))
        self.simulator.forget_requests()
        return self.simulator.executed(vin())

    def play(self, name, fault, **order):
        """One command with a fault. Its reply, and what it cost in requests and executions."""
        before = self.warm_up(name)
        self.simulator.order(vin(), fault, **order)
        reply = self.daemon.command(name)
        return reply, self.simulator.signed_commands(), self.simulator.executed(vin()) - before

    def assert_recovers(self, name):
        self.simulator.request("DELETE", f"/sim/v1/vehicles/{vin()}/faults")
        self.assert_accepted(self.daemon.command(name))

    def test_a_vehicle_out_of_step_costs_one_more_request_and_acts_once(self):
        for name in ("honk_horn", "actuate_trunk"):
            arguments = {"which_trunk": "rear"} if name == "actuate_trunk" else None
            with self.subTest(name):
                self.assert_accepted(self.daemon.command(name, arguments))
                before = self.simulator.executed(vin())
                self.simulator.order(vin(), "reboot")
                self.simulator.forget_requests()
                self.assert_accepted(self.daemon.command(name, arguments))
                self.assertEqual((self.simulator.signed_commands(), self.simulator.executed(vin()) - before), (2, 1))

    def test_a_new_key_of_the_vehicle_costs_three_requests(self):
        reply, requests, executed = self.play("door_lock", "rotate_key")
        self.assert_accepted(reply)
        self.assertEqual((requests, executed), (3, 1))

    def test_a_lost_or_cut_reply_is_reported_and_never_repeated(self):
        for name, fault in (("honk_horn", "drop_reply"), ("door_lock", "drop_reply"), ("honk_horn", "truncate_reply")):
            with self.subTest(f"{name} {fault}"):
                reply, requests, executed = self.play(name, fault)
                self.assert_failure(reply, 504, "no_reply", executed="unknown")
                self.assertEqual((requests, executed), (1, 1))
                self.assert_recovers(name)

    def test_a_counter_that_was_seen_is_signed_again_only_where_a_repeat_is_safe(self):
        reply, requests, executed = self.play("door_lock", "counter_ahead")
        self.assert_accepted(reply)
        self.assertEqual((requests, executed), (2, 1))
        reply, requests, executed = self.play("honk_horn", "counter_ahead")
        self.assert_failure(reply, 502, "vehicle_error_unclear", executed="unknown")
        self.assertEqual((requests, executed), (1, 0))
        self.assert_recovers("honk_horn")

    def test_a_busy_vehicle_is_asked_again(self):
        for fault in ("busy", "wait"):
            with self.subTest(fault):
                reply, requests, executed = self.play("honk_horn", fault)
                self.assert_accepted(reply)
                self.assertEqual((requests, executed), (2, 1))

    def test_a_subsystem_that_did_not_answer_is_asked_again_only_where_a_repeat_is_safe(self):
        reply, requests, _ = self.play("door_lock", "timeout")
        self.assert_accepted(reply)
        self.assertEqual(requests, 2)
        reply, requests, _ = self.play("honk_horn", "timeout")
        self.assert_failure(reply, 502, "vehicle_error_unclear", executed="unknown")
        self.assertEqual(requests, 1)

    def test_what_comes_after_doubt_does_not_hide_it(self):
        self.warm_up("door_lock")
        self.simulator.order(vin(), "timeout")
        self.simulator.order(vin(), "busy")
        reply = self.daemon.command("door_lock")
        self.assert_failure(reply, 502, "vehicle_error_unclear", executed="unknown")
        self.assertIn("busy", reply.json["error"])

    def test_an_unpaired_key_is_412_with_the_text_that_clients_match(self):
        self.simulator.order(vin(), "unpaired", on="any")
        reply = self.daemon.command("door_lock")
        self.assert_failure(reply, 412, "key_not_paired")
        self.assertEqual(reply.json["error"],
                         "vehicle rejected request: your public key has not been paired with the vehicle")

    def test_a_sleeping_vehicle_is_408(self):
        self.simulator.order(vin(), "asleep", on="any")
        reply = self.daemon.command("door_lock")
        self.assert_failure(reply, 408, "vehicle_unavailable")
        self.assertIn("vehicle is offline or asleep", reply.json["error"])

    def test_an_untrustworthy_reply_is_never_a_success(self):
        for fault in ("garbage_reply", "wrong_request_reply", "replay_reply", "plaintext_reply"):
            with self.subTest(fault):
                reply, requests, executed = self.play("honk_horn", fault)
                self.assertEqual(reply.status, 502, reply.body)
                self.assertIn(reply.json["error_code"], ("untrusted_reply", "upstream_malformed"))
                self.assertEqual((reply.json["executed"], requests), ("unknown", 1))
                self.assertEqual(executed, 1)
                self.assert_recovers("honk_horn")

    def test_fleet_apis_own_errors_come_through_unaltered_with_our_verdict_in_headers(self):
        for status, executed in ((401, "no"), (403, "no"), (429, "no"), (500, "unknown"), (503, "unknown"), (504, "unknown")):
            with self.subTest(status):
                reply, requests, _ = self.play("door_lock", f"http_{status}")
                self.assertEqual(reply.status, status)
                self.assertEqual(list(json.loads(reply.body))[:2], ["response", "error"])
                self.assertNotIn("request_id", reply.json)
                self.assertEqual(reply.headers["Fleetsign-Executed"], executed)
                self.assertEqual(reply.headers["Fleetsign-Error-Code"], "upstream_error")
                self.assertEqual((reply.headers["Fleetsign-Upstream-Requests"], requests), ("1", 1))
                if status == 429:
                    self.assertTrue(reply.headers["Retry-After"])

    def test_an_answer_that_never_comes_ends_with_the_deadline(self):
        self.warm_up("honk_horn")
        self.simulator.order(vin(), "late_reply", ms=20_000)
        reply = self.daemon.command("honk_horn", headers={"Prefer": "wait=2"})
        self.assert_failure(reply, 504, "no_reply", executed="unknown")

    def test_too_little_time_sends_nothing(self):
        before = self.warm_up("honk_horn")
        daemon = self.start(Daemon(self.folder, self.simulator.url, config="timeout: 2s\ntimeout_max: 2s\n"))
        self.simulator.order(vin(), "delay", ms=1_500, on="handshake")
        reply = daemon.command("honk_horn")
        self.assert_failure(reply, 504, "expired_unsent")
        self.assertEqual(self.simulator.executed(vin()), before)


class LostConnections(Case):
    def test_a_reused_connection_that_dies_after_the_command_was_read_delivers_it_once(self):
        """libcurl would repeat the POST on its own."""
        simulator = self.start(Simulator(self.folder))
        upstream = ScriptedUpstream(lambda connection, number: self.relay_then_die(upstream, simulator, connection))
        self.addCleanup(upstream.close)
        daemon = self.start(Daemon(self.folder, upstream.url))
        self.assert_accepted(daemon.command("honk_horn"))
        self.assertEqual(len(upstream.requests), 2)

        self.dying = True
        reply = daemon.command("honk_horn")
        self.assert_failure(reply, 504, "no_reply", executed="unknown")
        self.assertEqual(reply.json["upstream_requests"], 1)
        self.assertEqual(len(upstream.requests), 3)
        self.assertEqual(simulator.executed(vin()), 2)

    dying = False

    def relay_then_die(self, upstream, simulator, connection):
        """Hands each request to the simulator, so that the vehicle acts; dies instead of answering when told to."""
        while True:
            request = upstream.read_request(connection)
            if not request:
                return
            head, _, body = request.partition(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n")[0].decode().split()
            reply = simulator.request(method, target, body,
                                      {"Authorization": "Bearer a.b.c", "Content-Type": "application/json"})
            if self.dying:
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(reply.body) + reply.body)

    def test_a_status_that_http_does_not_have_is_no_verdict(self):
        def answer(connection, number):
            while upstream.read_request(connection):
                connection.sendall(b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n")
        upstream = ScriptedUpstream(answer)
        self.addCleanup(upstream.close)
        daemon = self.start(Daemon(self.folder, upstream.url))
        reply = daemon.command("navigation_request")
        self.assert_failure(reply, 502, "upstream_malformed", executed="unknown")
        self.assertEqual(reply.json["upstream_requests"], 1)

    def test_a_port_where_nobody_listens_is_unreachable_and_nothing_was_executed(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            url = "http://127.0.0.1:%d" % closed.getsockname()[1]
        daemon = self.start(Daemon(self.folder, url))
        reply = daemon.command("honk_horn")
        self.assert_failure(reply, 502, "unreachable")
        self.assertEqual(reply.json["upstream_requests"], 0)


if __name__ == "__main__":
    unittest.main()
