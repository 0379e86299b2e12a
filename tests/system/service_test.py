# SPDX-License-Identifier: Apache-2.0
"""The daemon as a service of systemd: what it tells, what its watchdog finds, and how a start fails."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from callers import Caller
from harness import BINARY, PATIENCE, TOKEN, Case, Daemon, Server, Simulator, environment, eventually, run, vin
from manager import Manager, held, may_hold, threads

NOBODY = 65534
NOWHERE = "http://127.0.0.1:9"  # a Fleet API that no request of these tests may need
IS_ROOT = os.geteuid() == 0


def is_stuck(message):
    return message.get("STATUS", "").startswith("stuck: ")


def is_fed(message):
    return "WATCHDOG" in message


class ServiceCase(Case):
    def manager(self, path=None):
        manager = Manager(path)
        self.addCleanup(manager.close)
        return manager

    def daemon(self, manager, config="", base_url=NOWHERE):
        return self.start(Daemon(self.folder, base_url, config=config, env=manager.env))


class Notifications(ServiceCase):
    def test_it_says_when_it_serves_and_when_it_ends(self):
        for path in (None, self.folder / "notify.sock"):
            with self.subTest(path):
                manager = self.manager(path)
                daemon = self.daemon(manager)
                self.assertEqual(manager.hear(), {"READY": "1", "STATUS": f"serving {daemon.url}"})
                self.assertEqual(daemon.request("GET", "/health").status, 200)
                self.assertEqual(daemon.stop(), 0)
                stopping = manager.hear()
                self.assertEqual((stopping["STOPPING"], stopping["EXTEND_TIMEOUT_USEC"]), ("1", "30000000"))
                self.assertEqual(manager.hear(0), {})

    def test_a_start_that_fails_is_never_said_to_be_ready(self):
        manager = self.manager()
        ended = run("serve", "--key_file", self.folder / "none.pem", env=manager.env)
        self.assertEqual(ended.returncode, 66)
        self.assertEqual(manager.hear(0), {})

    def test_while_it_finishes_what_is_under_way_systemd_knows_and_the_watchdog_is_fed(self):
        simulator = self.start(Simulator(self.folder))
        manager = self.manager().with_watchdog()
        daemon = self.daemon(manager, base_url=simulator.url)
        self.assert_accepted(daemon.command("door_lock"))
        simulator.forget_requests()
        simulator.order(vin(), "delay", ms=25_000)
        caller = Caller(daemon.url)
        self.addCleanup(caller.close)
        caller.send_command("door_unlock", headers={"Prefer": "wait=60"})
        eventually(lambda: simulator.requests()["endpoints"]["signed_command"]["total"] == 1, "it is under way")
        daemon.process.send_signal(signal.SIGTERM)
        manager.await_message(lambda message: "STOPPING" in message)
        for _ in range(3):
            manager.await_message(is_fed)
        simulator.request("DELETE", f"/sim/v1/vehicles/{vin()}/faults")
        self.assert_accepted(caller.receive())
        self.assertEqual(daemon.wait(), 0)
        self.assertFalse(any(is_stuck(message) for message in manager.heard))

    def test_it_starts_where_there_is_no_network(self):
        if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
            self.skipTest("needs the right to make a network without interfaces")
        manager = self.manager(self.folder / "offline-notify.sock")
        path = self.folder / "offline.sock"
        server = self.start(Server("--net", BINARY, "serve", "--listen", f"unix:{path}", "--key-file",
                                   self.folder / "private.pem", "--fleet-api.region", "eu", env=manager.env, binary="unshare"))
        self.assertEqual(manager.hear()["READY"], "1")
        asked = subprocess.run(["curl", "-s", "--unix-socket", path, "-H", f"Authorization: Bearer {TOKEN}", "-d", "{}",
                                f"http://localhost/api/1/vehicles/{vin()}/command/door_lock"],
                               capture_output=True, text=True, timeout=PATIENCE)
        self.assertIn('"error_code":"unreachable"', asked.stdout)
        self.assertEqual(server.stop(), 0)


class Watchdog(ServiceCase):
    def test_it_is_fed_while_all_goes_on_and_while_all_workers_are_at_work(self):
        simulator = self.start(Simulator(self.folder))
        manager = self.manager().with_watchdog()
        daemon = self.daemon(manager, "limits: {workers: 1}\n", simulator.url)
        manager.await_message(is_fed)
        self.assert_accepted(daemon.command("door_lock"))
        simulator.order(vin(), "delay", ms=25_000)
        caller = Caller(daemon.url)
        self.addCleanup(caller.close)
        caller.send_command("door_unlock", headers={"Prefer": "wait=60"})
        eventually(lambda: daemon.request("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status == 200,
                   "others are served")
        for _ in range(4):
            manager.await_message(is_fed)
        self.assertFalse(any(is_stuck(message) for message in manager.heard))
        simulator.request("DELETE", f"/sim/v1/vehicles/{vin()}/faults")
        self.assert_accepted(caller.receive())

    @unittest.skipUnless(may_hold(), "needs the right to hold a thread of another process")
    def test_it_is_not_fed_while_a_thread_that_all_need_is_stuck(self):
        for name, words in (("http-reactor", "a request to itself gets no answer"), ("upstream", "Fleet API does not go on")):
            with self.subTest(name):
                manager = self.manager().with_watchdog()
                daemon = self.daemon(manager)
                manager.await_message(is_fed)
                self.assert_found(manager, daemon, threads(daemon.process.pid, name)[0], words)
                self.assertEqual(daemon.stop(), 0)

    def assert_found(self, manager, daemon, thread, words):
        with held(thread):
            found, _ = manager.await_message(is_stuck)
            self.assertIn(words, found["STATUS"])
            _, before = manager.await_message(is_stuck)
            self.assertFalse(any(map(is_fed, before)), before)
            self.assertRegex(daemon.log(), f"error watchdog what=.*{words}")
        well, _ = manager.await_message(is_fed)
        self.assertEqual(well.get("STATUS"), f"serving {daemon.url}")

    @unittest.skipUnless(may_hold(), "needs the right to hold a thread of another process")
    def test_it_is_not_fed_when_requests_wait_and_no_worker_comes_back(self):
        manager = self.manager().with_watchdog()
        daemon = self.daemon(manager, "limits: {workers: 1}\ntimeout: 2s\ntimeout_max: 2s\n")
        manager.await_message(is_fed)
        caller = Caller(daemon.url)
        self.addCleanup(caller.close)
        with held(threads(daemon.process.pid, "http-worker")[0]):
            caller.send_command("door_lock")
            manager.await_message(lambda message: "no worker has become free" in message.get("STATUS", ""))
        manager.await_message(is_fed)

    @unittest.skipUnless(may_hold(), "needs the right to hold a thread of another process")
    def test_it_is_not_fed_when_a_request_does_not_end_although_there_are_workers_for_others(self):
        simulator = self.start(Simulator(self.folder))
        manager = self.manager().with_watchdog()
        daemon = self.daemon(manager, "limits: {workers: 2}\ntimeout: 2s\ntimeout_max: 2s\n", simulator.url)
        manager.await_message(is_fed)
        simulator.order(vin(), "delay", on="any", ms=25_000)
        caller = Caller(daemon.url)
        self.addCleanup(caller.close)
        idle = threads(daemon.process.pid, "http-worker")  # one of which takes the command
        caller.send_command("door_unlock")
        eventually(lambda: simulator.requests()["endpoints"]["signed_command"]["total"] == 1, "it is under way")
        with contextlib.ExitStack() as stack:
            for thread in idle:
                stack.enter_context(held(thread))
            manager.await_message(lambda message: "a request is at work" in message.get("STATUS", ""))
        manager.await_message(is_fed)


class Sockets(ServiceCase):
    @unittest.skipUnless(shutil.which("systemd-socket-activate"), "needs systemd-socket-activate")
    def test_the_first_caller_starts_it_whichever_socket_that_takes(self):
        for first in ("tcp", "unix"):
            with self.subTest(first):
                self.activate(first)

    def activate(self, first):
        path = self.folder / f"activated-{first}.sock"
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        config = self.folder / f"activated-{first}.yaml"
        config.write_text(f"listen: systemd:api\nkey_file: {self.folder / 'private.pem'}\n"
                          f"state_dir: {tempfile.mkdtemp(dir=self.folder)}\nfleet_api: {{base_url: {NOWHERE}}}\n")
        addresses = {"tcp": [f"http://127.0.0.1:{port}/health"],
                     "unix": ["--unix-socket", path, "http://localhost/health"]}
        with tempfile.TemporaryFile() as log:
            launcher = subprocess.Popen(["systemd-socket-activate", f"--listen=127.0.0.1:{port}", f"--listen={path}",
                                         "--fdname=api:api", BINARY, "serve", "--config", config],
                                        stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            try:
                eventually(path.exists, "systemd-socket-activate listens")
                for kind in sorted(addresses, key=lambda kind: kind != first):
                    asked = subprocess.run(["curl", "-s", *addresses[kind]], capture_output=True, text=True, timeout=PATIENCE)
                    self.assertEqual(asked.stdout, "OK")
            finally:
                launcher.terminate()
                launcher.wait(PATIENCE)


class Starts(ServiceCase):
    """Each start that fails ends with its status, and says one error with what to do about it."""

    def failing(self):
        """What is wrong, the arguments, the status, and words of the error and of the hint."""
        key = ("--key-file", self.folder / "private.pem")
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        yield "a taken port", (*key, "--listen", "http://127.0.0.1:%d" % taken.getsockname()[1]), 69, "in use", "another"
        yield "no key", (), 78, "names no key_file", "fleetsign keygen"
        yield "a missing key", ("--key-file", self.folder / "none.pem"), 66, "none.pem", "fleetsign keygen"
        for name, text, status, error, hint in (
                ("no YAML", "listen: [\n", 78, ":", ""),
                ("an unknown key", f"key_file: {key[1]}\ntimeuot: 10s\n", 78, ":2: ", "timeout"),
                ("a wrong value", f"key_file: {key[1]}\ntimeout: 1y\n", 78, ":2: timeout", "")):
            path = self.folder / "wrong.yaml"
            path.write_text(text)
            yield name, ("--config", path), status, error, hint
        yield "no configuration", ("--config", self.folder / "none.yaml"), 66, "none.yaml", ""

    def test_each_says_one_error_and_what_to_do(self):
        for name, arguments, status, error, hint in self.failing():
            with self.subTest(name):
                self.assert_refused(run("serve", *arguments), status, error, hint)

    def assert_refused(self, ended, status, error, hint):
        self.assertEqual((ended.returncode, ended.stdout), (status, ""), ended.stderr)
        lines = ended.stderr.splitlines()
        self.assertRegex(lines[0], f"^fleetsign: error: .*{error}")
        self.assertLessEqual(len(lines), 2, lines)
        if hint:
            self.assertRegex(lines[1], f"^hint: .*{hint}")

    @unittest.skipUnless(IS_ROOT, "needs root, to become another user")
    def test_a_state_folder_that_it_may_not_write_ends_it_with_77(self):
        self.folder.chmod(0o755)
        with tempfile.TemporaryDirectory() as place:
            os.chmod(place, 0o755)
            state = pathlib.Path(place, "state")
            state.mkdir(0o755)
            key = shutil.copy(self.folder / "private.pem", place)
            os.chown(key, NOBODY, NOBODY)
            ended = run("serve", "--key-file", key, "--listen", "http://127.0.0.1:0", env={"STATE_DIRECTORY": str(state)},
                        user=NOBODY)
            self.assert_refused(ended, 77, f"{state} cannot be written", "state_dir")

    @unittest.skipUnless(IS_ROOT, "needs root, to become another user")
    def test_a_secret_of_another_user_s_ends_it_with_77_and_the_command_that_gives_it_away(self):
        with tempfile.TemporaryDirectory() as place:
            os.chmod(place, 0o755)
            key = shutil.copy(self.folder / "private.pem", place)
            os.chown(key, NOBODY, NOBODY)
            self.assertEqual(run("make-cert", "--out", place).returncode, 0)
            tls = pathlib.Path(place, "tls-key.pem")
            listen = f"{{url: 'https://127.0.0.1:0', tls: {{cert_file: {place}/tls-cert.pem, key_file: {tls}}}}}"
            arguments = ["serve", "--check", "--key-file", key, "--listen", listen]
            for mode in (0o600, 0o640):
                tls.chmod(mode)
                self.assert_refused(run(*arguments, user=NOBODY), 77, f"{tls}: ", f"chown nobody {tls} && chmod 600 {tls}$")
            os.chown(tls, NOBODY, NOBODY)
            tls.chmod(0o600)
            self.assertEqual(run(*arguments, user=NOBODY).returncode, 0)

    def test_the_credential_of_a_service_without_a_key_says_how_to_make_one(self):
        credentials = self.folder / "credentials"
        credentials.mkdir(mode=0o700, exist_ok=True)
        (credentials / "private-key").write_text("\n")
        (credentials / "private-key").chmod(0o600)
        env = {"CREDENTIALS_DIRECTORY": str(credentials), "FLEETSIGN_KEY_FILE": str(credentials / "private-key")}
        for check in ((), ("--check",)):
            self.assert_refused(run("serve", *check, env=env), 66, "there is no key",
                                "fleetsign keygen --out /etc/fleetsign/private-key.pem")

    def test_in_the_journal_an_error_has_its_priority(self):
        with tempfile.TemporaryFile(mode="w+") as stderr:
            about = os.fstat(stderr.fileno())
            ended = subprocess.run([BINARY, "serve", "--key-file", self.folder / "none.pem"], stderr=stderr,
                                   stdout=subprocess.PIPE, timeout=PATIENCE,
                                   env=environment({"JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino}"}))
            stderr.seek(0)
            lines = stderr.read().splitlines()
        self.assertEqual(ended.returncode, 66)
        self.assertRegex(lines[0], "^<3>fleetsign: error: ")
        self.assertRegex(lines[1], "^<3>hint: ")


# As an administrator has them: the service as another user, a shell of root's that knows nothing of it.
SHELL = r"""
set -eu
mount -t tmpfs none /etc
mount -t tmpfs none /var/lib
mkdir /etc/fleetsign
cp "$KEY" /etc/fleetsign/private-key.pem
printf 'key_file: private-key.pem\nlisten: http://127.0.0.1:0\ncallers: [{name: shell}]\n' > /etc/fleetsign/fleetsign.yaml
mkdir -m 0700 /var/lib/private
mkdir -m 0700 /var/lib/private/fleetsign
ln -s private/fleetsign /var/lib/fleetsign
chown 61234:61234 "$RUNTIME" "$PROGRAM" "$KEY" /var/lib/private/fleetsign
chmod 0711 /var/lib/private  # stands for what systemd mounts for the service
STATE_DIRECTORY=/var/lib/fleetsign RUNTIME_DIRECTORY=$RUNTIME FLEETSIGN_KEY_FILE=$KEY \
  setpriv --reuid=61234 --regid=61234 --clear-groups "$PROGRAM" serve > "$RUNTIME/ready" &
daemon=$!
until grep -q ready "$RUNTIME/ready"; do kill -0 $daemon; sleep 0.05; done
"$PROGRAM" client add shell
"$PROGRAM" client list
"$PROGRAM" pubkey --fingerprint
kill $daemon
wait $daemon
"$PROGRAM" client list
"""


class Shell(ServiceCase):
    def test_roots_sub_commands_find_the_service_and_its_state(self):
        if not IS_ROOT or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
            self.skipTest("needs root, and the right to mount")
        with tempfile.TemporaryDirectory() as place:
            os.chmod(place, 0o755)
            runtime = pathlib.Path(place, "run")
            runtime.mkdir()
            env = {name: value for name, value in os.environ.items() if not name.startswith("FLEETSIGN")}
            env.update(RUNTIME=str(runtime), PROGRAM=shutil.copy(BINARY, place),
                       KEY=shutil.copy(self.folder / "private.pem", place))
            ended = subprocess.run(["unshare", "--mount", "sh", "-c", SHELL], capture_output=True, text=True,
                                   timeout=PATIENCE, env=env, cwd="/")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        lines = ended.stdout.splitlines()
        self.assertRegex(lines[0], "^fsk_")
        self.assertRegex(lines[1], "^shell ")
        self.assertRegex(lines[2], "^[0-9a-f]{64}$")
        self.assertRegex(lines[3], "^shell ")


if __name__ == "__main__":
    unittest.main()
