# SPDX-License-Identifier: Apache-2.0
"""Private values appear nowhere: not in the log at its most talkative, nor in the audit, nor in any reply or message that
we make."""

import json
import pathlib
import tempfile
import unittest

from harness import Case, Daemon, Simulator, run, vin

MARK = "zq7xk"  # in everything that must not be seen again
NUMBER = 81.274653819  # the same, as a place
TOO_LARGE = 98127465.25  # and as one that is refused
MARKS = (MARK, "274653", "127465")
OTHER_VIN = "LRWYGCEK000123456"  # could be a name
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


def private_words():
    """(command, words of a command line) with a private parameter planted, with its name or without."""
    for row in ROWS:
        example = [f"{name}:={json.dumps(value)}" for name, value in row.get("example", {}).items()]
        for parameter in row.get("parameters", []):
            if not parameter["private"]:
                continue
            name = parameter["name"]
            rest = [word for word in example if not word.startswith(f"{name}:=")]
            for word in (f"{name}={MARK}", f"{name}={NUMBER}", f"{name}={TOO_LARGE}", f'{name}:=["{MARK}"]',
                         f"--{name}={MARK}", MARK):
                yield row["name"], [*rest, word]


def action_bodies():
    """Bodies of the action endpoint: as it takes them, and wrong in one way each."""
    limit = {"activate": True, "pin": MARK}
    place = {"location": {"latitude": NUMBER, "longitude": NUMBER}, "token": MARK}
    for action in ({"drivingSpeedLimitAction": limit}, {"vehicleControlTriggerHomelinkAction": place},
                   {"setVehicleNameAction": {"vehicleName": MARK}}, {"drivingSpeedLimitAction": {**limit, "activate": MARK}},
                   {"drivingSpeedLimitAction": {"pin": [MARK]}}, {"drivingSpeedLimitAction": {"pin": {"a": MARK}}},
                   {"drivingSpeedLimitAction": {"pni": MARK}}, {"drivingSpeedLimitAction": MARK},
                   {"vehicleControlTriggerHomelinkAction": {"location": {"latitude": f"{NUMBER}{MARK}"}}},
                   {"drivingSpeedLimitAction": limit, "setVehicleNameAction": {"vehicleName": MARK}}, MARK):
        yield json.dumps({"domain": "infotainment", "action": action})
    yield json.dumps({"domain": MARK, "action": {"drivingSpeedLimitAction": limit}})
    yield json.dumps({"domain": "vehicle_security", "message": {"RKEAction": MARK}})
    for _, body in malformed_bodies(""):
        yield body


def malformed_bodies(name):
    yield name, f"pin={MARK}"
    yield name, f'{{"pin": "{MARK}"'
    yield name, f'["{MARK}"]'
    yield name, f'"{MARK}"'
    yield name, f'{{"pin": "{MARK}", "pin": "{MARK}"}}'
    yield name, f'{{"pin": "{MARK}{"x" * 20_000}"}}'


class PrivateValues(Case):
    def collect(self, log_format):
        """Everything that can be read of a daemon that got all of it: replies, then the log, then the audit."""
        simulator = self.start(Simulator(self.folder))
        token = self.folder / "managed-token"
        token.write_text(TOKEN)
        token.chmod(0o600)
        config = (f"action_endpoint: true\nexperimental_commands: [{', '.join(EXPERIMENTAL)}]\n"
                  f"accounts: {{home: {{access_token_file: {token}}}}}\ncallers: [{{name: planted, account: home}}]\n")
        state = tempfile.mkdtemp(dir=self.folder)
        audit = pathlib.Path(state) / "audit.jsonl"
        env = {"STATE_DIRECTORY": state, "FLEETSIGN_AUDIT_FILE": str(audit)}
        daemon = self.start(Daemon(self.folder, simulator.url, "--log.level", "debug", "--log.format", log_format,
                                   config=config, env=env))
        self.key = run("client", "add", "planted", env=env).stdout.strip()
        self.assertTrue(self.key.startswith("fsk_"))
        seen = []

        def send(name, body, authorization=f"Bearer {TOKEN}", **headers):
            reply = daemon.command(name, body=body.encode(), headers={"Authorization": authorization, **headers})
            seen.append((name, f"{reply.status} {reply.headers} {reply.body}"))

        for name, body in private_bodies():
            send(name, body)
            send(f"{name}?dry_run=true", body)
        for body in action_bodies():
            for query in ("", "?dry_run=true"):
                target = f"/fleetsign/v1/vehicles/{vin()}/action{query}"
                reply = daemon.request("POST", target, body.encode(), {"Authorization": f"Bearer {TOKEN}"})
                self.assertNotIn(reply.status, (401, 404))
                seen.append((target + body, f"{reply.status} {reply.headers} {reply.body}"))
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
        send("door_lock", "", Cookie=MARK)
        send("door_lock", "", **{"X-Confirm": MARK})
        send("door_lock", "", **{"Idempotency-Key": MARK})
        for name in ("door_lock", "no_such", OTHER_VIN):
            send(name, json.dumps({OTHER_VIN: 1}), **{"X-Request-Id": OTHER_VIN})
        for key in (self.key, self.key[:-1], self.key + "x", self.key[:-1] + "!"):
            send("door_lock", "", f"Bearer {key}")
            for own in (MARK, f"Bearer {MARK}", f"Bearer {key}", key):
                send("door_lock", "", **{"X-Authorization": own})
        for target in ("/metrics", "/fleetsign/v1/status", "/fleetsign/v1/sessions"):
            seen.append((target, str(daemon.get(target).body)))
        for arguments in (("list",), ("list", "--json"), ("add", "planted"), ("revoke", "planted")):
            ended = run("client", *arguments, env=env)
            seen.append((f"client {arguments}", ended.stdout + ended.stderr))
        send("door_lock", "", f"Bearer {self.key}")
        reply = daemon.get(f"/api/1/vehicles/{vin()}/vehicle_data?token={MARK}", {"Authorization": f"Bearer {TOKEN}"})
        self.assertEqual(reply.status, 200)
        log = daemon.log()
        self.assertEqual(daemon.stop(), 0)
        return seen, log, audit.read_text()

    def check(self, log_format):
        seen, log, audit = self.collect(log_format)
        self.assertGreater(len(seen), 150)
        self.assertGreater(log.count("set_pin_to_drive"), len(FAULTS))
        self.assertGreater(audit.count("set_pin_to_drive"), len(FAULTS))
        marks = (*MARKS, self.key[4:16], self.key[16:-1])
        for mark in marks:
            for name, text in seen:
                self.assertNotIn(mark, text, name)
        for mark in (*marks, vin(), OTHER_VIN):
            self.assertEqual([line for line in (log + audit).splitlines() if mark in line], [])

    def test_nothing_private_is_said_at_the_command_line(self):
        simulator, daemon = self.start_both()
        env = {"FLEETSIGN_URL": daemon.url, "FLEETSIGN_TOKEN": TOKEN}
        for name, words in private_words():
            with self.subTest((name, words)):
                ended = [run("send", vin(), name, *words, env=env), run("explain", name, *words),
                         run("explain", "--experimental", "--json", name, *words)]
                for mark in MARKS:
                    self.assertEqual([one for one in ended if mark in one.stdout + one.stderr], [])
        self.assertGreater(simulator.executed(vin()), 0)

    def test_nothing_private_is_in_a_log_for_people_or_in_a_reply(self):
        self.check("text")

    def test_nothing_private_is_in_a_log_for_programs_or_in_a_reply(self):
        self.check("json")


if __name__ == "__main__":
    unittest.main()
