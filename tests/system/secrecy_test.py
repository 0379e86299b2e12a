# SPDX-License-Identifier: Apache-2.0
"""Secrets get nowhere but to whom they are for: not to a disk with a program's memory, not to other users with its
arguments, not into what is logged or said."""

import http.server
import json
import os
import shutil
import subprocess
import threading
import unittest
import urllib.parse
import urllib.request

from app import DOMAIN, SECRET, AppCase
from harness import BINARY, PATIENCE, TOKEN, Server, environment, eventually, vin
from logins import ELSEWHERE, open_link

NOBODY = 65534


class Wiretap:
    """Before an OAuth server: passes on what is asked for, and remembers what is secret of it."""

    FIELDS = ("client_secret", "code", "refresh_token")
    MEMBERS = ("access_token", "refresh_token", "id_token")

    def __init__(self, base_url):
        self.secrets = {}  # by name, in their order
        wiretap = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"]))
                wiretap.note(wiretap.FIELDS, dict(urllib.parse.parse_qsl(form.decode())))
                asked = urllib.request.Request(base_url + self.path, form, {"Content-Type": self.headers["Content-Type"]})
                with urllib.request.urlopen(asked, timeout=PATIENCE) as reply:
                    body = reply.read()
                wiretap.note(wiretap.MEMBERS, json.loads(body or "{}"))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def note(self, names, values):
        for name in names:
            if name in values and values[name] not in self.secrets.get(name, []):
                self.secrets.setdefault(name, []).append(values[name])

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Memory(AppCase):
    """By another user than root, where there is one: what the kernel keeps from that user it then shows as root's."""

    def setUp(self):
        super().setUp()
        self.user, self.binary = None, BINARY
        key = self.place / "private.pem"
        shutil.copy(self.folder / "private.pem", key)
        key.chmod(0o600)
        self.configure(key_file=str(key))
        if os.geteuid() == 0:
            self.user = NOBODY
            self.binary = shutil.copy(BINARY, self.place)
            self.folder.chmod(0o711)
            for path in (self.place, *self.place.iterdir()):
                os.chown(path, NOBODY, NOBODY)

    def begin(self, *command, env=None):
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, user=self.user, cwd="/", env=environment(env))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdin.close)
        return process

    @staticmethod
    def is_dumpable(process):
        return os.stat(f"/proc/{process.pid}/environ").st_uid != 0

    def test_no_program_with_secrets_can_be_dumped_by_the_kernel_or_read_by_its_user(self):
        """A limit of 0 for core files alone is none where a program takes them: core(5)."""
        self.assertTrue(self.is_dumpable(self.begin("sleep", "600")))
        here = ("--config", self.config)
        for command in (("serve", *here, "--listen", "http://127.0.0.1:0"),
                        ("login", "home", *here, "--redirect-uri", "http://127.0.0.1:0/callback"),
                        ("login", "home", *here, "--redirect-uri", ELSEWHERE, "--paste"),
                        ("token", "import", "home", *here),
                        ("pair", vin(), "--domain", DOMAIN, "--url", "http://127.0.0.1:9")):
            with self.subTest(command[:2]):
                process = self.begin(self.binary, *command, env={"FLEETSIGN_TOKEN": TOKEN})
                eventually(lambda running=process: not self.is_dumpable(running), "the memory is closed")
                self.assertIsNone(process.poll())


class Words(AppCase):
    def setUp(self):
        super().setUp()
        self.tap = Wiretap(self.simulator.url)
        self.addCleanup(self.tap.close)
        self.configure(oauth={"client_id": "app-1", "client_secret_file": str(self.secret),
                              "token_url": self.tap.url + "/oauth2/v3/token",
                              "authorize_url": self.simulator.url + "/oauth2/v3/authorize"},
                       callers=[{"name": "shell", "account": "home"}], log={"level": "debug"})

    def assert_silent(self, *texts):
        for name, values in self.tap.secrets.items():
            for value in values:
                for text in texts:
                    self.assertNotIn(value, text, name)

    def begin(self, *arguments):
        process = subprocess.Popen([BINARY, *map(str, arguments), "--config", str(self.config)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(process.kill)
        return process

    def log_in(self):
        """What was said."""
        login = self.begin("login", "home", "--redirect-uri", "http://127.0.0.1:0/callback")
        self.assertEqual(open_link(login.stdout.readline().strip())[0], 200)
        output, errors = login.communicate(timeout=PATIENCE)
        self.assertEqual(login.returncode, 0, errors)
        return output + errors

    def test_neither_codes_nor_tokens_are_logged_or_said(self):
        self.simulator.request("POST", "/sim/v1/oauth", json.dumps({"access_seconds": 2}))
        daemon = self.start(Server("serve", "--config", self.config, "--listen", "http://127.0.0.1:0"))
        said = [self.log_in()]
        eventually(lambda: len(self.tap.secrets["refresh_token"]) > 1, "the daemon has refreshed them")
        key = self.run_here("client", "add", "shell").stdout.strip()
        as_shell = {"Authorization": f"Bearer {key}"}
        self.assertEqual(daemon.request("GET", "/api/1/vehicles", headers=as_shell).status, 200)
        for command in (("register", "--key-url", self.web.url), ("check", "--key-url", self.web.url), ("token", "status"),
                        ("token", "status", "--json"), ("token", "revoke", "home")):
            ended = self.run_here(*command)
            said.append(ended.stdout + ended.stderr)
        said.append(daemon.request("GET", "/metrics", headers=as_shell).body.decode())
        said.append(daemon.log())
        self.assertEqual(self.tap.secrets["client_secret"], [SECRET])
        self.assertEqual(len(self.tap.secrets["code"]), 1)
        self.assertGreater(len(self.tap.secrets["access_token"]), 2)  # of the login, of a refresh, of the app
        self.assert_silent(*said)

    def test_no_secret_is_among_the_arguments(self):
        self.log_in()
        for endpoint, command in (("token", ("register", "--key-url", self.web.url)),
                                  ("token", ("check", "--key-url", self.web.url)), ("revoke", ("token", "revoke", "home"))):
            with self.subTest(command[0]):
                asked = self.asked_of(endpoint)
                self.order("delay", on=endpoint, ms=25_000)
                process = self.begin(*command)
                eventually(lambda name=endpoint, before=asked: self.asked_of(name) > before, "the OAuth server is asked")
                with open(f"/proc/{process.pid}/cmdline", encoding="utf-8") as file:
                    line = file.read()
                self.assertIn(command[0], line)
                self.assert_silent(line)
                self.let_go()
                output, errors = process.communicate(timeout=PATIENCE)
                self.assertEqual(process.returncode, 0, output + errors)
                self.assert_silent(output, errors)


if __name__ == "__main__":
    unittest.main()
