# SPDX-License-Identifier: Apache-2.0
"""Many vehicles, a fault in every tenth command, a daemon that is killed again and again: whatever callers are told must
be what the vehicles did.

Run as a program it is long, and prints its figures; soak_test.py has a short form.
"""

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import random
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("FLEETSIGN", str(ROOT / "build/release/fleetsign"))
sys.path.insert(0, str(ROOT / "tests/system"))

from harness import TOKEN, Daemon, Simulator, eventually, run, vin  # noqa: E402

# Some take effect on the way, some in the vehicle; none leaves it in a state that later commands meet.
FAULTS = ["reboot", "rotate_key", "counter_ahead", "clock_skew", "busy", "wait", "timeout", "internal", "unpaired",
          "drop_request", "drop_reply", "truncate_reply", "garbage_reply", "replay_reply", "wrong_request_reply",
          "response_too_large", "delay", "http_401", "http_408", "http_429", "http_500", "http_502", "http_503", "http_504"]
ORDERS = {"clock_skew": {"ms": 60_000}, "delay": {"ms": 50}}
WITH_A_FAULT = 0.1
COMMANDS = ["honk_horn", "door_lock", "flash_lights", "actuate_trunk"]
WAIT = 4  # seconds that a command may take


@dataclasses.dataclass
class Plan:
    vehicles: int
    commands: int
    kills: int
    clients: int = 8
    seed: int = 0


class Soak:
    def __init__(self, plan, folder):
        self.plan = plan
        self.folder = folder
        self.random = random.Random(plan.seed)
        made = run("keygen", "--out", folder / "private.pem")
        assert made.returncode == 0, made
        (folder / "public.pem").write_text(made.stdout)
        self.simulator = Simulator(folder, plan.vehicles)
        self.state = {"STATE_DIRECTORY": tempfile.mkdtemp(dir=folder)}
        self.daemon = self._start()
        self.lock = threading.Lock()  # guards the rest
        self.left = plan.commands
        self.told = collections.defaultdict(collections.Counter)  # by vehicle: what callers heard
        self.kinds = collections.Counter()
        self.requests = 0

    def _start(self):
        return Daemon(self.folder, self.simulator.url, config="log:\n  level: error\n", env=self.state)

    def _next(self):
        with self.lock:
            if self.left == 0:
                return None
            self.left -= 1
            fault = self.random.choice(FAULTS) if self.random.random() < WITH_A_FAULT else None
            return vin(self.random.randint(1, self.plan.vehicles)), self.random.choice(COMMANDS), fault

    def _client(self):
        while (job := self._next()) is not None:
            car, command, fault = job
            if fault:
                self.simulator.order(car, fault, on="any", **ORDERS.get(fault, {}))
            body = {"which_trunk": "rear"} if command == "actuate_trunk" else {}
            try:
                reply = self.daemon.request("POST", f"/api/1/vehicles/{car}/command/{command}", json.dumps(body),
                                            {"Authorization": f"Bearer {TOKEN}", "Prefer": f"wait={WAIT}"})
            except ConnectionRefusedError:
                executed, kind = "no", "refused"
                eventually(lambda: self.daemon.process.poll() is None, "another run of the daemon")
            except OSError:
                executed, kind = "unknown", "cut"
            else:
                executed = reply.headers["Fleetsign-Executed"] or reply.json["executed"]
                kind = reply.headers["Fleetsign-Error-Code"] or reply.json.get("error_code", "ok")
            with self.lock:
                self.told[car][executed] += 1
                self.kinds[kind] += 1

    def _kill(self, clients):
        """kill -9 at even distances, in the middle of whatever is under way."""
        for number in range(1, self.plan.kills + 1):
            goal = self.plan.commands - self.plan.commands * number // (self.plan.kills + 1)
            eventually(lambda: self.left <= goal or not any(client.is_alive() for client in clients), "commands are sent",
                       patience=600)
            self.daemon.process.kill()
            self.daemon.wait()
            self.daemon = self._start()

    def run(self):
        """What does not add up, in words."""
        clients = [threading.Thread(target=self._client) for _ in range(self.plan.clients)]
        started = time.monotonic()
        for client in clients:
            client.start()
        self._kill(clients)
        for client in clients:
            client.join()
        self.seconds = time.monotonic() - started
        return [complaint for number in range(1, self.plan.vehicles + 1) if (complaint := self._check(vin(number)))]

    def _check(self, car):
        executed = self.simulator.executed(car)
        told = self.told[car]
        if told["yes"] <= executed <= told["yes"] + told["unknown"]:
            return None
        return f"{car}: executed {executed} times, told {dict(told)}"

    def figures(self):
        told = sum(self.told.values(), collections.Counter())
        executed = sum(self.simulator.executed(vin(number)) for number in range(1, self.plan.vehicles + 1))
        return {"vehicles": self.plan.vehicles, "commands": self.plan.commands, "kills": self.plan.kills,
                "seconds": round(self.seconds, 1), "executed": executed, "told": dict(told), "kinds": dict(self.kinds)}

    def stop(self):
        self.daemon.stop()
        self.simulator.stop()


def soak(plan):
    """The figures, and what does not add up."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Soak(plan, pathlib.Path(folder))
        try:
            complaints = trial.run()
            return trial.figures(), complaints
        finally:
            trial.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vehicles", type=int, default=200)
    parser.add_argument("--commands", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    figures, complaints = soak(Plan(**vars(parser.parse_args())))
    print(json.dumps(figures, indent=2))
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
