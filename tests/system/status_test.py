# SPDX-License-Identifier: Apache-2.0
"""What a running daemon tells of itself, and how it treats a vehicle that shows another key."""

import json
import unittest

from harness import TOKEN, Case, ScriptedUpstream, run, vin


class Status(Case):
    def ask(self, daemon, *flags):
        return run("status", "--url", daemon.url, *flags, env={"FLEETSIGN_TOKEN": TOKEN})

    def test_the_status_is_told_in_words_and_as_json(self):
        _, daemon = self.start_both()
        told = self.ask(daemon)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertRegex(told.stdout, r"^fleetsign [0-9.]+, up 0 min \d+ s, ready\n")
        self.assertIn("no commands yet", told.stdout)

        self.assert_accepted(daemon.command("door_lock"))
        self.assertIn("  ok: 1\n", self.ask(daemon).stdout)
        status = json.loads(self.ask(daemon, "--json").stdout)
        self.assertEqual(status["commands"], {"ok": 1})
        self.assertEqual((status["ready"], status["lanes"]), (True, 1))

    def test_where_no_daemon_runs_the_status_is_69(self):
        _, daemon = self.start_both()
        daemon.stop()
        told = self.ask(daemon)
        self.assertEqual(told.returncode, 69)
        self.assertTrue(told.stderr.startswith("fleetsign: error: "), told.stderr)
        self.assertIn("hint: ", told.stderr)

    def test_without_a_token_the_status_says_how_to_give_one(self):
        told = run("status", "--url", "http://127.0.0.1:9", env={"FLEETSIGN_TOKEN": ""})
        self.assertNotEqual(told.returncode, 0)
        self.assertIn("FLEETSIGN_TOKEN", told.stderr)

    def test_a_refusal_is_told_with_its_hint(self):
        _, daemon = self.start_both()
        told = run("status", "--url", daemon.url, env={"FLEETSIGN_TOKEN": "fsk_0123456789"})
        self.assertEqual(told.returncode, 1, told)
        self.assertIn("fleetsign: error: this local key is not known\nhint: ", told.stderr)

    def test_whatever_else_answers_is_no_fleetsign(self):
        cost = {"requests": 0, "dollars": 0}
        whole = {"version": "1", "uptime_seconds": 1, "ready": True, "reasons": [], "requests_in_flight": 0, "lanes": 0,
                 "commands": {}, "warnings": [], "billing": {"total": cost, "categories": {"data": cost}}}
        wrong = [{**whole, name: None} for name in whole] + [{**whole, "billing": {"total": cost, "categories": [1]}},
                 {"commands": {}}, {**whole, "reasons": [1]}, [], "text"]
        bodies = [json.dumps(body).encode() for body in wrong] + [b"", b"<html>"]

        def answer(connection, number):
            connection.recv(1 << 16)
            body = bodies[number % len(bodies)]
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        other = ScriptedUpstream(answer)
        self.addCleanup(other.close)
        for flags in ((), ("--json",)):
            for _ in bodies:
                told = self.ask(other, *flags)
                self.assertEqual((told.returncode, told.stdout), (1, ""), told)
                self.assertIn("what answers is no fleetsign (status 200)", told.stderr)

    def test_metrics_count_what_was_done(self):
        _, daemon = self.start_both()
        self.assert_accepted(daemon.command("door_lock"))
        text = daemon.get("/metrics").body.decode()
        for line in ('fleetsign_commands_total{outcome="ok"} 1', 'fleetsign_upstream_requests_total{for="handshake"} 1',
                     "fleetsign_lanes 1", "fleetsign_ready 1", "fleetsign_requests_in_flight 0"):
            self.assertIn(line + "\n", text)
        self.assertNotIn(vin(), text)

    def test_sessions_are_listed_and_forgotten(self):
        simulator, daemon = self.start_both()
        self.assert_accepted(daemon.command("door_lock"))
        self.assert_accepted(daemon.command("honk_horn"))
        sessions = daemon.get("/fleetsign/v1/sessions").json["sessions"]
        self.assertEqual(sorted(session["domain"] for session in sessions), ["infotainment", "vehicle_security"])

        forgotten = daemon.request("DELETE", f"/fleetsign/v1/vehicles/{vin()}/sessions",
                                   headers={"Authorization": f"Bearer {TOKEN}"})
        self.assertEqual((forgotten.status, forgotten.json), (200, {"forgotten": 2}))
        simulator.forget_requests()
        self.assert_accepted(daemon.command("door_lock"))
        self.assertEqual(simulator.signed_commands(), 2)


class PinnedKeys(Case):
    def test_a_new_key_is_refused_until_the_sessions_are_forgotten(self):
        simulator, daemon = self.start_both(config="pin_vehicle_keys: true\n")
        self.assert_accepted(daemon.command("door_lock"))
        simulator.order(vin(), "rotate_key")
        for _ in range(2):
            refused = daemon.command("door_lock")
            self.assert_failure(refused, 502, "vehicle_key_changed")
            self.assertIn("/sessions", refused.json["hint"])
        self.assertEqual(simulator.executed(vin()), 1)
        daemon.request("DELETE", f"/fleetsign/v1/vehicles/{vin()}/sessions", headers={"Authorization": f"Bearer {TOKEN}"})
        self.assert_accepted(daemon.command("door_lock"))

    def test_a_new_key_is_followed_without_pins_and_logged(self):
        simulator, daemon = self.start_both()
        self.assert_accepted(daemon.command("door_lock"))
        simulator.order(vin(), "rotate_key")
        self.assert_accepted(daemon.command("door_lock"))
        self.assertIn("vehicle_key_replaced", daemon.log())
        self.assertNotIn(vin(), daemon.log())


if __name__ == "__main__":
    unittest.main()
