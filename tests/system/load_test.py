# SPDX-License-Identifier: Apache-2.0
"""Thousands of commands at once: all are carried out, nothing else waits for them, and memory stays small."""

import pathlib
import re
import resource
import threading
import unittest

from callers import Caller, answered
from harness import SANITIZED, TOKEN, Case, eventually, vin

OVERLAPPING = 8  # infotainment commands that one vehicle is sent at once
COMMANDS = 240 if SANITIZED else 2_000
HELD_MS = 25_000  # longer than a test needs until it releases them, shorter than a signature is valid
WORKERS = 16
DESCRIPTORS = 2 * COMMANDS + 200
MOST_MEMORY_KIB = 200 * 1024


class HealthWatch(threading.Thread):
    """Asks for /health again and again, and keeps what was wrong with an answer."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self._daemon = daemon
        self._ended = threading.Event()
        self.answers = 0
        self.wrong = []

    def run(self):
        while not self._ended.wait(0.02):
            try:
                reply = self._daemon.request("GET", "/health")
                if (reply.status, reply.body) != (200, b"OK"):
                    self.wrong.append(reply)
            except OSError as error:
                self.wrong.append(error)
            self.answers += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self.join()


def most_memory_kib(process):
    """The most that it has had resident so far."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)[1])


def raise_descriptor_limit():
    """For this process and those it starts: each end of a connection takes one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < DESCRIPTORS:
        raise unittest.SkipTest(f"needs {DESCRIPTORS} descriptors in a process, and {most} are allowed: ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, most))


class Load(Case):
    @classmethod
    def setUpClass(cls):
        raise_descriptor_limit()
        super().setUpClass()

    def callers(self, daemon, count):
        callers = [Caller(daemon.url) for _ in range(count)]
        for caller in callers:
            self.addCleanup(caller.close)
        return callers

    def command_all(self, callers, cars):
        for number, caller in enumerate(callers):
            caller.send_command("ping", car=cars[number % len(cars)], headers={"Prefer": "wait=60"})

    def test_thousands_of_commands_in_flight_at_once_all_succeed(self):
        cars = [vin(number) for number in range(1, COMMANDS // OVERLAPPING + 1)]
        simulator, daemon = self.start_both(len(cars))
        callers = self.callers(daemon, COMMANDS)
        with HealthWatch(daemon) as health:
            self.order_all(simulator, cars, count=OVERLAPPING, ms=HELD_MS)
            self.command_all(callers, cars)
            self.await_all(simulator, COMMANDS, cars)
            asked = health.answers
            eventually(lambda: health.answers > asked + 20, "/health answers meanwhile")
            self.assertEqual(answered(callers), 0)
            self.release_all(simulator, cars)
            for caller in callers:
                self.assert_accepted(caller.receive())

            # Once more, all of them coming back by themselves, in a short time.
            self.order_all(simulator, cars, count=OVERLAPPING, ms=1_000)
            self.command_all(callers, cars)
            for caller in callers:
                self.assert_accepted(caller.receive())
        self.assertEqual(health.wrong, [])
        self.assertEqual(sum(simulator.executed(car) for car in cars), 2 * COMMANDS)
        if not SANITIZED:
            self.assertLess(most_memory_kib(daemon.process), MOST_MEMORY_KIB)

    @staticmethod
    def order_all(simulator, cars, **delay):
        for car in cars:
            simulator.order(car, "delay", **delay)

    @staticmethod
    def await_all(simulator, commands, cars):
        """Until each vehicle has been asked for its session, once, and has got all of its commands."""
        eventually(lambda: simulator.requests()["endpoints"]["signed_command"]["total"] == commands + len(cars),
                   "all commands are in flight")

    @staticmethod
    def release_all(simulator, cars):
        for car in cars:
            simulator.request("DELETE", f"/sim/v1/vehicles/{car}/faults")

    def test_health_readiness_and_metrics_answer_at_once_while_every_worker_waits(self):
        cars = [vin(number) for number in range(1, WORKERS // OVERLAPPING + 1)]
        simulator, daemon = self.start_both(len(cars), config=f"limits:\n  workers: {WORKERS}\n")
        callers = self.callers(daemon, WORKERS)
        self.order_all(simulator, cars, count=OVERLAPPING, ms=HELD_MS)
        self.command_all(callers, cars)
        self.await_all(simulator, WORKERS, cars)
        [queued, express] = self.callers(daemon, 2)
        queued.send("GET", "/.well-known/appspecific/com.tesla.3p.public-key.pem")
        for path in ("/health", "/ready", "/health?again"):
            express.send("GET", path)
            reply = express.receive()
            self.assertEqual((reply.status, reply.body), (200, b"OK"))
        express.send("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        self.assertIn(b"fleetsign_requests_in_flight %d\n" % WORKERS, express.receive().body)
        self.assertEqual(answered([queued, *callers]), 0)
        self.release_all(simulator, cars)
        self.assertEqual(queued.receive().status, 200)
        for caller in callers:
            self.assert_accepted(caller.receive())


if __name__ == "__main__":
    unittest.main()
