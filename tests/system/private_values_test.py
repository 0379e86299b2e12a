# SPDX-License-Identifier: Apache-2.0
"""Private values appear nowhere: not in the log at its most talkative, nor in any reply that we make."""

import json
import unittest

from harness import Case, Daemon, Simulator, run, vin

MARK = "zq7xk"  # in everything that must not be seen again
NUMBER = 81.274653819  # the same, as a place
TOO_LARGE = 98127465.25  # and as one that is refused
MARKS = (MARK, "274653", "127465")
TOKEN = f"{MARK}.{MARK}.{MARK}"

ROWS = json.loads(run("commands", "--json").stdout)["commands"]
EXPERIMENTAL = [row["name"] for row in ROWS if row.get("experimental")]
FAULTS = ("busy", "internal", "garbage_reply", "truncate_reply", "drop_reply", "plaintext_reply", "http_500", "http_403")


def private_bodies():
    """(command, body) with a private parameter planted: values that are taken, and others that are not."""
    for row in ROWS:
        for parameter in row.get("parameters", []):
            if not parameter["private"]:
                continue
            for value in (MARK, "", NUMBER, TOO_LARGE, [MARK], {MARK: MARK}, f"{MARK}\n\u001b[31m"):
                yield row["name"], json.dumps({**row["example"], parameter["name"]: value})
            for alias in parameter.get("aliases", []):
                yield row["name"], json.dumps({**row["example"], alias: MARK})


def malformed_bodies(name):
    yield name, f"pin={MARK}"
    yield name, f'{{"pin": "{MARK}"'
    yield name, f'["{MARK}"]'
    yield name, f'"{MARK}"'
    yield name, f'{{"pin": "{MARK}", "pin": "{MARK}"}}'
    yield name, f'{{"pin": "{MARK}{"x" * 20_000}"}}'


class PrivateValues(Case):
    def collect(self, log_format):
        """Everything that can be read of a daemon that got all of it: replies, then the log."""
        simulator = self.start(Simulator(self.folder))
        config = f"experimental_commands: [{', '.join(EXPERIMENTAL)}]\n"
        daemon = self.start(Daemon(self.folder, simulator.url, "--log.level", "debug", "--log.format", log_format,
                                   config=config))
        seen = []

        def send(name, body, authorization=f"Bearer {TOKEN}", **headers):
            reply = daemon.command(name, body=body.encode(), headers={"Authorization": authorization, **headers})
            seen.append((name, f"{reply.status} {reply.headers} {reply.body}"))

        for name, body in private_bodies():
            send(name, body)
        for name in ("speed_limit_activate", "door_lock", "trigger_homelink", "take_drivenote", "share", "no_such"):
            for _, body in malformed_bodies(name):
                send(name, body)
        for fault in FAULTS:
            for name, body in (("set_pin_to_drive", {"on": True, "password": MARK}),
                               ("trigger_homelink", {"lat": NUMBER, "lon": NUMBER, "token": MARK})):
                simulator.order(vin(), fault)
                send(name, json.dumps(body))
        for authorization in (f"Bearer {MARK} {MARK}", f"Basic {MARK}", f"Bearer fsk_{MARK}", f"Bearer {MARK}\u00e9"):
            send("door_lock", "", authorization)
        send("door_lock", "", X_Authorization=MARK, Cookie=MARK)
        reply = daemon.get(f"/api/1/vehicles/{vin()}/vehicle_data?token={MARK}", {"Authorization": f"Bearer {TOKEN}"})
        self.assertEqual(reply.status, 200)
        log = daemon.log()
        self.assertEqual(daemon.stop(), 0)
        return seen, log

    def check(self, log_format):
        seen, log = self.collect(log_format)
        self.assertGreater(len(seen), 150)
        self.assertGreater(log.count("set_pin_to_drive"), len(FAULTS))
        for mark in MARKS:
            for name, text in seen:
                self.assertNotIn(mark, text, name)
        for mark in (*MARKS, vin()):
            self.assertEqual([line for line in log.splitlines() if mark in line], [])

    def test_nothing_private_is_in_a_log_for_people_or_in_a_reply(self):
        self.check("text")

    def test_nothing_private_is_in_a_log_for_programs_or_in_a_reply(self):
        self.check("json")


if __name__ == "__main__":
    unittest.main()
