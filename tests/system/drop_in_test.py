# SPDX-License-Identifier: Apache-2.0
"""Under the name tesla-http-proxy: what starts Tesla's own proxy starts it, and its clients get what they look at."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
import urllib.parse

from harness import BINARY, PATIENCE, TOKEN, Case, Server, Simulator, environment, run, vin

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "migrating.md"
TELEMETRY = {"vins": [vin()], "config": {"hostname": "telemetry.example.com", "port": 4443, "ca": "-----BEGIN CERTIFICATE-----\n",
                                         "fields": {"Soc": {"interval_seconds": 60}}}}


def free_port():
    """It was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class DropInCase(Case):
    """A simulated fleet, and a folder as users of tesla-http-proxy have it: config/ with two keys and a certificate."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.simulator = Simulator(cls.folder, vehicles=2)
        cls.addClassCleanup(cls.simulator.stop)
        cls.config = cls.folder / "config"
        cls.config.mkdir()
        cls.cert, cls.tls_key, cls.key = (cls.config / name for name in ("tls-cert.pem", "tls-key.pem", "fleet-key.pem"))
        shutil.copy(cls.folder / "private.pem", cls.key)
        # Of another curve than ours, without names but the common one: what people have made by hand.
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1",
                        "-subj", "/CN=localhost", "-days", "30", "-keyout", cls.tls_key, "-out", cls.cert],
                       check=True, capture_output=True, timeout=PATIENCE)
        cls.tls_key.chmod(0o600)
        cls.programs = cls.folder / "bin"
        cls.programs.mkdir()
        cls.program = cls.programs / "tesla-http-proxy"
        cls.program.symlink_to(BINARY)
        (cls.programs / "fleetsign").symlink_to(BINARY)
        cls.upstream = {"FLEETSIGN_FLEET_API_BASE_URL": cls.simulator.url}
        cls.needed = ("-tls-key", cls.tls_key, "-cert", cls.cert, "-key-file", cls.key)

    def serve(self, *flags, env=None):
        return self.start(Server(*flags, env={**self.upstream, **(env or {})}, binary=self.program))

    def serve_usually(self, *flags, env=None):
        return self.serve(*self.needed, "-port", 0, *flags, env=env)

    def refused(self, *flags, status=64, env=None):
        ended = run(*flags, binary=self.program, env={**self.upstream, **(env or {})})
        self.assertEqual((ended.returncode, ended.stdout), (status, ""), ended.stderr)
        self.assertTrue(ended.stderr.startswith("fleetsign: error: "), ended.stderr)
        return ended.stderr

    def curl(self, server, target, *options, token=TOKEN):
        """As a script does it: the status, and what it prints."""
        port = urllib.parse.urlsplit(server.url).port
        authorization = ["--header", f"Authorization: Bearer {token}"] if token else []
        asked = subprocess.run(["curl", "--silent", "--show-error", "--write-out", "\n%{http_code}", "--cacert", self.cert,
                                *authorization, *options, f"https://localhost:{port}{target}"],
                               capture_output=True, text=True, timeout=PATIENCE, env=environment({"HTTPS_PROXY": ""}))
        self.assertEqual(asked.returncode, 0, asked.stderr)
        body, _, status = asked.stdout.rpartition("\n")
        return int(status), body

    def command(self, server, name, body="{}", *options, car=vin(), **more):
        status, text = self.curl(server, f"/api/1/vehicles/{car}/command/{name}", "--header",
                                 "Content-Type: application/json", "--data", body, *options, **more)
        return status, json.loads(text)


class Clients(DropInCase):
    """Scripts with curl, as tesla-http-proxy's documentation has people write them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proxy = Server(*cls.needed, "-port", 0, env=cls.upstream, binary=cls.program)
        cls.addClassCleanup(cls.proxy.stop)

    def test_a_command(self):
        status, reply = self.command(self.proxy, "flash_lights")
        self.assertEqual((status, reply["response"]), (200, {"result": True, "reason": ""}))
        self.assertEqual(list(reply)[:3], ["response", "error", "error_description"])
        self.assertEqual(self.simulator.vehicle(vin())["executed"][-1]["name"], "flash_lights")

    def test_a_command_that_the_vehicle_declines(self):
        self.command(self.proxy, "charge_stop")
        status, reply = self.command(self.proxy, "charge_stop")
        self.assertEqual((status, reply["response"]), (200, {"result": False, "reason": "not_charging"}))

    def test_a_wake_up(self):
        status, text = self.curl(self.proxy, f"/api/1/vehicles/{vin()}/wake_up", "--request", "POST")
        self.assertEqual((status, json.loads(text)["response"]["state"]), (200, "online"))

    def test_a_vehicles_data(self):
        status, text = self.curl(self.proxy, f"/api/1/vehicles/{vin()}/vehicle_data")
        self.assertEqual((status, json.loads(text)["response"]["vin"]), (200, vin()))

    def test_a_telemetry_configuration(self):
        status, text = self.curl(self.proxy, "/api/1/vehicles/fleet_telemetry_config", "--header",
                                 "Content-Type: application/json", "--data", json.dumps(TELEMETRY))
        self.assertEqual((status, json.loads(text)["response"]["updated_vehicles"]), (200, 1))

    def test_health_without_a_token(self):
        self.assertEqual(self.curl(self.proxy, "/health", token=None), (200, "OK"))
        status, head = self.curl(self.proxy, "/health", "--head", token=None)
        self.assertEqual(status, 200)
        self.assertIn("200", head.splitlines()[0])

    def test_failures_have_statuses_of_their_own_and_the_texts_that_clients_look_for(self):
        self.simulator.order(vin(2), "asleep")  # from which it does not wake by itself
        status, reply = self.command(self.proxy, "flash_lights", car=vin(2))
        self.assertEqual((status, reply["response"]), (408, None))
        self.assertIn("vehicle is offline or asleep", reply["error"])
        self.simulator.order(vin(), "unpaired")
        status, reply = self.command(self.proxy, "honk_horn")
        self.assertEqual((status, reply["error"]),
                         (412, "vehicle rejected request: your public key has not been paired with the vehicle"))
        for name, body, token, expected in (("actuate_trunk", '{"which_trunk": 1}', TOKEN, 400),
                                            ("flash_lights", "{}", None, 401)):
            status, reply = self.command(self.proxy, name, body, token=token)
            self.assertEqual((status, reply["response"]), (expected, None))


class Starting(DropInCase):
    def test_every_flag_at_once(self):
        cache = self.folder / "cache.json"
        server = self.serve("--tls-key", self.tls_key, f"-cert={self.cert}", f"--key-file={self.key}", "-host", "127.0.0.1",
                            "-port", "0", "-timeout", "1m30s", "-verbose", "-session-cache", cache, "-disable-session-cache",
                            "-domain", "vcsec", "--")
        self.assertTrue(server.url.startswith("https://127.0.0.1:"))
        self.assertEqual(self.command(server, "flash_lights")[0], 200)
        self.assertEqual(self.curl(server, "/health"), (200, "OK"))
        self.assertTrue((self.folder / "cache.json.fleetsign" / "state.db").exists())
        self.assertFalse(cache.exists())
        log = server.log()
        for said in (f"note: -session-cache: sessions are kept in the folder {cache}.fleetsign",
                     "note: -disable-session-cache has no effect", "note: -domain has no effect"):
            self.assertIn(said, log)
        self.assertNotIn("warning", log)
        self.assertNotIn(TOKEN, log)
        self.assertEqual(server.stop(), 0)

    def test_the_environment_of_the_page_and_a_local_key_for_its_callers(self):
        named = dict(re.findall(r"^      - (TESLA_\w+)=(.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
        self.assertEqual(len(named), 8)
        places = {"/config": self.config, "/state": self.folder}
        env = {name: re.sub("^/(config|state)", lambda place: str(places[place[0]]), value) for name, value in named.items()}
        env["TESLA_HTTP_PROXY_PORT"] = "0"
        server = self.serve(env={**env, "FLEETSIGN_HOSTS": "tesla_http_proxy"})
        self.assertTrue(server.url.startswith("https://0.0.0.0:"))
        state = self.folder / "sessions.fleetsign"
        self.assertRegex(server.log(), r"warning: TESLA_HTTP_PROXY_HOST: 0\.0\.0\.0 reaches beyond this machine.*\n"
                                       rf"hint: `fleetsign client add NAME --state-dir '{state}'`")
        self.assertEqual(self.curl(server, "/health", token=None), (200, "OK"))
        self.assertEqual(self.command(server, "flash_lights")[0], 401)
        added = run("client", "add", "panel", "--state-dir", state)
        self.assertEqual(added.returncode, 0, added.stderr)
        known = ("--header", f"X-Authorization: Bearer {added.stdout.strip()}")
        self.assertEqual(self.command(server, "flash_lights", "{}", *known)[0], 200)
        for host, expected in (("tesla_http_proxy", 200), ("evil.example", 403)):
            self.assertEqual(self.command(server, "flash_lights", "{}", *known, "--header", f"Host: {host}:4443")[0], expected)

    def test_a_flag_counts_before_its_variable(self):
        server = self.serve_usually("-host", "127.0.0.1", env={"TESLA_HTTP_PROXY_HOST": "0.0.0.0", "TESLA_KEY_FILE": "/nowhere",
                                                               "TESLA_KEY_NAME": "me", "TESLA_KEYRING_TYPE": "file"})
        self.assertTrue(server.url.startswith("https://127.0.0.1:"))

    def test_the_timeout_is_that_of_a_command(self):
        server = self.serve_usually("-timeout", "2s")
        self.command(server, "flash_lights")
        self.simulator.order(vin(), "delay", ms=30_000)
        self.addCleanup(self.simulator.request, "DELETE", f"/sim/v1/vehicles/{vin()}/faults")
        status, reply = self.command(server, "flash_lights")
        self.assertEqual((status, reply["executed"]), (504, "unknown"))

    def test_a_file_of_ours_is_read_where_a_variable_names_it(self):
        file = self.folder / "more.yaml"
        file.write_text("unknown_commands: reject\nlisten: http://127.0.0.1:0\n")
        server = self.serve_usually(env={"FLEETSIGN_CONFIG": str(file)})
        self.assertTrue(server.url.startswith("https://"))
        status, reply = self.command(server, "no_such_command")
        self.assertEqual((status, reply["error"]), (400, "invalid_command"))

    def test_its_usage_is_its_own(self):
        for flag in ("-h", "--help"):
            asked = run(flag, binary=self.program)
            self.assertEqual((asked.returncode, asked.stderr), (0, ""))
            self.assertIn("-tls-key FILE  [TESLA_HTTP_PROXY_TLS_KEY]", asked.stdout)
        self.assertIn("serve", run("--help").stdout)


class Refusals(DropInCase):
    def test_the_keyring(self):
        for flags in (("-key-name", "me"), ("-keyring-type", "file"), ("-keyring-file-dir=/x",), ("-keyring-debug",)):
            with self.subTest(flags):
                said = self.refused(*self.needed, *flags)
                self.assertIn("keys in a keyring are not read", said)
                self.assertRegex(said, "hint: .*tesla-keygen export.*-key-file")
        for name in ("TESLA_KEY_NAME", "TESLA_KEYRING_TYPE"):
            self.assertIn(f"{name}: keys in a keyring are not read", self.refused(*self.needed[:4], env={name: "me"}))

    def test_what_is_wrong_with_a_flag(self):
        for flags, said in ((("-tls-keys", "x"), "did you mean -tls-key?"), (("-verbose", "false"), "-verbose=false"),
                            (("-port", "https"), "is not a port"), (("-timeout", "10"), "such as 10s"),
                            (("-host", "proxy.example"), "0.0.0.0"), (("-port",), "-port needs a value"),
                            (("serve",), "sub-commands are those of `fleetsign`")):
            with self.subTest(flags):
                self.assertIn(said, self.refused(*self.needed, *flags))
        for missing in range(0, 6, 2):
            others = (*self.needed[:missing], *self.needed[missing + 2:])
            self.assertIn(f"{self.needed[missing]} FILE is missing", self.refused(*others))

    def test_what_is_wrong_with_files_and_ports_ends_it_as_it_ends_serve(self):
        self.assertIn("/nowhere", self.refused("-cert", self.cert, "-tls-key", self.tls_key, "-key-file", "/nowhere", status=66))
        self.refused("-cert", self.key, "-tls-key", self.tls_key, "-key-file", self.key, "-port", 0, status=78)
        open_key = self.folder / "open.pem"
        shutil.copy(self.key, open_key)
        open_key.chmod(0o644)
        self.assertIn("chmod 600", self.refused("-cert", self.cert, "-tls-key", self.tls_key, "-key-file", open_key, status=77))
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.assertIn("address already in use", self.refused(*self.needed, "-port", port, status=69))
        file = self.folder / "bad.yaml"
        file.write_text("nonsense: 1\n")
        self.assertIn("nonsense", self.refused(*self.needed, "-port", 0, status=78, env={"FLEETSIGN_CONFIG": str(file)}))


class Page(DropInCase):
    def test_the_lines_of_the_page_change_a_machine_over(self):
        blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        elsewhere = re.compile(r"\b(docker|tesla-keygen)\b")  # programs that are not here
        script = "".join(block for block in blocks if not elsewhere.search(block)).replace("4443", str(free_port()))
        place = tempfile.TemporaryDirectory(dir=self.folder)
        self.addCleanup(place.cleanup)
        (pathlib.Path(place.name) / "config").symlink_to(self.config)
        env = environment({**self.upstream, "PATH": f"{self.programs}:{os.environ['PATH']}", "TESLA_AUTH_TOKEN": TOKEN,
                           "VIN": vin(2)})
        shell = subprocess.Popen(["bash", "-euo", "pipefail"], cwd=place.name, env=env, stdin=subprocess.PIPE, text=True,
                                 start_new_session=True)
        self.addCleanup(self.end_all, shell)
        # The servers that it starts keep its output open, so its end is told by itself.
        shell.stdin.write(f"exec > walk.log 2>&1\n{script}\n")
        shell.stdin.close()
        status = shell.wait(PATIENCE)
        said = (pathlib.Path(place.name) / "walk.log").read_text(encoding="utf-8")
        self.assertEqual(status, 0, said)
        executed = [each["name"] for each in self.simulator.vehicle(vin(2))["executed"]]
        self.assertEqual(executed, ["door_unlock", "door_lock"], said)
        self.assertEqual(json.loads((pathlib.Path(place.name) / "before.json").read_text())["response"]["vin"], vin(2))
        self.assertRegex((pathlib.Path(place.name) / "proxy.log").read_text(), r"^ready https://127\.0\.0\.1:")

    def end_all(self, shell):
        """The shell's own session: what it has started, and nothing else."""
        try:
            os.killpg(shell.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        shell.wait()


if __name__ == "__main__":
    unittest.main()
