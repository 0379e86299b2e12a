# SPDX-License-Identifier: Apache-2.0
"""A key that is replaced while its vehicles are commanded: the walk of docs/onboarding.md, from the old one to the next."""

import base64
import json
import subprocess
import unittest

from harness import BINARY, PATIENCE, TOKEN, Case, Daemon, Server, environment, run, vin

DOMAIN = "fleet.example"
KEY = "/.well-known/appspecific/com.tesla.3p.public-key.pem"
TELEMETRY = "/api/1/vehicles/fleet_telemetry_config"
CONFIG = {"hostname": "telemetry.example.com", "ca": "PEM", "fields": {}}
NAMES = f"domain: {DOMAIN}\nvehicles: {{garage: {vin(1)}, van: {vin(2)}}}\n"


class Rotation(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        made = run("keygen", "--out", cls.folder / "next.pem")
        assert made.returncode == 0, made
        (cls.folder / "next-public.pem").write_text(made.stdout)
        cls.state = environment()["STATE_DIRECTORY"]
        cls.next = f"next_key_file: {cls.folder / 'next.pem'}\n"

    def setUp(self):
        self.simulator = self.start(Server("simulate", "--listen", "127.0.0.1:0", "--vehicles", "2", "--key",
                                           self.folder / "public.pem", "--key", self.folder / "next-public.pem"))

    def point(self, name):
        """The public key, uncompressed: the end of its DER."""
        return base64.b64decode("".join((self.folder / name).read_text().splitlines()[1:-1]))[-65:]

    def simulate(self, path, **body):
        reply = self.simulator.request("POST", "/sim/v1" + path, json.dumps(body))
        self.assertEqual(reply.status, 200, reply.body)

    def pair(self, car, name):
        """The vehicle accepts this key, and no other."""
        self.simulate(f"/vehicles/{car}/pairing", paired=False)
        self.simulate(f"/vehicles/{car}/pairing", paired=True, key=self.point(name)[1:5].hex())

    def serve(self, config, *flags):
        """Ends the daemon that ran, and goes on from its state."""
        if hasattr(self, "daemon"):
            self.assertEqual(self.daemon.stop(), 0)
        self.daemon = self.start(Daemon(self.folder, self.simulator.url, *flags, config=NAMES + config,
                                        env={"STATE_DIRECTORY": self.state}))
        # Any secret will do, as the simulator is told of no app.
        secret = self.folder / "client-secret"
        secret.write_text("secret")
        secret.chmod(0o600)
        settings = self.folder / "commands.yaml"
        settings.write_text(f"key_file: {self.folder / 'private.pem'}\nfleet_api: {{base_url: '{self.simulator.url}'}}\n"
                            f"oauth: {{client_id: simulated-client, client_secret_file: {secret}, "
                            f"token_url: '{self.simulator.url}/oauth2/v3/token'}}\n{NAMES}{config}")
        self.settings = ("--config", settings, *flags)
        return self.daemon

    def assert_obeys(self, car, name, requests=None):
        """By a command that is signed with that key."""
        reply = self.daemon.command("honk_horn", car=car)
        self.assert_accepted(reply)
        self.assertEqual(requests or reply.json["upstream_requests"], reply.json["upstream_requests"])
        signer = self.simulator.request("GET", f"/sim/v1/vehicles/{car}").json["executed"][-1]["key"]
        self.assertEqual(signer, self.point(name)[1:5].hex())

    def assert_unpaired(self, car, advice):
        reply = self.daemon.command("honk_horn", car=car)
        self.assert_failure(reply, 412, "key_not_paired")
        self.assertIn(f"https://tesla.com/_ak/{DOMAIN}", reply.json["hint"])
        self.assertIn(advice, reply.json["hint"])
        told = run("doctor", car, "--url", self.daemon.url, env={"FLEETSIGN_TOKEN": TOKEN})
        self.assertEqual(told.returncode, 1, told)
        self.assertIn(advice, told.stdout)

    def hosted(self):
        return self.daemon.request("GET", KEY).body.decode()

    def warned(self):
        return "another public key" in self.daemon.request("GET", "/ready").body.decode()

    def register(self):
        """Has Fleet API read the key at the domain, where the daemon is."""
        self.simulate("/oauth/hosted_keys", domain=DOMAIN, public_key=self.hosted_point())
        ended = run("register", "--key-url", self.daemon.url + KEY, *self.settings)
        self.assertEqual(ended.returncode, 0, ended)
        self.assertIn("with this key", ended.stdout)
        # The daemon knows of it by what passes through it.
        asked = self.daemon.get(f"/api/1/partner_accounts/public_key?domain={DOMAIN}")
        self.assertEqual(asked.status, 200, asked.body)

    def pair_by_phone(self, car):
        """What `pair` says while the owner follows its link, which it shows although the vehicle has the old key."""
        pairing = subprocess.Popen([BINARY, "pair", car, "--url", self.daemon.url, *self.settings], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment({"FLEETSIGN_TOKEN": TOKEN}))
        self.addCleanup(pairing.kill)
        vehicle = {"garage": vin(1), "van": vin(2)}[car]
        self.assertEqual(pairing.stdout.readline().strip(), f"https://tesla.com/_ak/{DOMAIN}?vin={vehicle}")
        self.pair(vehicle, "next-public.pem")
        said, told = pairing.communicate(timeout=PATIENCE)
        self.assertEqual(pairing.returncode, 0, told)
        self.assertIn(f"{vehicle} is paired", said)
        self.assertIn("the key of next_key_file", told)
        self.assertIn("Waiting for", told)

    def hosted_point(self):
        return base64.b64decode("".join(self.hosted().splitlines()[1:-1]))[-65:].hex()

    def configure(self, *cars):
        return self.daemon.request("POST", TELEMETRY, json.dumps({"vins": cars, "config": CONFIG}),
                                   {"Authorization": f"Bearer {TOKEN}"})

    def test_from_the_old_key_to_the_next_while_both_cars_obey(self):
        for car in (vin(1), vin(2)):
            self.pair(car, "public.pem")
        self.serve("")
        self.register()
        self.assertFalse(self.warned())
        self.assert_obeys(vin(1), "public.pem")
        self.assert_obeys(vin(2), "public.pem")

        # The next key is hosted, and registered; it signs for nobody yet.
        self.serve(self.next)
        self.assertEqual(self.hosted(), (self.folder / "next-public.pem").read_text())
        self.assertTrue(self.warned())
        self.register()
        self.assertFalse(self.warned())
        for car in (vin(1), vin(2)):
            self.assert_obeys(car, "public.pem", requests=1)  # the sessions go on

        # One car is paired anew: it is told apart until it is listed.
        self.pair_by_phone("garage")
        self.assert_unpaired(vin(1), "add the vehicle to `next_key_vehicles`")
        self.serve(self.next + "next_key_vehicles: [garage]\n")
        self.assert_obeys(vin(1), "next-public.pem")
        self.assert_obeys(vin(2), "public.pem", requests=1)
        self.assertEqual(self.daemon.get("/fleetsign/v1/status").json["keys"]["next_key_vehicles"], [vin(1)])
        told = run("status", "--url", self.daemon.url, env={"FLEETSIGN_TOKEN": TOKEN})
        self.assertIn("the next key signs for 1 vehicle,", told.stdout)
        self.assertEqual(self.configure(vin(1), vin(2)).status, 400)
        for car in (vin(1), vin(2)):
            self.assertEqual(self.configure(car).json["response"]["updated_vehicles"], 1)
            telemetry = self.simulator.request("GET", f"/sim/v1/vehicles/{car}").json["telemetry"]
            self.assertEqual(telemetry["error"], "")

        # The other one is listed before it is paired.
        self.serve(self.next + "next_key_vehicles: [garage, van]\n")
        self.assert_unpaired(vin(2), "take the vehicle out of `next_key_vehicles`")
        self.pair_by_phone("van")
        for car in (vin(1), vin(2)):
            self.assert_obeys(car, "next-public.pem")

        # All have moved: the next key is the key.
        self.serve("", "--key-file", self.folder / "next.pem")
        self.assertEqual(self.hosted(), (self.folder / "next-public.pem").read_text())
        self.assertFalse(self.warned())
        for car in (vin(1), vin(2)):
            self.assert_obeys(car, "next-public.pem", requests=1)

    def test_the_next_public_key_is_printed_where_it_is_asked_for(self):
        keys = ("--key-file", self.folder / "private.pem")
        both = (*keys, "--next-key-file", self.folder / "next.pem")
        self.assertEqual(run("pubkey", *both).stdout, (self.folder / "public.pem").read_text())
        self.assertEqual(run("pubkey", "--next", *both).stdout, (self.folder / "next-public.pem").read_text())
        ended = run("pubkey", "--next", *keys)
        self.assertEqual((ended.returncode, ended.stdout), (78, ""))
        self.assertIn("names no next_key_file", ended.stderr)
        ended = run("pubkey", "--next", *keys, "--next-key-file", self.folder / "none.pem")
        self.assertEqual((ended.returncode, ended.stdout), (66, ""))

    def test_the_same_key_twice_is_an_error_of_the_configuration(self):
        path = self.folder / "same.yaml"
        path.write_text(f"key_file: {self.folder / 'private.pem'}\nnext_key_file: {self.folder / 'private.pem'}\n")
        ended = run("serve", "--check", "--config", path)
        self.assertEqual((ended.returncode, ended.stdout), (78, ""))
        self.assertIn("next_key_file holds the same key as key_file", ended.stderr)

    def test_vehicles_of_a_next_key_that_there_is_not_are_an_error_of_the_configuration(self):
        path = self.folder / "none.yaml"
        path.write_text(f"key_file: {self.folder / 'private.pem'}\nnext_key_vehicles: [{vin(1)}]\n")
        for arguments in (("serve", "--check"), ("config", "check")):
            ended = run(*arguments, "--config", path)
            self.assertEqual((ended.returncode, ended.stdout), (78, ""))
            self.assertIn("none.yaml:2: next_key_vehicles: there is no next_key_file", ended.stderr)

    def test_the_command_line_signs_telemetry_with_the_key_of_the_vehicles(self):
        settings = ("--key-file", self.folder / "private.pem", "--next-key-file", self.folder / "next.pem",
                    "--next-key-vehicles", vin(1))
        file = self.folder / "telemetry.json"

        def issuer(*flags):
            ended = run("sign-telemetry", file, *settings, *flags)
            self.assertEqual(ended.returncode, 0, ended)
            claims = ended.stdout.split(".")[1]
            return base64.b64decode(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["iss"])
        for car, flags, key in ((vin(1), (), "next-public.pem"), (vin(2), (), "public.pem"), (vin(2), ("--next",), "public.pem"),
                                (None, (), "public.pem"), (None, ("--next",), "next-public.pem")):
            file.write_text(json.dumps({**({"vins": [car]} if car else {}), "config": CONFIG}))
            self.assertEqual(issuer(*flags), self.point(key), (car, flags))
        file.write_text(json.dumps({"vins": [vin(1), vin(2)], "config": CONFIG}))
        ended = run("sign-telemetry", file, *settings)
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertIn("vehicles of two keys", ended.stderr)
        ended = run("sign-telemetry", file, "--next", *settings[:2])
        self.assertEqual(ended.returncode, 78)
        self.assertIn("names no next_key_file", ended.stderr)


if __name__ == "__main__":
    unittest.main()
