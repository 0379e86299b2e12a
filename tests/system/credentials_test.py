# SPDX-License-Identifier: Apache-2.0
"""Who is let in: local keys, client certificates, users of a socket, and what strangers learn, which is always the same."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from harness import PATIENCE, TOKEN, Case, Daemon, Simulator, eventually, run, vin

CARS = "/api/1/vehicles"
NOBODY, SOMEBODY = 65534, 12345  # users of this machine's that no entry but a test's names
STAFF = 54321  # a group likewise


def curl(url, *arguments, user=None, group=None):
    """(status, body without the request's id, which is each one's own)."""
    asked = subprocess.run(["curl", "-s", "-w", "\n%{http_code}", *map(str, arguments), url], user=user, group=group or user,
                           extra_groups=None if user is None else [], capture_output=True, text=True, timeout=PATIENCE)
    body, _, status = asked.stdout.rpartition("\n")
    try:
        body = {name: value for name, value in json.loads(body).items() if name != "request_id"}
    except ValueError:
        pass
    return int(status), body


def bearing(key):
    return "-H", f"Authorization: Bearer {key}"


class CredentialsCase(Case):
    def setUp(self):
        self.state = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        self.token = self.folder / "token"
        self.token.write_text("managed-secret\n")
        self.token.chmod(0o600)
        self.config = f"accounts: {{home: {{access_token_file: {self.token}}}}}\nlog: {{level: debug}}\n"

    @property
    def environment(self):
        return {"STATE_DIRECTORY": str(self.state)}

    def client(self, *arguments, **more):
        return run("client", *arguments, env=self.environment, **more)

    def add(self, name, *arguments):
        added = self.client("add", name, *arguments)
        self.assertEqual(added.returncode, 0, added.stderr)
        self.assertRegex(added.stdout, r"\Afsk_[\w-]{56}\n\Z")
        return added.stdout.strip()

    def serve(self, callers, listen="http://127.0.0.1:0"):
        simulator = self.start(Simulator(self.folder))
        path = self.folder / "serve.yaml"
        path.write_text(f"listen: {json.dumps(listen)}\nkey_file: {self.folder / 'private.pem'}\n"
                        f"fleet_api: {{base_url: {simulator.url}}}\ncallers: {json.dumps(callers)}\n{self.config}")
        return self.start(_Serving(path, self.environment))


class _Serving(Daemon):
    def __init__(self, config, environment):
        super(Daemon, self).__init__("serve", "--config", config, env=environment)


class Keys(CredentialsCase):
    CALLERS = [{"name": "wall", "account": "home"}]

    def test_a_key_works_at_once_and_after_a_restart_until_it_is_revoked(self):
        daemon = self.serve(self.CALLERS)
        key = self.add("wall")
        self.assertEqual(curl(daemon.url + CARS, *bearing(key))[0], 200)
        self.assertEqual(curl(f"{daemon.url}/api/1/vehicles/{vin()}/command/honk_horn", "-X", "POST", *bearing(key))[0], 200)
        daemon.stop()
        daemon = self.serve(self.CALLERS)
        self.assertEqual(curl(daemon.url + CARS, *bearing(key))[0], 200)
        self.assertEqual(self.client("revoke", "wall").returncode, 0)
        self.assertEqual(curl(daemon.url + CARS, *bearing(key))[0], 401)
        self.assertEqual(curl(daemon.url + CARS, *bearing(self.add("wall")))[0], 200)

    def test_a_key_that_was_made_without_a_daemon_works_when_one_starts(self):
        key, revoked = self.add("wall"), self.add("gone")
        self.assertEqual(self.client("revoke", "gone").returncode, 0)
        daemon = self.serve(self.CALLERS)
        self.assertEqual(curl(daemon.url + CARS, *bearing(key))[0], 200)
        self.assertEqual(curl(daemon.url + CARS, *bearing(revoked))[0], 401)

    def test_strangers_learn_the_same_whatever_is_wrong_with_their_key(self):
        daemon = self.serve(self.CALLERS)
        expired = self.add("expired", "--expires", "1s")
        eventually(lambda: self.listed()["expired"]["expired"], "the key expires")
        revoked = self.add("revoked")
        self.client("revoke", "revoked")
        good = self.add("wall")
        wrong = good[:-1] + ("A" if good[-1] != "A" else "B")
        answers = [curl(daemon.url + CARS, *bearing(key))
                   for key in (expired, revoked, wrong, "fsk_" + "A" * 56, "fsk_", "fsk_short", "fsk_" + "A" * 5000)]
        self.assertEqual(answers[0][0], 401)
        self.assertEqual(answers[0][1]["error_code"], "not_authenticated")
        self.assertEqual([answer for answer in answers if answer != answers[0]], [])
        self.assertEqual(curl(daemon.url + CARS, *bearing(TOKEN), "-H", f"X-Authorization: Bearer {wrong}"), answers[0])

    def test_keys_and_tokens_are_in_no_log_and_no_state(self):
        daemon = self.serve(self.CALLERS)
        good = self.add("wall")
        for key in (good, good[:-1] + "!", "fsk_" + "z" * 56):
            curl(daemon.url + CARS, *bearing(key))
            curl(daemon.url + CARS, *bearing("tesla-secret"), "-H", f"X-Authorization: Bearer {key}")
        told = [json.dumps(curl(daemon.url + target, *bearing(good))[1])
                for target in ("/metrics", "/fleetsign/v1/status", "/fleetsign/v1/sessions")]
        told += [self.client("list").stdout, self.client("list", "--json").stdout, daemon.log()]
        for place in told:
            for secret in (good, good[16:50], "z" * 56, "tesla-secret", "managed-secret"):
                self.assertNotIn(secret, place)
        daemon.stop()
        for file in self.state.iterdir():
            if file.is_file():
                self.assertNotIn(good[16:].encode(), file.read_bytes())

    def listed(self):
        listed = self.client("list", "--json")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        return {client["name"]: client for client in json.loads(listed.stdout)}

    def test_clients_are_listed_with_a_daemon_and_without(self):
        self.add("b", "--expires", "90d")
        for name, names in (("a", ["a", "b"]), ("c", ["a", "b", "c"])):
            if name == "c":
                self.serve(self.CALLERS)
            with self.subTest(names):
                self.add(name)
                self.assertEqual(list(self.listed()), names)
                client = self.listed()["b"]
                self.assertEqual(client["expires"] - client["created"], 90 * 86400)
                words = self.client("list").stdout.splitlines()
                self.assertRegex(words[0], r"^a  made \d{4}-\d\d-\d\d \d\d:\d\d UTC  expires never$")
                self.assertEqual(len(words), len(names))

    def test_what_cannot_be_done_is_said_with_a_daemon_and_without(self):
        missing = self.client("list")
        self.assertEqual((missing.returncode, missing.stdout), (66, ""))
        self.assertEqual(self.client("revoke", "a").returncode, 66)
        self.add("a")
        for runs in (False, True):
            if runs:
                self.serve(self.CALLERS)
            for arguments, status, words in ((("add", "a"), 1, "there is a client a already"),
                                             (("revoke", "b"), 1, "there is no client b"),
                                             (("add", "A b"), 64, "not a client's name"),
                                             (("revoke", "*"), 64, "not a client's name"),
                                             (("add", "b", "--expires", "90"), 64, "--expires"),
                                             (("add", "b", "--expires", "0d"), 64, "--expires"),
                                             (("add", "b", "--expires", "9999999999d"), 64, "--expires"),
                                             (("add",), 64, "NAME"), ((), 64, "subcommand")):
                with self.subTest(arguments, runs=runs):
                    ended = self.client(*arguments)
                    self.assertEqual((ended.returncode, ended.stdout), (status, ""), ended.stderr)
                    self.assertIn(words, ended.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to become another user")
    def test_a_state_that_is_another_users_is_not_touched(self):
        self.folder.chmod(0o755)
        self.add("a")
        for arguments in (("add", "b"), ("list",), ("revoke", "a")):
            ended = self.client(*arguments, user=NOBODY)
            self.assertEqual((ended.returncode, ended.stdout), (77, ""), ended.stderr)
            self.assertRegex(ended.stderr, r"\Afleetsign: error: .*\nhint: run this as the daemon's user")
        self.assertEqual(list(self.listed()), ["a"])
        ended = run("state", "backup", self.folder / "copy.db", env=self.environment, user=NOBODY)
        self.assertEqual((ended.returncode, ended.stdout), (77, ""), ended.stderr)

    def test_a_key_that_nobody_could_read_is_said_to_be_lost(self):
        with open("/dev/full", "w") as full:
            ended = subprocess.run([os.environ["FLEETSIGN"], "client", "add", "a"], stdout=full, stderr=subprocess.PIPE,
                                   text=True, timeout=PATIENCE, env={**os.environ, **self.environment})
        self.assertEqual(ended.returncode, 74)
        self.assertIn("the key is lost", ended.stderr)


class Accounts(CredentialsCase):
    def test_a_token_is_read_anew_when_its_file_changes_and_asked_for_when_it_is_gone(self):
        daemon = self.serve([{"name": "wall", "account": "home"}, {"name": "guest"}])
        key, guest = self.add("wall"), self.add("guest")
        self.assertEqual(curl(daemon.url + CARS, *bearing(key))[0], 200)
        self.token.unlink()
        status, body = curl(daemon.url + CARS, *bearing(key))
        self.assertEqual(status, 503)
        self.assertIn(str(self.token), body["error"])
        self.token.write_text("another\n")
        self.assertEqual(curl(daemon.url + CARS, *bearing(key))[0], 503)  # others may read it
        self.token.chmod(0o600)
        self.assertEqual(curl(daemon.url + CARS, *bearing(key))[0], 200)
        status, body = curl(daemon.url + CARS, *bearing(guest))
        self.assertEqual((status, body["error"]), (401, "this caller has no account that it could use"))
        self.assertEqual(curl(daemon.url + "/fleetsign/v1/status", *bearing(guest))[0], 200)


class Certificates(CredentialsCase):
    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=PATIENCE, cwd=self.folder)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                     f"/CN={name}", "-days", 1, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{name}.key", "-out",
                     f"{name}.pem")
        (self.folder / f"{name}.key").chmod(0o600)

    def certificate(self, file, name, authority="clients", days=1):
        """Signed by an authority for so many days, -1 for one that is over: curl's arguments that show it."""
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", f"{file}.key", "-out", f"{file}.csr")
        self.openssl("x509", "-req", "-in", f"{file}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
                     "-CAcreateserial", "-days", days, "-out", f"{file}.pem")
        return "--cert", self.folder / f"{file}.pem", "--key", self.folder / f"{file}.key"

    def fingerprint(self, file):
        shown = subprocess.run(["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", self.folder / f"{file}.pem"],
                               check=True, capture_output=True, text=True, timeout=PATIENCE)
        return shown.stdout.strip().partition("=")[2]

    def test_a_certificate_is_its_entrys_and_another_one_nobodys_account(self):
        self.authority("server")
        self.authority("clients")
        named, printed = self.certificate("named", "wall charger"), self.certificate("printed", "any name")
        other = self.certificate("other", "other")
        tls = {"cert_file": str(self.folder / "server.pem"), "key_file": str(self.folder / "server.key")}
        with_clients = {**tls, "client_ca_file": str(self.folder / "clients.pem")}
        daemon = self.serve([{"name": "named", "certificate": "wall charger", "account": "home"},
                             {"name": "printed", "certificate": self.fingerprint("printed"), "account": "home"}],
                            [{"url": "https://127.0.0.1:0", "tls": with_clients},
                             {"url": "https://0.0.0.0:0", "tls": tls, "callers": "known"},
                             {"url": "https://127.0.0.1:0", "tls": with_clients, "behind_proxy": True}])
        first, known, proxied = (daemon.url, *(daemon.process.stdout.readline().split()[1] for _ in range(2)))
        trust = "--cacert", self.folder / "server.pem"
        self.assertEqual(curl(first + CARS, *trust, *named)[0], 200)
        self.assertEqual(curl(first + CARS, *trust, *printed)[0], 200)
        self.assertEqual(curl(first + CARS, *trust, *other)[1]["error"], "this caller has no account that it could use")
        self.assertEqual(curl(first + CARS, *trust, *other, *bearing(TOKEN))[0], 200)
        self.assertEqual(curl(first + CARS, *trust, *bearing(TOKEN))[0], 0)  # none: no connection
        self.assertEqual(curl(proxied + CARS, *trust, *named)[1]["error"], "the request carries no token")

        beyond = known.replace("0.0.0.0", "127.0.0.1") + CARS
        strangers = [curl(beyond, *trust, *shown) for shown in ((), bearing(TOKEN), named, (*named, *bearing(TOKEN)))]
        self.assertEqual(strangers[0][0], 401)
        self.assertEqual([stranger for stranger in strangers if stranger != strangers[0]], [])
        key = self.add("named")
        self.assertEqual(curl(beyond, *trust, *bearing(key))[0], 200)
        self.assertEqual(curl(beyond, *trust, *bearing(TOKEN), "-H", f"X-Authorization: Bearer {key}")[0], 200)

    def test_a_certificate_that_is_over_or_of_another_authority_gets_no_connection(self):
        for name in ("server", "clients", "foreign"):
            self.authority(name)
        tls = {"cert_file": str(self.folder / "server.pem"), "key_file": str(self.folder / "server.key"),
               "client_ca_file": str(self.folder / "clients.pem")}
        daemon = self.serve([{"name": "panel", "certificate": "panel", "account": "home"}],
                            [{"url": "https://127.0.0.1:0", "tls": tls}])
        trust = "--cacert", self.folder / "server.pem"
        self.assertEqual(curl(daemon.url + CARS, *trust, *self.certificate("good", "panel"))[0], 200)
        for shown in (self.certificate("expired", "panel", days=-1), self.certificate("foreign-one", "panel", "foreign")):
            for more in ((), bearing(TOKEN)):
                with self.subTest(shown[1].name, more=more):
                    self.assertEqual(curl(daemon.url + CARS, *trust, *shown, *more)[0], 0)


@unittest.skipUnless(os.geteuid() == 0, "needs root, to become other users")
class Sockets(CredentialsCase):
    def test_users_and_groups_of_a_socket_are_who_the_kernel_says(self):
        self.folder.chmod(0o755)
        path, proxy = self.folder / "api.sock", self.folder / "proxy.sock"
        daemon = self.serve([{"name": "panel", "user": str(SOMEBODY), "account": "home"},
                             {"name": "staff", "group": str(STAFF), "account": "home"}],
                            [{"url": f"unix:{path}", "mode": "0666"}, "http://127.0.0.1:0",
                             {"url": f"unix:{proxy}", "mode": "0666", "behind_proxy": True}])
        tcp = daemon.process.stdout.readline().split()[1]
        there, url = ("--unix-socket", path), "http://localhost" + CARS
        self.assertEqual(curl(url, *there, user=SOMEBODY)[0], 200)
        self.assertEqual(curl(url, *there, user=NOBODY, group=STAFF)[0], 200)
        self.assertEqual(curl(url, *there, user=NOBODY)[1]["error"], "the request carries no token")
        self.assertEqual(curl(url, *there, *bearing(TOKEN), user=NOBODY)[0], 200)
        self.assertEqual(curl(tcp + CARS, user=SOMEBODY)[0], 401)
        self.assertEqual(curl(url, "--unix-socket", proxy, user=SOMEBODY)[0], 401)

        for field in ("X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "X-Real-IP: 192.0.2.1"):
            with self.subTest(field):
                status, body = curl(url, *there, "-H", field, user=SOMEBODY)
                self.assertEqual((status, body["error_code"]), (403, "not_allowed"))
                self.assertIn("behind_proxy", body["hint"])
                self.assertEqual(curl(url, "--unix-socket", proxy, "-H", field, *bearing(TOKEN))[0], 200)

    def test_an_entry_for_a_user_that_there_is_not_refuses_the_start(self):
        path = self.folder / "wrong.yaml"
        path.write_text(f"key_file: {self.folder / 'private.pem'}\ncallers: [{{name: a, user: no-such-user}}]\n")
        for flags in ((), ("--check",)):
            ended = run("serve", "--config", path, *flags)
            self.assertEqual((ended.returncode, ended.stdout), (78, ""), ended.stderr)
            self.assertIn('this machine has no user "no-such-user"', ended.stderr)


if __name__ == "__main__":
    unittest.main()
