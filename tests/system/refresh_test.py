# SPDX-License-Identifier: Apache-2.0
"""Accounts whose tokens the daemon keeps: refreshed in time, once, whoever asks, and told of to nobody."""

import json
import pathlib
import tempfile
import unittest

from callers import Caller
from harness import eventually, run, vin
from refreshing import SECRET, Refresh, make_state_key


class Once(Refresh):
    vehicles = 100

    def assert_one_refresh_serves_a_thousand(self, daemon):
        self.simulator.disturb("late_reply", ms=3000)
        callers = [Caller(daemon.url) for _ in range(1000)]
        for number, caller in enumerate(callers):
            self.addCleanup(caller.close)
            caller.send_command("honk_horn", car=vin(number % self.vehicles + 1),
                                headers={**self.headers, "Prefer": "wait=60"})
        for caller in callers:
            self.assert_accepted(caller.receive())
        self.assertEqual(self.simulator.refreshes(), 1)

    def test_a_thousand_commands_after_the_end_of_a_token_wait_for_one_refresh(self):
        self.simulator.set(access_seconds=1)
        grant = self.simulator.log_in()
        self.simulator.set(access_seconds=28_800)
        daemon = self.serve()
        self.simulator.disturb("http_429", ms=5000)  # there is no other ahead of its end, so that it does end
        self.store(grant)
        eventually(lambda: self.account()["state"] == "expired", "it ends")
        self.assertEqual(self.simulator.refreshes(), 1)
        self.simulator.forget_requests()
        self.assert_one_refresh_serves_a_thousand(daemon)

    def test_a_thousand_commands_with_a_token_that_is_refused_wait_for_one_refresh(self):
        daemon = self.serve()
        self.store(self.simulator.log_in())
        self.assert_accepted(self.honk(daemon))
        self.simulator.end_access_tokens()
        self.assert_one_refresh_serves_a_thousand(daemon)

    def test_a_token_that_is_refused_is_refreshed_and_the_command_carried_out_once(self):
        daemon = self.serve()
        self.store(self.simulator.log_in())
        self.assert_accepted(self.honk(daemon))
        self.simulator.forget_requests()
        self.simulator.end_access_tokens()
        executed = self.simulator.executed(vin())
        reply = self.honk(daemon)
        self.assert_accepted(reply)
        self.assertEqual(reply.json["upstream_requests"], 2)
        self.assertEqual(self.simulator.executed(vin()), executed + 1)
        self.assertEqual(self.simulator.refreshes(), 1)

    def test_a_token_is_refreshed_before_it_ends(self):
        daemon = self.serve()
        self.simulator.set(access_seconds=2)
        self.store(self.simulator.log_in())
        eventually(lambda: self.simulator.refreshes() >= 2, "it is refreshed, and again")
        self.assert_accepted(self.honk(daemon))

    def test_a_lost_reply_costs_another_request_and_nothing_else(self):
        for fault in ("drop_reply", "truncate_reply", "garbage_reply"):
            with self.subTest(fault):
                daemon = self.serve()
                self.store({"refresh_token": self.simulator.log_in()["refresh_token"]})
                self.assert_accepted(self.honk(daemon))
                daemon.stop()
                self.simulator.forget_requests()
                self.simulator.end_access_tokens()
                self.simulator.disturb(fault)
                daemon = self.serve()
                self.assert_accepted(self.honk(daemon))
                self.assertEqual(self.simulator.refreshes(), 2)
                daemon.stop()

    def test_a_body_that_was_streamed_is_not_sent_again_but_the_next_request_succeeds(self):
        daemon = self.serve()
        self.store(self.simulator.log_in())
        self.simulator.end_access_tokens()

        def ask():
            body = iter([json.dumps({"vins": [vin()]}).encode()])  # of a size that is not told: it is streamed
            return daemon.request("POST", "/api/1/vehicles/fleet_status", body,
                                  {**self.headers, "Content-Type": "application/json"}).status

        self.assertEqual(ask(), 401)
        eventually(lambda: ask() == 200, "there is another token")
        self.assertEqual(self.simulator.refreshes(), 1)


class LoginRequired(Refresh):
    def test_nothing_is_asked_any_more_until_somebody_logs_in_and_it_is_said_everywhere(self):
        daemon = self.serve()
        self.store(self.simulator.log_in())
        self.simulator.end_access_tokens()
        self.simulator.disturb("login_required")
        self.assertEqual(self.honk(daemon).status, 401)  # Fleet API's own word
        for _ in range(2):
            for _ in range(20):
                reply = self.honk(daemon)
                self.assert_failure(reply, 503, "login_required")
                self.assertIn("fleetsign login home", reply.json["hint"])
            self.assertEqual(self.simulator.refreshes(), 1)
            status = daemon.request("GET", "/fleetsign/v1/status", headers=self.headers).json
            self.assertEqual(status["accounts"][0]["state"], "login_required")
            self.assertIn("fleetsign login home", status["warnings"][0])
            self.assertIn(b"warning: an account", daemon.request("GET", "/ready").body)
            metrics = daemon.request("GET", "/metrics", headers=self.headers).body.decode()
            self.assertIn('fleetsign_account_login_required{account="home"} 1', metrics)
            self.assertEqual(daemon.log().count(" login_required "), 1, daemon.log())
            daemon.stop()
            daemon = self.serve()
        self.store(self.simulator.log_in())
        self.assert_accepted(self.honk(daemon))

    def test_it_is_said_once_in_the_log(self):
        daemon = self.serve()
        self.simulator.disturb("invalid_grant")
        self.store({"refresh_token": "unknown"})
        eventually(lambda: self.account()["state"] == "login_required", "the server is asked")
        for _ in range(5):
            self.honk(daemon)
        self.assertEqual(daemon.log().count(" login_required "), 1, daemon.log())

    def test_forgotten_tokens_are_gone(self):
        daemon = self.serve()
        grant = self.simulator.log_in()
        self.store(grant)
        forgotten = self.admin("DELETE", "/home").json
        self.assertEqual(forgotten, {"name": "home", "refresh_token": grant["refresh_token"]})
        self.assert_failure(self.honk(daemon), 503, "login_required")
        self.assertEqual(self.admin("DELETE", "/home").status, 404)


class Secrets(Refresh):
    def setUp(self):
        super().setUp()
        self.key_file = make_state_key(self.folder)
        self.config = f"state_key_file: {self.key_file}\n"
        self.secret_file = self.folder / "client-secret"
        self.secret_file.write_text(SECRET + "\n")
        self.secret_file.chmod(0o600)

    def test_what_is_kept_is_its_owners_alone_and_no_core_is_dumped(self):
        for number, config in enumerate((self.config, "")):
            with self.subTest(config):
                runtime = self.folder / f"run-{number}"
                runtime.mkdir(mode=0o700)
                self.state = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
                daemon = self.serve(config, env={"RUNTIME_DIRECTORY": str(runtime)})
                self.store(self.simulator.log_in(), socket=runtime / "admin.sock")
                kept = [*self.state.rglob("*"), *runtime.rglob("*")]
                self.assertLessEqual({"state.db", "state.db-wal", "admin.sock"}, {path.name for path in kept})
                for path in kept:
                    self.assertEqual(path.lstat().st_mode & 0o077, 0, path)
                limits = pathlib.Path("/proc", str(daemon.process.pid), "limits").read_text()
                self.assertRegex(limits, r"Max core file size +0 +0 ")
                daemon.stop()

    def test_no_token_is_to_be_found_anywhere(self):
        daemon = self.serve(self.config, oauth=f", client_secret_file: '{self.secret_file}'")
        grant = self.simulator.log_in()
        self.assertTrue(self.store(grant)["encrypted"])
        self.assert_accepted(self.honk(daemon))
        self.simulator.end_access_tokens()
        self.assert_accepted(self.honk(daemon))
        process = pathlib.Path("/proc", str(daemon.process.pid))
        seen = {"admin": self.admin("GET").body,
                "status": daemon.request("GET", "/fleetsign/v1/status", headers=self.headers).body,
                "metrics": daemon.request("GET", "/metrics", headers=self.headers).body,
                "cmdline": (process / "cmdline").read_bytes(),
                "environ": (process / "environ").read_bytes(),
                **{file.name: file.read_bytes() for file in self.state.rglob("*") if file.is_file()}}
        seen["refused"] = self.admin("PUT", "/home", {"refresh_token": f"{grant['refresh_token']} {SECRET}"}).body
        newest = self.admin("DELETE", "/home").json["refresh_token"]
        self.assertNotEqual(newest, grant["refresh_token"])
        seen["log"] = daemon.log().encode()
        for name, text in seen.items():
            for secret in (grant["refresh_token"], grant["access_token"], newest, SECRET, "5a" * 32, self.key):
                self.assertNotIn(secret.encode(), text, name)
        self.assertIn("state.db", seen)

    def test_without_its_key_the_account_says_so_and_nothing_is_lost(self):
        daemon = self.serve(self.config)
        self.store(self.simulator.log_in())
        daemon.stop()
        other = self.folder / "other.key"
        other.write_bytes(b"\x17" * 32)
        other.chmod(0o600)
        for config in ("", f"state_key_file: {other}\n"):
            daemon = self.serve(config)
            reply = self.honk(daemon)
            self.assert_failure(reply, 503, "state_unavailable")
            self.assertIn("cannot be read", reply.json["error"])
            self.assertEqual(self.account()["state"], "trouble")
            daemon.stop()
        self.assert_accepted(self.honk(self.serve(self.config)))

    def refuse(self, status, message):
        config = self.folder / "bad.yaml"
        config.write_text(f"key_file: {self.folder / 'private.pem'}\n{self.config}")
        for flags in ((), ("--check",)):
            refused = run("serve", "--config", config, *flags)
            self.assertEqual(refused.returncode, status, refused)
            self.assertIn(message, refused.stderr)
            self.assertNotIn("5a5a", refused.stderr)

    def test_a_file_that_holds_no_key_is_refused(self):
        self.key_file.write_text("5a" * 31 + "\n")
        self.refuse(78, "holds no key for the state")

    def test_a_key_that_others_can_read_is_refused(self):
        self.key_file.chmod(0o644)
        self.refuse(77, f"{self.key_file}: others than its owner may read or write it")


if __name__ == "__main__":
    unittest.main()
