# SPDX-License-Identifier: Apache-2.0
"""Commands with an Idempotency-Key: whatever happens to the caller, to the daemon and on the way, the car acts once."""

import contextlib
import signal
import socket
import sqlite3
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

from callers import Caller
from harness import PATIENCE, Case, Daemon, ScriptedUpstream, Simulator, eventually, vin

KEY = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
DAY = 24 * 60 * 60


class IdempotencyCase(Case):
    """Cars, and daemons of which each takes up what the one before has left."""

    vehicles = 1

    def setUp(self):
        state = tempfile.TemporaryDirectory()
        self.addCleanup(state.cleanup)
        self.state = state.name
        self.simulator = self.start(Simulator(self.folder, self.vehicles))

    def start_daemon(self, base_url=None):
        return self.start(Daemon(self.folder, base_url or self.simulator.url, env={"STATE_DIRECTORY": self.state}))

    def keyed(self, daemon, key, name="honk_horn", arguments=None, car=vin(), **headers):
        return daemon.command(name, arguments, car, {KEY: key, "Prefer": "wait=60", **headers})

    def send(self, daemon, key, name="honk_horn", car=vin()):
        """Waits for no reply."""
        caller = Caller(daemon.url)
        self.addCleanup(caller.close)
        caller.send_command(name, car=car, headers={KEY: key, "Prefer": "wait=60"})
        return caller

    def kept(self, daemon):
        return daemon.get("/fleetsign/v1/status").json["idempotency_keys"]

    def release(self):
        self.simulator.request("DELETE", f"/sim/v1/vehicles/{vin()}/faults")

    def signed(self):
        return self.simulator.requests()["endpoints"]["signed_command"]["vehicles"].get(vin(), 0)

    def assert_replayed(self, reply, first):
        self.assertEqual((reply.status, reply.body), (first.status, first.body))
        self.assertEqual(reply.headers[REPLAYED], "true")

    def assert_unknown(self, reply):
        self.assert_failure(reply, 504, "no_reply", "unknown")
        self.assertEqual(reply.headers[REPLAYED], "true")


class Repeats(IdempotencyCase):
    def test_a_repeat_gets_the_same_bytes_and_the_car_acts_once(self):
        daemon = self.start_daemon()
        first = self.keyed(daemon, "k", "set_charge_limit", {"percent": 70})
        self.assert_accepted(first)
        self.assertIsNone(first.headers[REPLAYED])
        self.simulator.forget_requests()
        repeat = self.keyed(daemon, "k", "set_charge_limit", {"percent": 70}, **{"X-Request-Id": "mine"})
        self.assert_replayed(repeat, first)
        self.assertEqual(repeat.headers["X-Request-Id"], "mine")
        self.assertEqual(self.signed(), 0)
        conflict = self.keyed(daemon, "k", "set_charge_limit", {"percent": 71})
        self.assert_failure(conflict, 422, "idempotency_conflict")
        self.assertEqual(self.simulator.executed(vin()), 1)

    def test_of_ten_at_once_one_is_carried_out(self):
        daemon = self.start_daemon()
        with ThreadPoolExecutor(10) as callers:
            replies = list(callers.map(lambda _: self.keyed(daemon, "k"), range(10)))
        for reply in replies:
            self.assertEqual((reply.status, reply.json["executed"]), (200, "yes"), reply.body)
        self.assertEqual(len({reply.body for reply in replies}), 1)
        self.assertEqual(sum(reply.headers[REPLAYED] == "true" for reply in replies), 9)
        self.assertEqual(self.simulator.executed(vin()), 1)

    def test_what_was_not_executed_may_be_repeated(self):
        daemon = self.start_daemon()
        self.simulator.order(vin(), "http_429")
        limited = self.keyed(daemon, "k", "charge_start")
        self.assertEqual((limited.status, limited.headers["Fleetsign-Executed"]), (429, "no"))
        again = self.keyed(daemon, "k", "charge_start")
        self.assert_accepted(again)
        self.assertIsNone(again.headers[REPLAYED])
        for _ in range(2):
            declined = self.keyed(daemon, "another", "charge_start")
            self.assertEqual((declined.json["error_code"], declined.headers[REPLAYED]), ("rejected", None))
        self.assertEqual(self.simulator.executed(vin()), 1)

    def test_a_caller_that_went_away_and_comes_back_has_one_command_carried_out(self):
        for where in ("handshake", "command"):
            with self.subTest(where):
                daemon = self.start_daemon()
                before = self.simulator.executed(vin())
                self.simulator.forget_requests()
                daemon.request("DELETE", f"/fleetsign/v1/vehicles/{vin()}/sessions",
                               headers={"Authorization": "Bearer a.b.c"})
                self.simulator.order(vin(), "delay", ms=25_000, on=where)
                caller = self.send(daemon, where)
                eventually(lambda: self.signed() > (where == "command"), "the request is under way")
                caller.close()
                with ThreadPoolExecutor(1) as caller:
                    repeat = caller.submit(self.keyed, daemon, where)
                    self.release()
                    reply = repeat.result(PATIENCE)
                self.assertEqual((reply.status, reply.json["executed"]), (200, "yes"), reply.body)
                self.assertEqual(self.simulator.executed(vin()), before + 1)
                self.assertEqual(daemon.stop(), 0)


class Restarts(IdempotencyCase):
    def test_a_later_run_gives_the_answer_of_the_earlier_one(self):
        daemon = self.start_daemon()
        first = self.keyed(daemon, "k", "actuate_trunk", {"which_trunk": "rear"})
        self.assert_accepted(first)
        self.assertEqual(daemon.stop(), 0)
        daemon = self.start_daemon()
        self.assert_replayed(self.keyed(daemon, "k", "actuate_trunk", {"which_trunk": "rear"}), first)
        self.assertEqual(daemon.stop(signal.SIGKILL), -signal.SIGKILL)
        self.assert_replayed(self.keyed(self.start_daemon(), "k", "actuate_trunk", {"which_trunk": "rear"}), first)
        self.assertEqual(self.simulator.executed(vin()), 1)

    def test_what_has_expired_is_not_kept_beyond_the_next_start(self):
        daemon = self.start_daemon()
        for key in ("old", "young"):
            self.assert_accepted(self.keyed(daemon, key))
        self.assertEqual(daemon.stop(), 0)
        with contextlib.closing(sqlite3.connect(f"{self.state}/state.db")) as database, database:
            oldest = "SELECT id FROM claims ORDER BY rowid LIMIT 1"
            database.execute(f"UPDATE claims SET claimed = claimed - {DAY} WHERE id = ({oldest})")
        daemon = self.start_daemon()
        self.assertEqual(self.kept(daemon), 1)
        self.assertEqual(self.keyed(daemon, "young").headers[REPLAYED], "true")

    def test_a_daemon_that_was_killed_under_way_says_that_nobody_knows(self):
        for fault in ("delay", "late_reply"):
            with self.subTest(fault):
                daemon = self.start_daemon()
                self.assert_accepted(daemon.command("honk_horn"))
                before = self.simulator.executed(vin())
                self.simulator.forget_requests()
                self.simulator.order(vin(), fault, ms=25_000)
                self.send(daemon, fault)
                eventually(lambda: self.signed() == 1, "the command is under way")
                daemon.stop(signal.SIGKILL)
                daemon = self.start_daemon()
                for _ in range(2):
                    self.assert_unknown(self.keyed(daemon, fault))
                self.release()
                self.assert_accepted(daemon.command("flash_lights"))
                self.assertEqual(self.signed(), 2)  # the one that was killed, and the last
                self.assertLessEqual(self.simulator.executed(vin()), before + 2)
                self.assertEqual(daemon.stop(), 0)

    def test_an_upstream_that_never_answered_is_not_asked_again(self):
        upstream = ScriptedUpstream(lambda connection, _: (upstream.read_request(connection), connection.recv(1)))
        self.addCleanup(upstream.close)
        for name in ("honk_horn", "navigation_request"):
            with self.subTest(name):
                upstream.requests.clear()
                daemon = self.start_daemon(upstream.url)
                self.send(daemon, name, name)
                eventually(lambda: len(upstream.requests) == 1, "the request is under way")
                daemon.stop(signal.SIGKILL)
                daemon = self.start_daemon(upstream.url)
                self.assert_unknown(self.keyed(daemon, name, name))
                self.assertEqual(len(upstream.requests), 1)
                self.assertEqual(daemon.stop(), 0)

    def test_a_daemon_that_was_killed_before_anything_left_carries_nothing_out_twice(self):
        with socket.socket() as deaf, socket.socket() as filler:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(0)
            filler.connect(deaf.getsockname())  # the one place in the queue: no further connection comes about
            daemon = self.start_daemon("http://127.0.0.1:%d" % deaf.getsockname()[1])
            self.send(daemon, "k")
            eventually(lambda: self.kept(daemon) == 1, "the key is claimed")
            daemon.stop(signal.SIGKILL)
        daemon = self.start_daemon()
        self.assert_unknown(self.keyed(daemon, "k"))
        self.assertEqual(self.simulator.executed(vin()), 0)
        self.assert_accepted(self.keyed(daemon, "another"))


class Kills(IdempotencyCase):
    vehicles = 8

    def test_a_daemon_that_is_killed_at_any_time_never_lets_a_command_run_twice(self):
        cars = [vin(number) for number in range(1, self.vehicles + 1)]
        for number, car in enumerate(cars):
            daemon = self.start_daemon()
            before = self.kept(daemon)
            self.send(daemon, "k", car=car)
            if number % 2:
                eventually(lambda: self.kept(daemon) > before, "the key is claimed")
            daemon.stop(signal.SIGKILL)
        daemon = self.start_daemon()
        for car in cars:
            reply = self.keyed(daemon, "k", car=car)
            if reply.headers[REPLAYED] is None:
                self.assert_accepted(reply)
            if reply.status != 200:
                self.assert_unknown(reply)
            self.assertLessEqual(self.simulator.executed(car), 1)


if __name__ == "__main__":
    unittest.main()
