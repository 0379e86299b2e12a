# SPDX-License-Identifier: Apache-2.0
"""The audit: a line for every command, no secret in any, and no way to change it unseen."""

import hashlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from harness import BINARY, PATIENCE, Case, Daemon, Simulator, environment, eventually, run, vin

MARK = "zq7xk"  # in everything that must not be seen
TOKEN = {"Authorization": f"Bearer {MARK}.{MARK}.{MARK}"}


class AuditCase(Case):
    def setUp(self):
        work = tempfile.TemporaryDirectory()
        self.addCleanup(work.cleanup)
        self.work = pathlib.Path(work.name)
        self.state = self.work / "state"
        self.file = self.work / "audit.jsonl"
        self.env = {"STATE_DIRECTORY": str(self.state), "FLEETSIGN_AUDIT_FILE": str(self.file)}
        self.simulator = self.start(Simulator(self.folder))

    def start_daemon(self, config="", **more):
        return self.start(Daemon(self.folder, self.simulator.url, config=config, env={**self.env, **more}))

    def command(self, daemon, name="honk_horn", arguments=None, **headers):
        return daemon.command(name, arguments, headers={**TOKEN, "Content-Type": "application/json", **headers})

    def lines(self):
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def await_lines(self, daemon, count):
        eventually(lambda: self.status(daemon)["last_seq"] >= count, f"line {count} is written")

    def status(self, daemon):
        return daemon.get("/fleetsign/v1/status").json["audit"]

    def verify(self, *arguments):
        return run("audit", "verify", *arguments, env=self.env)

    def assert_verified(self, *arguments):
        result = self.verify(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("error", result.stderr)
        return result

    def assert_tampered(self, *arguments):
        result = self.verify(*arguments)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn("fleetsign: error: ", result.stderr)
        return result


class Commands(AuditCase):
    def test_every_kind_of_command_is_a_line_and_no_secret_is_in_any(self):
        managed = self.work / "token"
        managed.write_text(f"{MARK}.managed")
        managed.chmod(0o600)
        daemon = self.start_daemon(f"action_endpoint: true\naccounts: {{home: {{access_token_file: {managed}}}}}\n"
                                   "callers: [{name: wall, account: home}]\nconfirm: [door_unlock]\n")
        pin = {"on": True, "password": MARK}
        self.command(daemon, "set_pin_to_drive", pin)
        self.command(daemon, "set_pin_to_drive", {**pin, MARK: MARK})
        self.command(daemon, "charge_start")
        self.command(daemon, "charge_start")
        self.command(daemon, "share", {"type": MARK, "value": {MARK: MARK}})
        self.command(daemon, "no_such", {"pin": MARK, f"{MARK} {MARK}": 1})
        self.command(daemon, "wake_up")
        self.command(daemon, "set_pin_to_drive", pin, **{"Idempotency-Key": MARK})
        self.command(daemon, "set_pin_to_drive", pin, **{"Idempotency-Key": MARK})
        daemon.command("door_lock", body=f'{{"{MARK}'.encode(), headers=TOKEN)
        action = {"domain": "infotainment", "action": {"drivingSpeedLimitAction": {"activate": True, "pin": MARK}}}
        daemon.request("POST", f"/fleetsign/v1/vehicles/{vin()}/action", json.dumps(action), TOKEN)
        config = {"vins": [vin()], "config": {"hostname": MARK}}
        daemon.request("POST", "/api/1/vehicles/fleet_telemetry_config", json.dumps(config), TOKEN)
        daemon.request("POST", f"/api/1/vehicles/{vin()}/wake_up", "", TOKEN)
        daemon.request("POST", f"/api/1/users/{MARK}1/keys?{MARK}", json.dumps({"public_key": MARK}), TOKEN)
        key = run("client", "add", "wall", env=self.env).stdout.strip()
        self.assertTrue(key.startswith("fsk_"))
        known = {"X-Authorization": f"Bearer {key}"}
        self.assert_accepted(daemon.command("flash_lights", headers={"Authorization": f"Bearer {key}"}))
        self.assert_accepted(self.command(daemon, "flash_lights", **known))
        self.assertEqual(self.command(daemon, "door_unlock", **known, **{"X-Confirm": MARK}).status, 428)
        self.assert_accepted(self.command(daemon, "door_unlock", **known, **{"X-Confirm": "door_unlock"}))
        # none of these is a line
        daemon.get("/api/1/vehicles")
        daemon.command("honk_horn?dry_run=true", headers=TOKEN)
        daemon.command("honk_horn", headers={"Authorization": f"Basic {MARK}"})
        daemon.command("honk_horn", headers={"Authorization": f"Bearer fsk_{MARK}"})
        self.assertEqual(daemon.stop(), 0)

        lines = self.lines()
        self.assertEqual([(line["command"], line["outcome"], line["executed"]) for line in lines[:10]], [
            ("set_pin_to_drive", "ok", "yes"), ("set_pin_to_drive", "ok", "yes"), ("charge_start", "ok", "yes"),
            ("charge_start", "rejected", "no"), ("share", "ok", "yes"),
            ("no_such", lines[5]["outcome"], lines[5]["executed"]), ("wake_up", "ok", "yes"),
            ("set_pin_to_drive", "ok", "yes"), ("set_pin_to_drive", "replayed", "yes"), ("door_lock", "bad_request", "no")])
        self.assertEqual([line["command"] for line in lines[10:14]], [
            "action drivingSpeedLimitAction", "fleet_telemetry_config", "POST vehicles/*/wake_up", "POST users/*/keys"])
        self.assertEqual([(line["command"], line["outcome"], line["caller"]) for line in lines[14:]], [
            ("flash_lights", "ok", "wall"), ("flash_lights", "ok", "wall"),
            ("door_unlock", "confirmation_required", "wall"), ("door_unlock", "ok", "wall")])
        self.assertEqual(lines[0]["parameters"], ["on", "password"])
        self.assertEqual(lines[5]["parameters"], ["pin"])
        name = "token:" + hashlib.sha256(TOKEN["Authorization"].split()[1].encode()).hexdigest()[:8]
        self.assertEqual({line["caller"] for line in lines[:14]}, {name})
        self.assertEqual([line["vehicle"] for line in lines], [vin()[-6:]] * 13 + [""] + [vin()[-6:]] * 4)
        for secret in (MARK, key[4:16], key[16:-1]):
            self.assertNotIn(secret, self.file.read_text())
        self.assertNotIn(vin(), self.file.read_text())
        self.assert_verified(self.file)

    def test_standard_error_may_be_the_place(self):
        daemon = self.start_daemon("log: {level: error}\n", FLEETSIGN_AUDIT_FILE="stderr")
        self.command(daemon)
        eventually(lambda: daemon.log().count("\n") == 1, "the line is written")
        line = json.loads(daemon.log())
        self.assertEqual((line["seq"], line["command"]), (1, "honk_horn"))


class Verify(AuditCase):
    def write(self, count=4):
        daemon = self.start_daemon()
        for _ in range(count):
            self.command(daemon, "flash_lights")
        self.await_lines(daemon, count)
        return daemon

    def check_tampering(self):
        whole = self.file.read_bytes()
        lines = whole.splitlines(keepends=True)
        self.assert_verified()
        tampered = {
            "a changed line": whole.replace(b"flash_lights", b"flush_lights", 1),
            "a changed last line": b"".join(lines[:-1]) + lines[-1].replace(b"flash", b"flush"),
            "a removed line": b"".join(lines[:1] + lines[2:]),
            "a repeated line": b"".join(lines[:2] + lines[1:]),
            "two lines that changed places": b"".join([lines[0], lines[2], lines[1], *lines[3:]]),
            "a cut tail": b"".join(lines[:-1]),
            "a cut line": whole[:-5],
            "a missing line feed": whole[:-1],
            "an empty line": b"".join([*lines[:2], b"\n", *lines[2:]]),
            "nothing left": b"",
        }
        for what, content in tampered.items():
            with self.subTest(what):
                other = self.work / "tampered.jsonl"
                other.write_bytes(content)
                self.assert_tampered(other)
        for place in range(0, len(whole), 97):
            other.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
            self.assert_tampered(other)

    def test_tampering_is_found_while_the_daemon_runs(self):
        self.write()
        self.check_tampering()

    def test_tampering_is_found_when_no_daemon_runs(self):
        self.assertEqual(self.write().stop(), 0)
        self.check_tampering()

    def test_after_a_kill_the_next_daemon_goes_on_and_all_is_verified(self):
        for number in range(1, 4):
            daemon = self.start_daemon()
            for _ in range(3):
                self.command(daemon)
            daemon.stop(signal.SIGKILL)
            self.assert_verified()
        daemon = self.start_daemon()
        self.command(daemon)
        self.await_lines(daemon, 1)
        self.assert_verified()
        self.assertEqual(daemon.stop(), 0)
        self.assert_verified()
        self.assertFalse([line for line in self.lines() if "broken" in line])

    def test_what_was_cut_while_nobody_ran_is_never_forgotten(self):
        self.assertEqual(self.write().stop(), 0)
        lines = self.file.read_text().splitlines(keepends=True)
        self.file.write_text("".join(lines[:-1]))
        daemon = self.start_daemon()
        self.command(daemon)
        self.await_lines(daemon, 6)
        self.assertIn("is not what was written there", daemon.log())
        self.assertIn("line 4 is missing", self.assert_tampered().stderr)

    def test_files_that_were_rotated_are_verified_with_the_present_one_in_any_order(self):
        daemon = self.write(2)
        old = self.work / "audit.jsonl.1"
        self.file.rename(old)
        self.command(daemon)
        self.await_lines(daemon, 3)
        self.assert_verified(self.file, old)
        self.assert_verified("--whole", self.file, old)
        self.assertIn("lines 1 to 2 are not in what was given", self.assert_verified().stderr)
        self.assertEqual(self.verify("--whole").returncode, 1)
        self.assert_tampered(old)  # later lines are missing
        self.assert_verified("--no-state", old)

    def test_pipes_and_standard_input_are_read_once_in_the_given_order(self):
        daemon = self.write(2)
        old = self.work / "audit.jsonl.1"
        self.file.rename(old)
        for _ in range(300):  # more than is read of a pipe at once
            self.command(daemon, "flash_lights")
        self.await_lines(daemon, 302)
        self.assertEqual(daemon.stop(), 0)
        (self.work / "-").write_text("no audit")  # in the way of a program that takes the name for a file's
        command = [BINARY, "audit", "verify", old, "-"]
        with self.file.open() as stdin:
            ended = subprocess.run(command, stdin=stdin, cwd=self.work, env=environment(self.env), text=True,
                                   capture_output=True, timeout=PATIENCE)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertIn("from 1 to 302 ", ended.stdout)
        pipe = self.work / "pipe"
        os.mkfifo(pipe)
        writer = subprocess.Popen(["dd", f"if={self.file}", f"of={pipe}", "status=none"])
        self.addCleanup(writer.kill)
        ended = self.assert_verified(old, pipe)
        self.assertIn("from 1 to 302 ", ended.stdout)
        self.assertEqual(writer.wait(PATIENCE), 0)

    def test_without_a_state_it_says_what_was_not_checked(self):
        self.assertEqual(self.write().stop(), 0)
        lines = self.file.read_text().splitlines(keepends=True)
        self.file.write_text("".join(lines[:-1]))
        self.assertIn("cut off at the end was not checked", self.assert_verified("--no-state").stderr)
        self.assertEqual(self.verify(self.work / "none").returncode, 66)
        self.assertEqual(self.verify(self.work).returncode, 66)


class Trouble(AuditCase):
    def start_in_vain(self, audit_file):
        config = self.work / "fleetsign.yaml"
        config.write_text(f"listen: http://127.0.0.1:0\nkey_file: {self.folder / 'private.pem'}\n")
        return run("serve", "--config", config, env={"FLEETSIGN_AUDIT_FILE": str(audit_file)})

    def test_a_file_that_cannot_be_written_stops_the_start(self):
        ended = self.start_in_vain(self.work / "none" / "audit.jsonl")
        self.assertEqual(ended.returncode, 74, ended.stderr)
        self.assertIn("the audit cannot be written to", ended.stderr)

    def test_two_daemons_do_not_share_a_file(self):
        self.start_daemon()
        ended = self.start_in_vain(self.file)  # with another state, else that would stop it
        self.assertEqual(ended.returncode, 69, ended.stderr)

    def test_a_full_disk_fails_no_command_and_is_told(self):
        daemon = self.start_daemon(FLEETSIGN_AUDIT_FILE="/dev/full")
        for _ in range(3):
            self.assert_accepted(self.command(daemon, "flash_lights"))
        eventually(lambda: daemon.get("/fleetsign/v1/status").json["warnings"], "a warning")
        self.assertEqual(daemon.get("/fleetsign/v1/status").json["warnings"],
                         ["the audit cannot be written to /dev/full: No space left on device"])
        self.assertEqual(daemon.get("/ready").body, b"OK\nwarning: the audit is not written")
        self.assertIn("\nfleetsign_audit_lines_total 0\n", daemon.get("/metrics").body.decode())
        self.assertIn("\nfleetsign_audit_lost_total 0\n", daemon.get("/metrics").body.decode())
        daemon.process.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.process.wait(PATIENCE), 0)
        ends = [line for line in daemon.log().splitlines() if "lines of the audit are lost" in line or "stopped" in line]
        self.assertEqual(len(ends), 2)
        self.assertIn("3 lines of the audit are lost", ends[0])  # and only then it is at its end
        daemon.wait()


if __name__ == "__main__":
    unittest.main()
