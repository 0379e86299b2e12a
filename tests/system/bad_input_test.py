# SPDX-License-Identifier: Apache-2.0
"""Bad input gets a clear error, sends nothing, and leaves the daemon as it was."""

import base64
import hashlib
import json
import os
import socket
import subprocess
import tempfile
import unittest
import urllib.parse

from harness import BINARY, Case, Daemon, run, vin


class BadRequests(Case):
    def setUp(self):
        self.simulator, self.daemon = self.start_both()

    def tearDown(self):
        """Whatever a test sent: nothing went upstream, and the next command works."""
        self.assertEqual(self.simulator.requests()["total"], 0)
        self.assert_accepted(self.daemon.command("door_lock"))

    def post(self, target, body="", token="Bearer a.b.c", method="POST", **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = token
        return self.daemon.request(method, target, body, sent)

    def test_what_is_not_json_says_where(self):
        for body in ("percent=80", "{", "[1]", '"80"', '{"percent": 80} x', "\x00\xff"):
            with self.subTest(body):
                reply = self.daemon.command("set_charge_limit", body=body.encode("latin-1"))
                self.assert_failure(reply, 400, "bad_request")
        self.assertIn('{"percent": ', self.daemon.command("set_charge_limit", body="percent=80").json["hint"])

    def test_a_wrong_parameter_is_named(self):
        wrong = (("set_charge_limit", {}), ("set_charge_limit", {"percent": None}), ("set_charge_limit", {"percent": 50.5}),
                 ("set_charge_limit", {"percent": 2 ** 31}), ("set_charge_limit", {"percent": ""}),
                 ("set_charge_limit", {"percent": 101}), ("actuate_trunk", {"which_trunk": 1}),
                 ("actuate_trunk", {"which_trunk": "left"}), ("actuate_trunk", {}), ("set_temps", {"driver_temp": [21]}))
        for name, arguments in wrong:
            with self.subTest(f"{name} {arguments}"):
                reply = self.daemon.command(name, arguments)
                self.assert_failure(reply, 400, "bad_parameter")
                parameter = next(iter(arguments), {"set_charge_limit": "percent", "actuate_trunk": "which_trunk"}.get(name))
                self.assertIn(parameter, reply.json["error"])

    def test_a_bad_vin_is_404(self):
        for car in ("short", "5YJSO000000000001", "123456789012345678901", vin() + "1", "5YJS00000000%30001"):
            with self.subTest(car):
                self.assert_failure(self.daemon.command("door_lock", car=car), 404, "bad_vin")

    def test_an_unknown_path_is_404_and_nothing_outside_fleet_api_is_forwarded(self):
        for target in ("/", "/oauth2/v3/token", "/api/2/vehicles", "/api/1", "/sim/v1/requests"):
            with self.subTest(target):
                self.assert_failure(self.post(target), 404, "not_found")
        for target in ("/api/1/../../sim/v1/requests", "/api/1/%2e%2E/x", "/api/1/a\\b", "//api/1/vehicles", "/api/1/a%2Fb"):
            with self.subTest(target):
                self.assert_failure(self.post(target), 400, "bad_request")

    def test_a_wrong_method_is_405_with_the_right_ones(self):
        reply = self.post(f"/api/1/vehicles/{vin()}/command/door_lock", method="GET")
        self.assert_failure(reply, 405, "method_not_allowed")
        self.assertEqual(reply.headers["Allow"], "POST, OPTIONS")
        self.assertEqual(self.post("/health").headers["Allow"], "GET, HEAD, OPTIONS")

    def test_a_missing_or_malformed_token_is_401(self):
        for token in (None, "", "Bearer", "Bearer ", "Basic a.b.c", "Bearer a b", "Bearer fsk_0123456789"):
            with self.subTest(token):
                for target in (f"/api/1/vehicles/{vin()}/command/door_lock", "/api/1/vehicles"):
                    reply = self.post(target, token=token)
                    self.assert_failure(reply, 401, "not_authenticated")
                    self.assertEqual(reply.headers["WWW-Authenticate"], "Bearer")

    def test_a_body_of_two_megabytes_is_413(self):
        reply = self.raw_post(b"x" * (2 * 1024 * 1024))
        self.assertTrue(reply.startswith(b"HTTP/1.1 413 "), reply[:100])
        self.assertIn(b'"error_code":"too_large"', reply)

    def raw_post(self, body):
        address = urllib.parse.urlsplit(self.daemon.url)
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(b"POST /api/1/vehicles/%s/command/door_lock HTTP/1.1\r\nHost: localhost\r\n"
                               b"Authorization: Bearer a.b.c\r\nContent-Length: %d\r\n\r\n" % (vin().encode(), len(body)))
            try:
                connection.sendall(body)
            except OSError:
                pass  # it need not take what it has refused already
            return connection.recv(65536)

    def test_what_a_foreign_web_page_can_send_is_refused(self):
        target = f"/api/1/vehicles/{vin()}/command/door_unlock"
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"},
                        {"Sec_Fetch_Site": "cross-site"}, {"Origin": "http://localhost:1"}):
            with self.subTest(headers):
                self.assert_failure(self.post(target, "{}", Content_Type="text/plain", **headers), 403, "not_allowed")

    def test_an_unknown_command_is_forwarded_or_refused_as_configured(self):
        strict = self.start(Daemon(self.folder, self.simulator.url, config="unknown_commands: reject\n"))
        reply = strict.command("set_chargelimit", {"percent": 80})
        self.assert_failure(reply, 400, "unknown_command")
        self.assertEqual(reply.json["error"], "invalid_command")
        self.assertIn("set_charge_limit", reply.json["error_description"] + reply.json["hint"])
        self.assert_failure(self.daemon.command("No_Such"), 400, "unknown_command")

    def test_a_request_with_two_tokens_is_401(self):
        address = urllib.parse.urlsplit(self.daemon.url)
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(b"POST /api/1/vehicles/%s/command/door_lock HTTP/1.1\r\nHost: localhost\r\n"
                               b"Authorization: Bearer a.b.c\r\nAuthorization: Bearer d.e.f\r\n"
                               b"Content-Length: 0\r\n\r\n" % vin().encode())
            self.assertIn(b" 401 ", connection.recv(65536)[:20])


class BadStarts(Case):
    def serve(self, *arguments, **options):
        ended = run("serve", *arguments, **options)
        self.assertEqual(ended.stdout, "")
        self.assertTrue(ended.stderr.startswith("fleetsign: error: "), ended.stderr)
        return ended

    def write(self, text):
        path = self.folder / "bad.yaml"
        path.write_text(text)
        return path

    def test_a_taken_port_ends_it_with_69(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            ended = self.serve("--listen", f"http://127.0.0.1:{port}", "--key_file", self.folder / "private.pem")
        self.assertEqual(ended.returncode, 69)
        self.assertIn(f"127.0.0.1:{port}: address already in use", ended.stderr)
        self.assertIn("hint: ", ended.stderr)

    def test_a_missing_key_ends_it_with_66_no_key_at_all_with_78_and_both_say_how_to_make_one(self):
        for arguments, status in (((), 78), (("--key_file", self.folder / "none.pem"), 66)):
            for name in ("serve", "pubkey", "sign-telemetry"):
                with self.subTest(name, status=status):
                    ended = run(name, *(("-",) if name == "sign-telemetry" else ()), *arguments)
                    self.assertEqual((ended.returncode, ended.stdout), (status, ""), ended.stderr)
                    self.assertIn("fleetsign keygen --out", ended.stderr)

    def test_a_key_that_others_can_read_ends_it_with_77(self):
        exposed = self.folder / "exposed.pem"
        exposed.write_text((self.folder / "private.pem").read_text())
        exposed.chmod(0o644)
        ended = self.serve("--key_file", exposed)
        self.assertEqual(ended.returncode, 77)
        self.assertIn("chmod 600", ended.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to become somebody who may not read the file")
    def test_a_key_that_we_cannot_read_ends_it_with_77(self):
        self.folder.chmod(0o755)
        ended = self.serve("--key_file", self.folder / "private.pem", user="nobody")
        self.assertEqual(ended.returncode, 77)
        self.assertIn("private.pem", ended.stderr)

    def test_a_public_key_or_an_empty_file_ends_it_with_78(self):
        empty = self.folder / "empty.pem"
        empty.touch(mode=0o600)
        (self.folder / "public.pem").chmod(0o600)
        for file in (empty, self.folder / "public.pem"):
            self.assertEqual(self.serve("--key_file", file).returncode, 78)

    def test_every_problem_of_a_configuration_is_said_with_its_line(self):
        path = self.write("timeout: 10\nkey_fil: x\nlog:\n  level: loud\n")
        ended = self.serve("--config", path)
        self.assertEqual(ended.returncode, 78)
        for expected in (f"{path}:1: timeout: ", f"{path}:2: ", "key_file", f"{path}:4: log.level: "):
            self.assertIn(expected, ended.stderr)

    def test_a_result_that_cannot_be_written_ends_it_with_74(self):
        with open("/dev/full", "w") as full:
            ended = subprocess.run([BINARY, "pubkey", "--key_file", self.folder / "private.pem"], stdout=full,
                                   stderr=subprocess.PIPE, text=True)
        self.assertEqual(ended.returncode, 74, ended)

    def test_a_missing_configuration_ends_it_with_66(self):
        self.assertEqual(self.serve("--config", self.folder / "none.yaml").returncode, 66)

    def test_a_check_says_that_all_is_well_and_ends(self):
        ended = run("serve", "--check", "--key_file", self.folder / "private.pem")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))

    def test_wrong_usage_ends_with_64_and_names_the_help(self):
        for arguments in ((), ("nonsense",), ("serve", "--nonsense"), ("simulate",), ("simulate", "--vehicles", "0")):
            with self.subTest(arguments):
                ended = run(*arguments)
                self.assertEqual(ended.returncode, 64, ended)
                self.assertTrue(ended.stderr.startswith("fleetsign: error: "), ended.stderr)
                self.assertIn("--help", ended.stderr)

    def test_the_public_key_has_forms_that_exclude_each_other(self):
        def ask(*flags):
            return run("pubkey", "--key_file", self.folder / "private.pem", *flags)

        forms = json.loads(ask("--json").stdout)
        self.assertEqual(list(forms), ["pem", "hex", "fingerprint"])
        self.assertEqual(ask().stdout, forms["pem"])
        self.assertEqual(ask("--hex").stdout, forms["hex"] + "\n")
        self.assertEqual(ask("--fingerprint").stdout, forms["fingerprint"] + "\n")
        self.assertRegex(forms["hex"], r"\A04[0-9a-f]{128}\Z")
        der = base64.b64decode("".join(forms["pem"].splitlines()[1:-1]))
        self.assertEqual(forms["fingerprint"], hashlib.sha256(der).hexdigest())
        self.assertEqual(der[-65:].hex(), forms["hex"])
        for flags in (("--hex", "--fingerprint"), ("--hex", "--json"), ("--fingerprint", "--json")):
            self.assertEqual(ask(*flags).returncode, 64)

    def test_keygen_says_what_comes_next(self):
        with tempfile.TemporaryDirectory() as folder:
            ended = run("keygen", "--out", f"{folder}/key.pem")
            self.assertTrue(ended.stdout.startswith("-----BEGIN PUBLIC KEY-----"))
            self.assertIn(f"next: set `key_file` to {folder}/key.pem", ended.stderr)
            self.assertIn("to replace a key that cars already have, set `next_key_file` to it instead", ended.stderr)

    def test_keygen_never_overwrites(self):
        before = (self.folder / "private.pem").read_bytes()
        ended = run("keygen", "--out", self.folder / "private.pem")
        self.assertEqual(ended.returncode, 74, ended)
        self.assertEqual((self.folder / "private.pem").read_bytes(), before)
        self.assertEqual((self.folder / "private.pem").stat().st_mode & 0o777, 0o600)


if __name__ == "__main__":
    unittest.main()
