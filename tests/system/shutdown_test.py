# SPDX-License-Identifier: Apache-2.0
"""A daemon that is told to stop: what it has begun it finishes, what it has not begun it never does."""

import collections
import signal
import threading
import time
import unittest

from callers import Caller, answered
from harness import PATIENCE, TOKEN, Case, Daemon, ScriptedUpstream, eventually, vin

CARS = 12
OTHER_CALLERS = 4


class Regular:
    """A caller that sends one request after the other until its connection is closed."""

    def __init__(self, url, send):
        self.replies = []
        self.problem = None
        self._url = url
        self._send = send
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            caller = Caller(self._url)
            while reply := self._ask(caller):
                self.replies.append(reply)
                if reply.headers["Connection"] == "close":
                    break
            caller.close()
        except Exception as problem:  # a reply that was cut among them
            self.problem = problem

    def _ask(self, caller):
        try:
            self._send(caller)
        except OSError:
            return None
        return caller.receive()

    def join(self):
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the caller still waits"


class HeldCase(Case):
    """With commands that their vehicle has got and does not answer before it is told to."""

    def hold(self, simulator, daemon, car, command="honk_horn", ms=25_000):
        """Such a command, the second of its vehicle; its caller."""
        self.assert_accepted(daemon.command(command, car=car))
        simulator.forget_requests()
        simulator.order(car, "delay", ms=ms)
        self.addCleanup(self.release, simulator, car)
        caller = Caller(daemon.url)
        self.addCleanup(caller.close)
        caller.send_command(command, car=car, headers={"Prefer": "wait=60"})
        eventually(lambda: self.signed(simulator, car) == 1, "the vehicle gets its command")
        return caller

    @staticmethod
    def signed(simulator, car):
        return simulator.requests()["endpoints"]["signed_command"]["vehicles"].get(car, 0)

    @staticmethod
    def release(simulator, car):
        simulator.request("DELETE", f"/sim/v1/vehicles/{car}/faults")


class ShutDown(HeldCase):
    def test_under_load_what_was_carried_out_was_answered(self):
        for ending in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(ending):
                self.end_under_load(ending)

    def end_under_load(self, ending):
        simulator, daemon = self.start_both(CARS)
        commanding = {}
        for number in range(1, CARS + 1):
            car, name = vin(number), "honk_horn" if number % 2 else "door_lock"
            commanding[car] = Regular(daemon.url, lambda caller, car=car, name=name: caller.send_command(name, car=car))
        others = [Regular(daemon.url, lambda caller: caller.send("GET", "/health")) for _ in range(OTHER_CALLERS)]
        callers = [*commanding.values(), *others]
        eventually(lambda: all(len(caller.replies) >= 5 for caller in callers), "everybody is at work")
        self.assertEqual(daemon.stop(ending), 0)
        for caller in callers:
            caller.join()
            self.assertIsNone(caller.problem)
            self.assertEqual({reply.status for reply in caller.replies}, {200})
        for car, caller in commanding.items():
            verdicts = collections.Counter(reply.json["executed"] for reply in caller.replies)
            self.assertEqual(verdicts, {"yes": simulator.executed(car)})

    def test_a_command_under_way_is_finished_while_nobody_new_comes_in(self):
        simulator, daemon = self.start_both()
        caller = self.hold(simulator, daemon, vin())
        idle = Caller(daemon.url)
        self.addCleanup(idle.close)
        daemon.process.send_signal(signal.SIGTERM)
        self.assertIsNone(idle.receive())
        eventually(lambda: self.is_refused(daemon), "new connections are refused")
        self.assertIsNone(daemon.process.poll())
        self.assertEqual(answered([caller]), 0)
        self.release(simulator, vin())
        reply = caller.receive()
        self.assert_accepted(reply)
        self.assertEqual(reply.headers["Connection"], "close")
        self.assertEqual(daemon.wait(), 0)
        self.assertEqual(simulator.executed(vin()), 2)

    @staticmethod
    def is_refused(daemon):
        try:
            Caller(daemon.url).close()
        except ConnectionRefusedError:
            return True
        return False

    def test_a_vehicle_that_takes_a_second_is_waited_for(self):
        simulator, daemon = self.start_both()
        caller = self.hold(simulator, daemon, vin(), ms=1_000)
        self.assertEqual(daemon.stop(), 0)
        self.assert_accepted(caller.receive())

    def test_who_waits_when_the_door_closes_is_let_in_and_what_is_not_answered_was_never_carried_out(self):
        inside, waiting = 10, 200
        count = inside + waiting
        simulator, daemon = self.start_both(count)
        cars = [vin(number) for number in range(1, count + 1)]
        for car in cars:
            self.assert_accepted(daemon.command("honk_horn", car=car))
        known = [Caller(daemon.url) for _ in range(inside)]
        for caller in known:
            caller.send("GET", "/health")
            self.assertEqual(caller.receive().status, 200)
        # Stopped, it finds all of this at once with the order to end.
        daemon.process.send_signal(signal.SIGSTOP)
        callers = [*known, *(Caller(daemon.url) for _ in range(waiting))]
        for caller, car in zip(callers, cars):
            self.addCleanup(caller.close)
            caller.send_command("honk_horn", car=car, headers={"Prefer": "wait=60"})
        daemon.process.send_signal(signal.SIGTERM)
        daemon.process.send_signal(signal.SIGCONT)
        for number, (caller, car) in enumerate(zip(callers, cars)):
            reply = caller.receive()
            if reply is not None or number >= inside:
                self.assert_accepted(reply)
            self.assertEqual(simulator.executed(car), 1 if reply is None else 2)
        self.assertEqual(daemon.wait(), 0)

    def test_a_second_signal_ends_it_at_once(self):
        simulator, daemon = self.start_both()
        caller = self.hold(simulator, daemon, vin())
        daemon.process.send_signal(signal.SIGTERM)
        eventually(lambda: "stopping" in daemon.log(), "it begins to stop")
        self.assertEqual(daemon.stop(), -signal.SIGTERM)
        self.assertEqual(answered([caller]), 1)
        self.assertIsNone(caller.receive())

    def test_an_answer_that_never_comes_holds_it_up_no_longer_than_the_deadline(self):
        simulator, daemon = self.start_both(config="timeout: 3s\ntimeout_max: 3s\n")
        caller = self.hold(simulator, daemon, vin())
        start = time.monotonic()
        self.assertEqual(daemon.stop(), 0)
        self.assertLess(time.monotonic() - start, 20)  # the vehicle takes 25
        self.assert_failure(caller.receive(), 504, "no_reply", executed="unknown")

    def test_a_command_without_an_answer_is_cut_when_the_time_for_stopping_is_over_and_its_caller_told(self):
        simulator, daemon = self.start_both(config="shutdown_timeout: 4s\n")
        held = self.hold(simulator, daemon, vin(), "door_lock")
        waiting = Caller(daemon.url)
        self.addCleanup(waiting.close)
        waiting.send_command("door_unlock", headers={"Prefer": "wait=60"})
        eventually(lambda: daemon.get("/fleetsign/v1/status").json["requests_in_flight"] == 2, "both are inside")
        start = time.monotonic()
        self.assertEqual(daemon.stop(), 0)
        self.assertLess(time.monotonic() - start, 20)  # the vehicle takes 25
        self.assert_failure(held.receive(), 504, "no_reply", executed="unknown")
        self.assert_failure(waiting.receive(), 503, "shutting_down", executed="no")

    def test_what_only_reads_holds_it_up_for_seconds_only(self):
        def serve(connection, _number):
            while connection.recv(65536):
                pass
        fleet_api = ScriptedUpstream(serve)
        self.addCleanup(fleet_api.close)
        daemon = self.start(Daemon(self.folder, fleet_api.url, config="timeout: 10m\ntimeout_max: 10m\nshutdown_timeout: 10m\n"))
        callers = [Caller(daemon.url) for _ in range(3)]
        for caller, (method, path) in zip(callers, (("GET", "/api/1/vehicles"), ("GET", f"/api/1/vehicles/{vin()}/vehicle_data"),
                                                    ("POST", "/api/1/energy_sites/7/anything"))):
            self.addCleanup(caller.close)
            caller.send(method, path, headers={"Authorization": f"Bearer {TOKEN}"})
        eventually(lambda: daemon.get("/fleetsign/v1/status").json["requests_in_flight"] == 3, "all are inside")
        callers[2].close()
        start = time.monotonic()
        self.assertEqual(daemon.stop(), 0)
        self.assertLess(time.monotonic() - start, 20)
        for caller in callers[:2]:
            self.assert_failure(caller.receive(), 504, "no_reply", executed="no")

    def test_a_caller_that_stalls_its_request_holds_it_up_no_longer_than_the_deadline(self):
        _, daemon = self.start_both(config="timeout: 2s\ntimeout_max: 2s\n")
        caller = Caller(daemon.url)
        self.addCleanup(caller.close)
        caller.send("GET", "/health")
        self.assertEqual(caller.receive().status, 200)
        caller.send_bytes(b"POST /api/1/vehicles/")
        self.assertEqual(daemon.stop(), 0)


class GoneCallers(HeldCase):
    def test_a_caller_that_leaves_before_its_turn_costs_no_command(self):
        simulator, daemon = self.start_both()
        held = self.hold(simulator, daemon, vin(), "door_lock")
        gone = Caller(daemon.url)
        gone.send_command("door_unlock", headers={"Prefer": "wait=60"})
        gone.close()
        eventually(lambda: "outcome=expired_unsent" in daemon.log(), "the daemon notices that it has gone")
        later = Caller(daemon.url)
        self.addCleanup(later.close)
        later.send_command("door_lock", headers={"Prefer": "wait=60"})
        self.assertEqual(answered([held, later]), 0)
        self.release(simulator, vin())
        for caller in (held, later):
            self.assert_accepted(caller.receive())
        self.assertEqual(self.signed(simulator, vin()), 2)
        executed = simulator.vehicle(vin())["executed"]
        self.assertEqual(len(executed), 3)
        self.assertEqual(len({execution["name"] for execution in executed}), 1, executed)


if __name__ == "__main__":
    unittest.main()
