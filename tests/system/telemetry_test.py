# SPDX-License-Identifier: Apache-2.0
"""Telemetry configurations: signed by the daemon or the command line, taken by Fleet API, followed by vehicles."""

import base64
import json
import os
import pathlib
import subprocess
import sys
import threading
import unittest

from harness import BINARY, PATIENCE, TOKEN, Daemon, ScriptedUpstream, SharedCase, environment, run, vin

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "vectors"))
import schnorr  # noqa: E402

PATH = "/api/1/vehicles/fleet_telemetry_config"
CONFIG = {"hostname": "telemetry.example.com", "port": 443, "ca": "-----BEGIN CERTIFICATE-----\n",
          "fields": {"BatteryLevel": {"interval_seconds": 60, "minimum_delta": 1.0}}, "alert_types": ["service"],
          "exp": 1790000000, "iss": "somebody", "aud": "somewhere"}


def body(*vins):
    return json.dumps({"vins": vins, "config": CONFIG})


class Telemetry(SharedCase):
    vehicles = 4

    def configure(self, content, query="", headers=None, daemon=None):
        return (daemon or self.daemon).request("POST", PATH + query, content,
                                               {"Authorization": f"Bearer {TOKEN}", **(headers or {})})

    def config_of(self, car):
        return self.daemon.get(f"/api/1/vehicles/{car}/fleet_telemetry_config").json["response"]

    def told(self, car):
        return self.simulator.vehicle(car)["telemetry"]

    def point(self):
        """The public key, uncompressed: the end of its DER."""
        return base64.b64decode("".join((self.folder / "public.pem").read_text().splitlines()[1:-1]))[-65:]

    def sign(self, *arguments, content=None):
        return subprocess.run([BINARY, "sign-telemetry", *map(str, arguments), "--key-file", self.folder / "private.pem"],
                              input=content, capture_output=True, text=True, timeout=PATIENCE, env=environment())

    def test_configured_read_back_and_deleted(self):
        reply = self.configure(body(vin(1), vin(2)))
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.json["response"]["updated_vehicles"], 2)
        self.assertEqual(reply.headers["Fleetsign-Upstream-Requests"], "1")
        for car in (vin(1), vin(2)):
            read = self.config_of(car)
            self.assertEqual((read["synced"], read["key_paired"]), (True, True))
            claims = read["config"]
            self.assertEqual(claims.pop("aud"), "com.tesla.fleet.TelemetryClient")
            self.assertNotEqual(claims.pop("iss"), "somebody")
            self.assertEqual(claims, {name: value for name, value in CONFIG.items() if name not in ("iss", "aud")})
            errors = self.daemon.get(f"/api/1/vehicles/{car}/fleet_telemetry_errors").json["response"]
            self.assertEqual(errors["fleet_telemetry_errors"], [])
        deleted = self.daemon.request("DELETE", f"/api/1/vehicles/{vin(1)}/fleet_telemetry_config",
                                      headers={"Authorization": f"Bearer {TOKEN}"})
        self.assertEqual(deleted.json["response"]["updated_vehicles"], 1)
        self.assertIsNone(self.config_of(vin(1))["config"])

    def test_the_signature_is_what_python_verifies(self):
        self.assertEqual(self.configure(body(vin(3))).status, 200)
        claims = schnorr.claims_of(self.told(vin(3))["token"], self.point())
        self.assertEqual(claims["fields"], CONFIG["fields"])

    def test_the_command_line_makes_the_token_that_the_daemon_sends(self):
        self.assertEqual(self.configure(body(vin(4))).status, 200)
        token = self.told(vin(4))["token"]
        whole = self.folder / "telemetry.json"
        whole.write_text(body(vin(4)))
        inside = self.folder / "config.json"
        inside.write_text(json.dumps(CONFIG, indent=2))
        for ended in (self.sign(whole), self.sign(inside), self.sign("-", content=body(vin(4)))):
            self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (0, token + "\n", ""))
        ended = self.sign(whole, "--json")
        self.assertEqual(json.loads(ended.stdout), {"vins": [vin(4)], "token": token})
        self.assertEqual(self.sign(inside, "--json").returncode, 1)

    def test_wrong_input_is_refused_before_anything_is_sent(self):
        self.simulator.forget_requests()
        for content, code in (("", "bad_request"), ("{", "bad_request"), ("[]", "bad_request"),
                              ('{"vins":[],"config":{}}', "bad_parameter"),
                              (json.dumps({"vins": [vin(1)], "config": {}}), "bad_parameter"),
                              (json.dumps({"vins": [vin(1)], "config": CONFIG})[:-2] + ',"big":1e999}}', "bad_request"),
                              (json.dumps({"vins": [vin(1)]}), "bad_parameter"),
                              (json.dumps({"vins": [vin(1)], "config": []}), "bad_parameter"),
                              (json.dumps({"vins": ["1"], "config": {}}), "bad_parameter")):
            with self.subTest(content):
                self.assert_failure(self.configure(content), 400, code)
                ended = self.sign("-", content=content)
                self.assertEqual((ended.returncode, ended.stdout), (1, ""))
                self.assertIn("hint: for example ", ended.stderr)
        self.assert_failure(self.configure('{"config":{}}'), 400, "bad_parameter")
        self.assertEqual(self.simulator.requests()["total"], 0)
        self.assertEqual(self.sign(self.folder / "none.json").returncode, 66)
        self.assertEqual(self.sign(self.folder).returncode, 66)
        self.assertEqual(self.sign("").returncode, 64)
        self.assertEqual(run("sign-telemetry").returncode, 64)
        self.assertEqual(run("sign-telemetry", "-", "--key-file", self.folder / "none.pem").returncode, 66)

    def test_a_named_pipe_is_read_to_its_end_like_standard_input(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_text, args=(body(vin(4)),), daemon=True)
        writer.start()
        self.assertEqual(self.sign(pipe).returncode, 0)
        writer.join(PATIENCE)

    def test_a_dry_run_sends_nothing(self):
        self.simulator.forget_requests()
        reply = self.configure(body(vin(1)), "?dry_run=true")
        self.assertEqual(reply.json["dry_run"]["vins"], [vin(1)])
        self.assertEqual(reply.json["dry_run"]["claims"]["hostname"], "telemetry.example.com")
        self.assertEqual(self.simulator.requests()["total"], 0)

    def test_a_repeat_with_its_idempotency_key_is_not_sent_again(self):
        self.simulator.forget_requests()
        replies = [self.configure(body(vin(1)), headers={"Idempotency-Key": "one"}) for _ in range(2)]
        self.assertEqual([reply.headers["Idempotency-Replayed"] for reply in replies], [None, "true"])
        self.assertEqual(self.simulator.requests()["endpoints"]["telemetry_config_jws"]["total"], 1)

    def test_another_registered_key_is_warned_of_until_ours_is(self):
        registered = []

        def serve(connection, _):
            while upstream.read_request(connection):
                said = json.dumps({"response": {"public_key": registered[-1]}}).encode()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                                   % (len(said), said))

        upstream = ScriptedUpstream(serve)
        self.addCleanup(upstream.close)
        daemon = self.start(Daemon(self.folder, upstream.url, config="domain: fleet.example\n"))
        look_up = "/api/1/partner_accounts/public_key?domain=fleet.example"
        for key, warned in (("04" + "11" * 64, True), (self.point().hex(), False)):
            with self.subTest(warned=warned):
                registered.append(key)
                self.assertEqual(daemon.get(look_up).json["response"]["public_key"], key)
                self.assertEqual("fleet.example" in str(daemon.get("/fleetsign/v1/status").json["warnings"]), warned)
                self.assertEqual(b"warning: " in daemon.get("/ready").body, warned)
                reply = self.configure(body(vin(1)), "?dry_run=true", daemon=daemon)
                self.assertEqual(reply.headers["Fleetsign-Warning"] is not None, warned)


if __name__ == "__main__":
    unittest.main()
