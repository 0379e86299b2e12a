# SPDX-License-Identifier: Apache-2.0
"""Accounts whose tokens the daemon keeps: refreshed in time, once, whoever asks, and never lost, whatever ends it when."""

import contextlib
import http.client
import json
import pathlib
import re
import signal
import socket
import tempfile
import unittest
import urllib.parse

from callers import Caller
from harness import PATIENCE, Case, Daemon, Reply, Server, Simulator, eventually, run, vin

FAULT_POINTS = re.findall(r'string_view k\w+ = "(\w+)"',
                          (pathlib.Path(__file__).parents[2] / "daemon/state/fault_point.h").read_text())
SECRET = "planted-app-secret"


class OAuthSimulator(Simulator):
    """Takes none but tokens that it has issued."""

    def __init__(self, folder, vehicles):
        Server.__init__(self, "simulate", "--listen", "127.0.0.1:0", "--vehicles", vehicles, "--key",
                        folder / "public.pem", "--require-tokens", "--client", f"app:{SECRET}")

    def post(self, path, form):
        return self.request("POST", path, urllib.parse.urlencode(form),
                            {"Content-Type": "application/x-www-form-urlencoded"}).json

    def log_in(self):
        """What the OAuth server answers to a new login."""
        asked = {"response_type": "code", "client_id": "app", "redirect_uri": "http://127.0.0.1/back", "state": "s",
                 "scope": "openid offline_access vehicle_device_data vehicle_cmds"}
        sent_back = self.request("GET", "/oauth2/v3/authorize?" + urllib.parse.urlencode(asked)).headers["Location"]
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(sent_back).query)["code"][0]
        grant = self.post("/oauth2/v3/token", {
            "grant_type": "authorization_code", "client_id": "app", "client_secret": SECRET, "code": code,
            "redirect_uri": asked["redirect_uri"], "audience": "https://fleet-api.prd.eu.vn.cloud.tesla.com"})
        self.forget_requests()
        return grant

    def end_access_tokens(self):
        self.request("DELETE", "/sim/v1/oauth/access_tokens")

    def set(self, **settings):
        reply = self.request("POST", "/sim/v1/oauth", json.dumps(settings))
        assert reply.status == 200, reply

    def disturb(self, fault, **more):
        reply = self.request("POST", "/sim/v1/oauth/faults", json.dumps({"fault": fault, **more}))
        assert reply.status == 200, reply

    def refreshes(self):
        """How many requests for tokens came in since the login."""
        return self.requests()["endpoints"].get("token", {"total": 0})["total"]


class AdminConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


class Refresh(Case):
    vehicles = 1

    def setUp(self):
        self.state = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        self.simulator = self.start(OAuthSimulator(self.folder, self.vehicles))
        added = run("client", "add", "wall", env={"STATE_DIRECTORY": str(self.state)})
        self.assertEqual(added.returncode, 0, added.stderr)
        self.key = added.stdout.strip()

    def serve(self, config="", env=None, oauth=""):
        daemon = Daemon(self.folder, self.simulator.url, env={"STATE_DIRECTORY": str(self.state), **(env or {})},
                        config=f"oauth: {{client_id: app, token_url: '{self.simulator.url}/oauth2/v3/token'{oauth}}}\n"
                               "accounts: {home: managed}\ncallers: [{name: wall, account: home}]\n"
                               "log: {level: debug}\n" + config)
        return self.start(daemon)

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.key}"}

    def admin(self, method, name="", body=None, socket=None):
        connection = AdminConnection(socket or self.state / "admin.sock")
        with contextlib.closing(connection):
            connection.request(method, f"/admin/v1/accounts{name}", body=body and json.dumps(body))
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())

    def store(self, grant, **more):
        reply = self.admin("PUT", "/home", grant, **more)
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json

    def account(self):
        return self.admin("GET").json["accounts"][0]

    def honk(self, daemon, car=vin()):
        return daemon.command("honk_horn", car=car, headers=self.headers)


class Ends(Refresh):
    def test_whenever_it_is_killed_the_account_works_afterwards_and_goes_on_to_work(self):
        self.assertEqual(len(FAULT_POINTS), 6)
        for point in FAULT_POINTS:
            with self.subTest(point):
                daemon = self.serve()
                self.store(self.simulator.log_in())
                self.assertEqual(daemon.stop(), 0)

                self.simulator.end_access_tokens()
                daemon = self.serve(env={"FLEETSIGN_FAULT_POINT": point})
                with self.assertRaises((http.client.HTTPException, ConnectionError)):
                    self.honk(daemon)
                self.assertEqual(daemon.wait(), -signal.SIGKILL)

                # What was asked for and not committed is asked for once more; what was committed is used.
                is_lost = point in ("after_refresh", "before_token_write", "after_token_write")
                for refreshes in (2 if is_lost else 1, 1):
                    daemon = self.serve()
                    self.assert_accepted(self.honk(daemon))
                    self.assertEqual(self.account()["state"], "ok")
                    self.assertEqual(self.simulator.refreshes(), refreshes)
                    daemon.stop()
                    self.simulator.end_access_tokens()
                    self.simulator.forget_requests()

    def test_a_kill_while_tokens_are_stored_leaves_those_of_before_or_the_new_ones(self):
        for point in [point for point in FAULT_POINTS if "token" in point and "use" not in point]:
            with self.subTest(point):
                daemon = self.serve()
                self.store(self.simulator.log_in())
                daemon.stop()
                daemon = self.serve(env={"FLEETSIGN_FAULT_POINT": point})
                with self.assertRaises((http.client.HTTPException, ConnectionError)):
                    self.admin("PUT", "/home", self.simulator.log_in())
                self.assertEqual(daemon.wait(), -signal.SIGKILL)
                daemon = self.serve()
                self.simulator.end_access_tokens()
                self.assert_accepted(self.honk(daemon))
                daemon.stop()


    def test_a_refresh_under_way_is_waited_for_at_the_end_and_its_tokens_are_kept(self):
        daemon = self.serve()
        refresh_token = self.simulator.log_in()["refresh_token"]
        self.simulator.disturb("late_reply", ms=3000)
        self.store({"refresh_token": refresh_token})
        eventually(lambda: self.simulator.refreshes() == 1, "the server is asked")
        self.assertEqual(daemon.stop(), 0)
        daemon = self.serve()
        self.assertEqual(self.account()["state"], "ok")
        self.assert_accepted(self.honk(daemon))
        self.assertEqual(self.simulator.refreshes(), 1)
        self.assertNotEqual(self.admin("DELETE", "/home").json["refresh_token"], refresh_token)


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
        self.key_file = self.folder / "state.key"
        self.key_file.write_text("5a" * 32 + "\n")
        self.key_file.chmod(0o600)
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
