# SPDX-License-Identifier: Apache-2.0
"""An app of Tesla's as tests know it: a simulator that has it, a web server that shows its key, a configuration."""

import http.server
import json
import pathlib
import tempfile
import threading

from harness import Case, Simulator, run

KEY_PATH = "/.well-known/appspecific/com.tesla.3p.public-key.pem"
DOMAIN = "car.example.com"
SECRET = "ta-secret.planted-0123456789"


class WebServer:
    """What a domain shows: a status and a body."""

    def __init__(self, body):
        self.status, self.body, self.asked = 200, body, []
        shown = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                shown.asked.append(self.path)
                self.send_response(shown.status)
                self.send_header("Content-Length", str(len(shown.body)))
                self.end_headers()
                self.wfile.write(shown.body)

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self._server.server_address[1] + KEY_PATH
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class AppCase(Case):
    """A simulator that knows one app, and a web server that shows its key."""

    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        self.simulator = self.start(Simulator(self.folder, flags=("--client", f"app-1:{SECRET}", "--require-tokens")))
        self.web = WebServer((self.folder / "public.pem").read_bytes())
        self.addCleanup(self.web.close)
        self.secret = self.place / "client-secret"
        self.secret.write_text(SECRET + "\n")
        self.secret.chmod(0o600)
        self.config = self.place / "fleetsign.yaml"
        self.configure()

    def configure(self, **changes):
        values = {"key_file": str(self.folder / "private.pem"), "state_dir": str(self.place / "state"), "domain": DOMAIN,
                  "fleet_api": {"base_url": self.simulator.url},
                  "accounts": {"home": "managed"},
                  "oauth": {"client_id": "app-1", "client_secret_file": str(self.secret),
                            "token_url": self.simulator.url + "/oauth2/v3/token",
                            "authorize_url": self.simulator.url + "/oauth2/v3/authorize"}, **changes}
        self.config.write_text(json.dumps({name: value for name, value in values.items() if value is not None}))

    def order(self, fault, **more):
        reply = self.simulator.request("POST", "/sim/v1/oauth/faults", json.dumps({"fault": fault, **more}))
        self.assertEqual(reply.status, 200, reply.body)

    def let_go(self):
        """Of what the OAuth server delays, and no other order holds."""
        self.simulator.request("DELETE", "/sim/v1/oauth/faults")

    def run_here(self, name, *arguments, **more):
        ended = run(name, *arguments, "--config", self.config, **more)
        self.assertNotIn(SECRET, ended.stdout + ended.stderr)
        return ended

    def register(self, *arguments):
        return self.run_here("register", "--key-url", self.web.url, *arguments)

    def asked_of(self, endpoint):
        return self.simulator.requests()["endpoints"].get(endpoint, {}).get("total", 0)

    def assert_refused(self, ended, status, message, hint):
        self.assertEqual(ended.returncode, status, ended)
        self.assertIn(message, ended.stderr)
        self.assertIn("\nhint: ", ended.stderr)
        self.assertIn(hint, ended.stderr.split("\nhint: ", 1)[1])
