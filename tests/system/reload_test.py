# SPDX-License-Identifier: Apache-2.0
"""The configuration changes under a running daemon: what can be applied is, and nobody notices but by that."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import unittest

from callers import Caller
from harness import BINARY, PATIENCE, TOKEN, Case, Daemon, ScriptedUpstream, Server, Simulator, eventually, run, vin

AUTHORIZATION = {"Authorization": f"Bearer {TOKEN}"}


class Changing:
    """A daemon whose file can be written anew. What the harness writes into it stays."""

    def __init__(self, case, base_url, config="", flags=(), env=None):
        self.env = {"STATE_DIRECTORY": tempfile.mkdtemp(dir=case.folder), **(env or {})}
        self.daemon = case.start(Daemon(case.folder, base_url, *flags, config=config, env=self.env))
        self.file = pathlib.Path(self.daemon.process.args[3])
        self._begin = self.file.read_text()[:len(self.file.read_text()) - len(config)]

    def write(self, config):
        self.file.write_text(self._begin + config)

    def reload(self, *arguments):
        return run("reload", "--config", self.file, *arguments, env=self.env)

    def change(self, config):
        """What is said of it."""
        self.write(config)
        ended = self.reload()
        assert (ended.returncode, ended.stderr) == (0, ""), ended
        return ended.stdout

    def hang_up(self):
        self.daemon.process.send_signal(signal.SIGHUP)


class Load(threading.Thread):
    """Sends one request after the other over one connection, until it is told to end."""

    def __init__(self, daemon, send):
        super().__init__(daemon=True)
        self._caller = Caller(daemon.url)
        self._send = send
        self._ended = threading.Event()
        self.answers = 0
        self.wrong = []

    def run(self):
        while not self._ended.is_set():
            self._send(self._caller)
            reply = self._caller.receive()
            if reply is None or reply.status != 200 or reply.headers["Connection"] == "close":
                self.wrong.append(reply)
                return
            self.answers += 1

    def end(self):
        self._ended.set()
        self.join(PATIENCE)
        self._caller.close()


class Reload(Case):
    def start_changing(self, config="", **more):
        self.simulator = self.start(Simulator(self.folder))
        return Changing(self, self.simulator.url, config, **more)

    def test_no_request_fails_and_no_connection_ends_while_it_reloads(self):
        changing = self.start_changing()
        commands = [Load(changing.daemon, lambda caller: caller.send_command("honk_horn")) for _ in range(3)]
        reads = Load(changing.daemon, lambda caller: caller.send("GET", f"/api/1/vehicles/{vin()}/vehicle_data", "", AUTHORIZATION))
        for load in (*commands, reads):
            load.start()
        for number in range(20):
            rate = 1_000_000 - number
            said = changing.change(f'timeout: {20 + number}s\ncallers: [{{name: "*", rate: {rate}}}]\n'
                                   f"prices: {{data: {number}}}\nvehicle_data_cache: {1 + number}s\n")
            self.assertEqual(said, "applied: timeout, vehicle_data_cache, prices.data, callers\n")
        for load in (*commands, reads):
            load.end()
            self.assertEqual(load.wrong, [])
            self.assertGreater(load.answers, 0)
        self.assertEqual(self.simulator.executed(vin()), sum(load.answers for load in commands))
        self.assertEqual(changing.daemon.log().count(" info reloaded applied="), 20)
        status = changing.daemon.get("/fleetsign/v1/status").json
        self.assertEqual(status["requests_in_flight"], 0)
        self.assertEqual(status["commands"]["ok"], self.simulator.executed(vin()))

    def test_a_bad_file_is_told_as_config_check_tells_it_and_changes_nothing(self):
        changing = self.start_changing("timeout: 9s\nauto_wake: true\n")
        changing.write("timeout: 99\nunkown_commands: reject\nauto_wake: false\n")
        checked = run("config", "check", "--config", changing.file, env=changing.env)
        ended = changing.reload()
        self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (78, "", checked.stderr))
        self.assertEqual(ended.stderr.count("fleetsign: error: "), 2)
        self.assertIn("reload_refused problems=2", changing.daemon.log())
        self.assertIn("did you mean unknown_commands?", changing.daemon.log())
        self.assert_accepted(changing.daemon.command("honk_horn"))
        self.assertEqual(changing.change("timeout: 9s\nauto_wake: true\n"), "nothing has changed\n")
        changing.file.rename(changing.file.with_suffix(".away"))
        self.assertEqual(changing.reload().returncode, 66)
        self.assert_accepted(changing.daemon.command("honk_horn"))

    def test_a_file_that_somebody_is_still_writing_drops_no_rules(self):
        changing = self.start_changing('callers: [{name: "*", allow: []}]\n')
        for text in ("", "# nothing yet\n", "listen: http://127.0.0.1:0\n"):
            changing.file.write_text(text)
            ended = changing.reload()
            self.assertEqual((ended.returncode, ended.stdout), (78, ""), text)
            self.assertIn("any more", ended.stderr)
            self.assert_failure(changing.daemon.command("honk_horn"), 403, "not_allowed")

    def test_where_the_service_has_the_key_a_file_that_ends_before_its_rules_drops_none(self):
        changing = self.start_changing('callers: [{name: "*", allow: []}]\n',
                                       env={"FLEETSIGN_KEY_FILE": str(self.folder / "private.pem")})
        changing.write("timeout: 20s\n")
        ended = changing.reload()
        self.assertEqual((ended.returncode, ended.stdout), (78, ""))
        self.assertIn("no callers any more", ended.stderr)
        self.assertIn("`callers: []`", ended.stderr)
        self.assert_failure(changing.daemon.command("honk_horn"), 403, "not_allowed")
        self.assertEqual(changing.change("callers: []\n"), "applied: callers\n")
        self.assert_accepted(changing.daemon.command("honk_horn"))

    def test_a_pipe_in_the_place_of_the_file_holds_nobody_up(self):
        changing = self.start_changing()
        changing.file.unlink()
        os.mkfifo(changing.file)
        changing.hang_up()
        eventually(lambda: "no regular file" in changing.daemon.log(), "the reload")
        self.assertEqual(changing.daemon.stop(), 0)

    def test_a_signal_when_the_folder_of_the_start_is_gone_ends_nothing(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        file = folder / "fleetsign.yaml"
        file.write_text(f"listen: http://127.0.0.1:0\nkey_file: {self.folder / 'private.pem'}\n")
        env = {"STATE_DIRECTORY": tempfile.mkdtemp(dir=self.folder)}
        server = self.start(Server("serve", "--config", file.name, env=env, cwd=folder))
        file.unlink()
        folder.rmdir()
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: "reload_refused" in server.log(), "the reload")
        self.assertEqual(server.request("GET", "/ready").status, 200)

    def test_the_usual_file_that_was_there_at_the_start_is_missed_when_it_has_gone(self):
        if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
            self.skipTest("only who may mount can have an /etc of its own")
        etc = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        (etc / "fleetsign").mkdir()
        file = etc / "fleetsign" / "fleetsign.yaml"
        file.write_text(f"listen: http://127.0.0.1:0\nkey_file: {self.folder / 'private.pem'}\n"
                        'callers: [{name: "*", allow: []}]\n')
        env = {"STATE_DIRECTORY": tempfile.mkdtemp(dir=self.folder)}
        server = self.start(Server("--mount", "sh", "-c", f"mount --bind {etc} /etc && exec {BINARY} serve", env=env,
                                   binary="unshare"))
        asked = ("POST", f"/api/1/vehicles/{vin()}/command/honk_horn?dry_run=true", "", AUTHORIZATION)
        self.assert_failure(server.request(*asked), 403, "not_allowed")
        file.rename(etc / "fleetsign.yaml")
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: "reload_refused" in server.log(), "the reload")
        self.assert_failure(server.request(*asked), 403, "not_allowed")

    def test_what_the_daemon_reads_is_what_counts(self):
        changing = self.start_changing("timeout: 9s\n")
        other = self.folder / "other.yaml"
        other.write_text("timeout: 9s\n")
        changing.write("timeout: 9\n")
        ended = run("reload", "--config", other, env=changing.env)
        self.assertEqual(ended.returncode, 78, ended)
        self.assertIn(f"{changing.file}:", ended.stderr)
        changing.write("timeout: 8s\noauth: {client_secret_file: '${CREDENTIALS_DIRECTORY}/secret'}\n")
        self.assertEqual(changing.reload().returncode, 78)

    def test_the_environment_of_the_daemon_is_what_counts(self):
        config = "oauth: {client_secret_file: '${CREDENTIALS_DIRECTORY}/secret'}\n"
        changing = self.start_changing(config, env={"CREDENTIALS_DIRECTORY": "/run/credentials"})
        changing.write(config + "timeout: 8s\n")
        self.assertEqual(run("config", "check", "--config", changing.file).returncode, 78)
        ended = run("reload", "--config", changing.file, env={"STATE_DIRECTORY": changing.env["STATE_DIRECTORY"]})
        self.assertEqual((ended.returncode, ended.stdout), (0, "applied: timeout\n"), ended)

    def test_changed_callers_count_at_once_and_one_that_is_gone_is_out(self):
        panel = "{{name: panel, allow: [{}]}}"
        others = '{name: "*", allow: []}'
        changing = self.start_changing(f"callers: [{panel.format('flash_lights')}, {others}]\n")
        added = run("client", "add", "panel", env=changing.env)
        self.assertEqual(added.returncode, 0, added)
        key = {"X-Authorization": f"Bearer {added.stdout.strip()}"}

        def statuses():
            return [changing.daemon.command(name, headers=key).status for name in ("flash_lights", "honk_horn")]

        self.assertEqual(statuses(), [200, 403])
        self.assertEqual(changing.change(f"callers: [{panel.format('honk_horn')}, {others}]\n"), "applied: callers\n")
        self.assertEqual(statuses(), [403, 200])
        changing.change(f"callers: [{others}]\n")
        self.assertEqual(statuses(), [403, 403])
        changing.change("callers: []\n")
        self.assertEqual(statuses(), [200, 200])

    def test_level_and_format_of_the_log_change(self):
        changing = self.start_changing("log: {level: error}\n")
        self.assert_accepted(changing.daemon.command("honk_horn"))
        self.assertEqual(changing.daemon.log(), "")
        self.assertEqual(changing.change("log: {level: info, format: json}\n"), "applied: log.level, log.format\n")
        self.assert_accepted(changing.daemon.command("honk_horn"))
        lines = [json.loads(line) for line in changing.daemon.log().splitlines()]
        self.assertEqual(lines[0]["event"], "reloaded")
        self.assertEqual(lines[0]["applied"], "log.level,log.format")
        self.assertIn("command", [line["event"] for line in lines])

    def test_what_needs_a_restart_is_told_and_left_as_it_is(self):
        changing = self.start_changing()
        changing.write("shutdown_timeout: 30s\nconfirm: [honk_horn]\nlimits: {body_bytes: 1KiB}\n")
        ended = changing.reload("--json")
        self.assertEqual(ended.returncode, 0, ended)
        self.assertEqual(json.loads(ended.stdout), {"file": str(changing.file), "applied": ["confirm"],
                                                    "needs_restart": ["shutdown_timeout", "limits.body_bytes"]})
        self.assertEqual(changing.reload().stdout, "needs a restart: shutdown_timeout, limits.body_bytes\n")
        self.assertIn("reloaded applied=confirm needs_restart=shutdown_timeout,limits.body_bytes", changing.daemon.log())
        self.assert_failure(changing.daemon.command("honk_horn"), 428, "confirmation_required")
        self.assertEqual(changing.change("confirm: [honk_horn]\n"), "nothing has changed\n")

    def test_a_caller_whose_account_waits_for_a_restart_waits_with_it(self):
        changing = self.start_changing()
        token = self.folder / "token"
        token.write_text(TOKEN)
        token.chmod(0o600)
        changing.write(f"accounts: {{home: {{access_token_file: {token}}}}}\ncallers: [{{name: a, account: home}}]\n")
        self.assertEqual(run("config", "check", "--config", changing.file, env=changing.env).returncode, 0)
        ended = changing.reload()
        self.assertEqual(ended.returncode, 78, ended)
        self.assertIn('callers.account: there is no account "home"', ended.stderr)
        self.assertIn("restart the daemon", ended.stderr)

    def test_a_hangup_does_the_same(self):
        changing = self.start_changing()
        changing.write("timeout: 9\n")
        changing.hang_up()
        eventually(lambda: "reload_refused problems=1" in changing.daemon.log(), "the refusal in the log")
        self.assertIn('timeout: \\"9\\" has no unit', changing.daemon.log())
        changing.write("confirm: [honk_horn]\n")
        changing.hang_up()
        eventually(lambda: "reloaded applied=confirm" in changing.daemon.log(), "the reload in the log")
        self.assert_failure(changing.daemon.command("honk_horn"), 428, "confirmation_required")
        self.assertEqual(changing.daemon.stop(), 0)

    def test_flags_of_the_start_win(self):
        changing = self.start_changing(flags=("--timeout", "7s"))
        self.assertEqual(changing.change("timeout: 30s\n"), "nothing has changed\n")
        self.assertEqual(changing.change("timeout: 30s\ntimeout_max: 40s\n"), "applied: timeout_max\n")

    def test_without_a_daemon_it_says_so(self):
        changing = self.start_changing()
        self.assertEqual(changing.daemon.stop(), 0)
        self.assertEqual(changing.reload().returncode, 69)
        nowhere = run("reload", "--state-dir", self.folder / "nowhere")
        self.assertEqual(nowhere.returncode, 69, nowhere)
        self.assertIn(f"no daemon runs with the state in {self.folder / 'nowhere'}", nowhere.stderr)
        self.assertFalse((self.folder / "nowhere").exists())

    def test_rates_and_idempotency_keys_are_those_of_before(self):
        config = 'callers: [{name: "*", rate: 3}]\n'
        changing = self.start_changing(config)
        key = {"Idempotency-Key": "once"}
        self.assert_accepted(changing.daemon.command("honk_horn", headers=key))
        self.assert_accepted(changing.daemon.command("honk_horn"))
        changing.change(config + "timeout: 9s\n")
        repeated = changing.daemon.command("honk_horn", headers=key)
        self.assertEqual(repeated.headers["Idempotency-Replayed"], "true", repeated)
        self.assert_failure(changing.daemon.command("honk_horn"), 429, "local_rate")
        self.assertEqual(self.simulator.executed(vin()), 2)

    def test_a_reply_that_is_streamed_goes_on_to_its_end(self):
        go_on = threading.Event()

        def serve(connection, _number):
            upstream.read_request(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 20\r\n\r\n0123456789")
            go_on.wait(PATIENCE)
            connection.sendall(b"9876543210")

        upstream = ScriptedUpstream(serve)
        self.addCleanup(upstream.close)
        self.addCleanup(go_on.set)
        changing = Changing(self, upstream.url)
        caller = Caller(changing.daemon.url)
        self.addCleanup(caller.close)
        caller.send("GET", "/api/1/x", "", AUTHORIZATION)
        in_flight = lambda: changing.daemon.get("/fleetsign/v1/status").json["requests_in_flight"]
        eventually(lambda: in_flight() == 1, "the request is under way")
        for seconds in (11, 12):
            changing.change(f"timeout: {seconds}s\n")
        self.assertEqual(in_flight(), 1)
        go_on.set()
        self.assertEqual(caller.receive().body, b"01234567899876543210")
        eventually(lambda: in_flight() == 0, "the request has ended")
        self.assertIn("forwarded method=GET", changing.daemon.log())


if __name__ == "__main__":
    unittest.main()
