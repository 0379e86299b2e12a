# SPDX-License-Identifier: Apache-2.0
"""Starts the real binary and talks to it as a client would.

Nothing here guesses a port or sleeps for a fixed time: programs announce where they serve, and every wait is bounded.
"""

import dataclasses
import http.client
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

BINARY = os.environ["FLEETSIGN"]
SANITIZED = bool(os.environ.get("SANITIZERS"))  # such a binary is slow, and its memory is not ours alone
PATIENCE = 60  # seconds; generous, for machines under load and sanitized builds
TOKEN = "header.payload.signature"


@dataclasses.dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


_states = tempfile.TemporaryDirectory()


def environment(more=None):
    """For one process: with state of its own, for a folder of state has one owner."""
    return {**os.environ, "STATE_DIRECTORY": tempfile.mkdtemp(dir=_states.name), **(more or {})}


def run(*arguments, env=None, user=None, cwd=None, binary=BINARY):
    """Runs a sub-command to its end. For another user it is a copy that runs: the checkout may be closed to others."""
    if user is not None:
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            return _run(shutil.copy(binary, folder), arguments, env, user, cwd or "/")
    return _run(binary, arguments, env, user, cwd)


def _run(binary, arguments, env, user, cwd):
    return subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE,
                          env=environment(env), user=user, cwd=cwd, stdin=subprocess.DEVNULL)


class Server:
    """A sub-command that serves until it is told to stop."""

    def __init__(self, *arguments, env=None, cwd=None, binary=BINARY):
        self.errors = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen([binary, *map(str, arguments)], stdout=subprocess.PIPE, stderr=self.errors,
                                        stdin=subprocess.DEVNULL, text=True, env=environment(env), cwd=cwd)
        self.ready = self._await_ready()
        self.url = self.ready.split()[1]

    def _await_ready(self):
        readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if readable else ""
        if not line.startswith("ready "):
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"not ready: {line!r}, stderr: {self.log()!r}")
        return line.strip()

    def log(self):
        """What it has written to standard error so far. The position in the file stays: the process writes there."""
        descriptor = self.errors.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode()

    def request(self, method, target, body=None, headers=None, timeout=PATIENCE):
        address = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=timeout)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def stop(self, with_signal=signal.SIGTERM):
        """Asks it to end, and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        return self.wait()

    def wait(self):
        """Its exit status, once it has ended."""
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.stdout.close()
            self.errors.close()


class Simulator(Server):
    def __init__(self, folder, vehicles=1, flags=()):
        super().__init__("simulate", "--listen", "127.0.0.1:0", "--vehicles", vehicles, "--key", folder / "public.pem",
                         *flags)

    def order(self, vin, fault, **more):
        reply = self.request("POST", f"/sim/v1/vehicles/{vin}/faults", json.dumps({"fault": fault, **more}))
        assert reply.status == 200, reply

    def vehicle(self, vin):
        return self.request("GET", f"/sim/v1/vehicles/{vin}").json

    def unplug(self, vin):
        reply = self.request("POST", f"/sim/v1/vehicles/{vin}/cable", json.dumps({"connected": False}))
        assert reply.status == 200, reply

    def executed(self, vin):
        return self.vehicle(vin)["executed_total"]

    def signed_commands(self):
        """How many signed_command requests came in since the last time somebody asked."""
        requests = self.requests()
        self.forget_requests()
        return requests["endpoints"]["signed_command"]["total"]

    def requests(self):
        return self.request("GET", "/sim/v1/requests").json

    def forget_requests(self):
        self.request("DELETE", "/sim/v1/requests")


def vin(number=1):
    return f"5YJS{number:013d}"


class Daemon(Server):
    def __init__(self, folder, base_url, *flags, config="", env=None, binary=BINARY):
        path = pathlib.Path(tempfile.mkstemp(suffix=".yaml", dir=folder)[1])
        path.write_text(f"listen: http://127.0.0.1:0\nkey_file: {folder / 'private.pem'}\n"
                        f"fleet_api:\n  base_url: {base_url}\n{config}")
        super().__init__("serve", "--config", path, *flags, env=env, binary=binary)

    def get(self, target, headers=None):
        return self.request("GET", target, headers={"Authorization": f"Bearer {TOKEN}", **(headers or {})})

    def command(self, name, arguments=None, car=vin(), headers=None, body=None, timeout=PATIENCE):
        if body is None:
            body = json.dumps(arguments or {})
        return self.request("POST", f"/api/1/vehicles/{car}/command/{name}", body,
                            {"Authorization": f"Bearer {TOKEN}", **(headers or {})}, timeout)

    def vehicle_data(self, car=vin()):
        return self.get(f"/api/1/vehicles/{car}/vehicle_data").json["response"]


class Case(unittest.TestCase):
    """A folder with a key pair, and servers that end with the test."""

    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._folder.cleanup)
        cls.folder = pathlib.Path(cls._folder.name)
        made = run("keygen", "--out", cls.folder / "private.pem")
        assert made.returncode == 0, made
        (cls.folder / "public.pem").write_text(made.stdout)

    def start(self, server):
        self.addCleanup(self._stop, server)
        return server

    def _stop(self, server):
        if server.process.poll() is None:
            server.stop()

    def start_both(self, vehicles=1, config=""):
        simulator = self.start(Simulator(self.folder, vehicles))
        daemon = self.start(Daemon(self.folder, simulator.url, config=config))
        return simulator, daemon

    def assert_accepted(self, reply):
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.json["response"], {"result": True, "reason": ""}, reply.body)
        self.assertEqual(reply.json["executed"], "yes")

    def assert_failure(self, reply, status, error_code, executed="no"):
        self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(reply.headers["Content-Type"], "application/json")
        self.assertIsNone(reply.json["response"])
        self.assertEqual(reply.json["error_code"], error_code, reply.body)
        self.assertEqual(reply.json["executed"], executed, reply.body)
        self.assertTrue(reply.json["error"])
        self.assertEqual(reply.json["request_id"], reply.headers["X-Request-Id"])


class SharedCase(Case):
    """A simulator and a daemon in front of it that all tests of a class share."""

    vehicles = 1
    config = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.simulator = Simulator(cls.folder, vehicles=cls.vehicles)
        cls.addClassCleanup(cls.simulator.stop)
        cls.daemon = Daemon(cls.folder, cls.simulator.url, config=cls.config)
        cls.addClassCleanup(cls.daemon.stop)


class ScriptedUpstream:
    """A Fleet API that does to its connections what a test wants.

    `serve(connection, number)` is called for each connection, the first one being 1, in a thread of its own.
    """

    def __init__(self, serve):
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        self.requests = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        number = 0
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            number += 1
            threading.Thread(target=self._run, args=(connection, number), daemon=True).start()

    def _run(self, connection, number):
        with connection:
            connection.settimeout(PATIENCE)
            try:
                self._serve(connection, number)
            except OSError:
                pass  # the daemon went first

    def read_request(self, connection):
        """One request, head and body; empty when the other side has closed."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        while len(body) < length:
            body += connection.recv(65536)
        self.requests.append(head.split(b"\r\n")[0].decode())
        return head + b"\r\n\r\n" + body

    def close(self):
        self._listener.close()


def eventually(condition, what, patience=PATIENCE):
    """Polls until it holds; a bounded wait for something that another process does."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError(f"did not happen: {what}")
