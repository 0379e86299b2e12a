# SPDX-License-Identifier: Apache-2.0
"""What tests of accounts share whose tokens the daemon keeps: an OAuth server, a daemon, and its owner's socket."""

import contextlib
import http.client
import json
import pathlib
import socket
import tempfile
import urllib.parse

from harness import PATIENCE, Case, Daemon, Reply, Server, Simulator, run, vin

SECRET = "planted-app-secret"


def make_state_key(folder):
    file = folder / "state.key"
    file.write_text("5a" * 32 + "\n")
    file.chmod(0o600)
    return file


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

    def own_config(self, oauth=""):
        return (f"oauth: {{client_id: app, token_url: '{self.simulator.url}/oauth2/v3/token'{oauth}}}\n"
                "accounts: {home: managed}\ncallers: [{name: wall, account: home}]\nlog: {level: debug}\n")

    def serve(self, config="", env=None, oauth=""):
        return self.start(Daemon(self.folder, self.simulator.url, config=self.own_config(oauth) + config,
                                 env={"STATE_DIRECTORY": str(self.state), **(env or {})}))

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
