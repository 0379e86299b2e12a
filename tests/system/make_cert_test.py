# SPDX-License-Identifier: Apache-2.0
"""A certificate made by the program serves https, and those who trust it get through."""

import http.client
import os
import pathlib
import pwd
import re
import ssl
import stat
import subprocess
import tempfile
import unittest
import urllib.parse

from harness import PATIENCE, Case, Server, eventually, run


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


class MakeCertTest(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = pathlib.Path(folder.name)
        self.cert = self.place / "tls-cert.pem"
        self.key = self.place / "tls-key.pem"

    def make(self, *arguments):
        ended = run("make-cert", "--out", self.place, *arguments)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return ended.stdout

    def serve(self, listen):
        path = self.place / "fleetsign.yaml"
        path.write_text(f"key_file: {self.folder / 'private.pem'}\n{listen}")
        return self.start(Server("serve", "--config", path))

    def listen_lines(self, output):
        lines = re.search(r"^listen:\n(?: .*\n)+(?:hosts: .*\n)?", output, re.MULTILINE)
        self.assertIsNotNone(lines, output)
        return lines[0].replace(":4480", ":0")

    def connect(self, url, cert=None):
        address = urllib.parse.urlsplit(url)
        context = ssl.create_default_context(cafile=cert or self.cert)
        connection = http.client.HTTPSConnection(address.hostname, address.port, timeout=PATIENCE, context=context)
        self.addCleanup(connection.close)
        return connection

    def get(self, url, target="/health", cert=None):
        connection = self.connect(url, cert)
        connection.request("GET", target)
        return connection.getresponse().read()

    def test_what_it_prints_can_be_pasted_and_works(self):
        output = self.make("car.example")
        server = self.serve(self.listen_lines(output))
        self.assertTrue(server.url.startswith("https://127.0.0.1:"), server.ready)
        self.assertEqual(self.get(server.url), b"OK")

        command = output.strip().splitlines()[-1]
        self.assertEqual(command, f"curl --cacert {self.cert} https://localhost:4480/health")
        port = urllib.parse.urlsplit(server.url).port
        asked = subprocess.run(["curl", "--silent", "--show-error", *command.replace("4480", str(port)).split()[1:]],
                               capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((asked.returncode, asked.stdout), (0, "OK"), asked.stderr)

    def test_it_tells_whom_the_service_runs_as_where_the_package_has_made_that_user(self):
        users = [entry.pw_name for entry in pwd.getpwall()]
        self.assertEqual(f"\n\nchown _fleetsign {self.key}\n\n" in self.make(), "_fleetsign" in users)

    def test_the_names_that_it_is_made_out_to_are_hosts_of_ours(self):
        server = self.serve(self.listen_lines(self.make("car.example", "localhost", "2001:db8::1")))
        port = urllib.parse.urlsplit(server.url).port
        for host, status in (("car.example", 401), ("[2001:db8::1]", 401), ("localhost", 401), ("evil.example", 403)):
            with self.subTest(host):
                connection = self.connect(server.url)
                connection.request("GET", "/api/1/vehicles", headers={"Host": f"{host}:{port}"})
                self.assertEqual(connection.getresponse().status, status)

    def test_who_does_not_trust_it_does_not_get_through(self):
        server = self.serve(self.listen_lines(self.make()))
        other = self.place / "other"
        other.mkdir()
        self.assertEqual(run("make-cert", "--out", other).returncode, 0)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.get(server.url, cert=other / "tls-cert.pem")

    def test_a_new_pair_is_served_without_a_restart(self):
        server = self.serve(self.listen_lines(self.make()))
        other = self.place / "other"
        other.mkdir()
        self.assertEqual(run("make-cert", "--out", other).returncode, 0)
        os.replace(other / "tls-key.pem", self.key)
        os.replace(other / "tls-cert.pem", self.cert)

        def is_shown():
            try:
                return self.get(server.url) == b"OK"
            except ssl.SSLCertVerificationError:
                return False

        eventually(is_shown, "the new certificate is shown")

    def test_the_key_is_for_its_owner_only_and_nothing_is_overwritten(self):
        self.make()
        self.assertEqual((mode_of(self.cert), mode_of(self.key)), (0o644, 0o600))
        before = self.cert.read_bytes(), self.key.read_bytes()
        ended = run("make-cert", "--out", self.place)
        self.assertEqual(ended.returncode, 74, ended)
        self.assertIn("exists already", ended.stderr)
        self.assertEqual((self.cert.read_bytes(), self.key.read_bytes()), before)

    def test_the_files_may_have_names_of_their_own(self):
        cert, key = self.place / "a.pem", self.place / "it's b.pem"
        ended = run("make-cert", "--cert", cert, "--key", key, "--days", 30)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn(f"key_file: '{self.place}/it''s b.pem'", ended.stdout)
        self.cert = cert
        self.assertEqual(self.get(self.serve(self.listen_lines(ended.stdout)).url), b"OK")

    def test_relative_names_are_printed_so_that_they_hold_elsewhere(self):
        ended = run("make-cert", cwd=self.place)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn(f"cert_file: {self.cert}\n", ended.stdout)

    def test_what_is_no_name_is_a_mistake_of_usage(self):
        for wrong in (["https://car.example"], ["car.example:443"], ["--days", "0"], ["--days", "826"],
                      ["--cert", "x"]):
            with self.subTest(wrong):
                ended = run("make-cert", "--out", self.place, *wrong)
                self.assertEqual(ended.returncode, 64, ended)
        self.assertEqual(list(self.place.iterdir()), [])

    def test_a_key_alone_is_a_mistake_of_usage(self):
        for alone in ("--key", "--cert"):
            with self.subTest(alone):
                self.assertEqual(run("make-cert", alone, self.place / "x").returncode, 64)

    def test_a_certificate_that_cannot_be_used_is_named_at_start(self):
        listen = self.listen_lines(self.make())
        self.key.chmod(0o644)
        path = self.place / "fleetsign.yaml"
        path.write_text(f"key_file: {self.folder / 'private.pem'}\n{listen}")
        for check in ((), ("--check",)):
            ended = run("serve", *check, "--config", path)
            self.assertEqual((ended.returncode, ended.stdout), (77, ""), ended)
            self.assertIn(f"https://127.0.0.1:0: {self.key}: others than its owner may read or write it",
                          ended.stderr)
            self.assertIn(f"hint: chmod 600 {self.key}", ended.stderr)

    def test_a_check_finds_a_certificate_that_is_missing_or_not_the_keys(self):
        listen = self.listen_lines(self.make())
        path = self.place / "fleetsign.yaml"
        path.write_text(f"key_file: {self.folder / 'private.pem'}\n{listen}")
        check = ("serve", "--check", "--config", path)
        self.assertEqual(run(*check).returncode, 0)
        other = self.place / "other"
        other.mkdir()
        self.assertEqual(run("make-cert", "--out", other).returncode, 0)
        os.replace(other / "tls-cert.pem", self.cert)
        self.assertEqual(run(*check).returncode, 78)
        self.cert.unlink()
        checked, started = run(*check), run(*check[:1], *check[2:])
        self.assertEqual((checked.returncode, checked.stderr), (started.returncode, started.stderr))
        self.assertNotEqual(checked.returncode, 0)
        self.assertIn(str(self.cert), checked.stderr)


if __name__ == "__main__":
    unittest.main()
