# SPDX-License-Identifier: Apache-2.0
"""Regions: a token names one, the account belongs to another, and only the first request pays for that."""

import base64
import json
import pathlib
import signal
import tempfile
import unittest

from connect_proxy import ConnectProxy, TlsFront
from harness import Case, Daemon, Server, Simulator, run, vin

NA = "fleet-api.prd.na.vn.cloud.tesla.com"
EU = "fleet-api.prd.eu.vn.cloud.tesla.com"


def token_of(subject, **more):
    """One that names North America."""
    claims = {"iss": "https://auth.tesla.com", "sub": subject, "aud": [f"https://{NA}"], "ou_code": "NA", **more}
    return "e30." + base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode() + ".c2ln"


class Roaming(Daemon):
    """A daemon that has no base URL, and gets to Tesla's hosts through a proxy."""

    def __init__(self, folder, proxy, ca_file, state, more=""):
        path = pathlib.Path(tempfile.mkstemp(suffix=".yaml", dir=folder)[1])
        path.write_text(f"listen: http://127.0.0.1:0\nkey_file: {folder / 'private.pem'}\n"
                        f"fleet_api:\n  ca_file: {ca_file}\n{more}")
        Server.__init__(self, "serve", "--config", path,
                        env={"HTTPS_PROXY": proxy.url, "NO_PROXY": "", "no_proxy": "", "STATE_DIRECTORY": state})


class Region(Case):
    def setUp(self):
        tls = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        made = run("make-cert", "--out", tls, NA, EU)
        self.assertEqual(made.returncode, 0, made)
        self.cert = tls / "tls-cert.pem"
        self.state = tempfile.mkdtemp(dir=self.folder)
        self.regions = {host: self.start(Simulator(self.folder)) for host in (NA, EU)}
        fronts = {host: TlsFront(region.url, self.cert, tls / "tls-key.pem") for host, region in self.regions.items()}
        self.proxy = ConnectProxy({f"{host}:443": front.port for host, front in fronts.items()})
        for server in (self.proxy, *fronts.values()):
            self.addCleanup(server.close)

    def serve(self, more=""):
        return self.start(Roaming(self.folder, self.proxy, self.cert, self.state, more))

    def refuse_in_na(self, host=EU, **more):
        self.regions[NA].order(vin(), "http_421", host=host, on="any", count=1_000, **more)

    def asked(self):
        """How many requests about vehicles the regions have had since the last time."""
        counts = tuple(sum(found["total"] for name, found in region.requests()["endpoints"].items() if name != "status")
                       for region in self.regions.values())
        for region in self.regions.values():
            region.forget_requests()
        return counts

    def honk(self, daemon, token):
        return daemon.command("honk_horn", headers={"Authorization": f"Bearer {token}"})

    def test_the_first_command_pays_for_the_wrong_region_and_no_other_does(self):
        self.refuse_in_na()
        daemon = self.serve()
        first = self.honk(daemon, token_of("u"))
        self.assert_accepted(first)
        self.assertEqual(first.json["upstream_requests"], 3)  # a 421, a handshake and the command
        self.assertEqual(self.asked(), (1, 2))

        self.assert_accepted(self.honk(daemon, token_of("u", exp=2)))
        self.assertEqual(self.asked(), (0, 1))
        reply = daemon.get(f"/api/1/vehicles/{vin()}", {"Authorization": f"Bearer {token_of('u')}"})
        self.assertEqual((reply.status, reply.headers["Fleetsign-Upstream-Requests"]), (200, "1"))
        self.assertEqual(self.asked(), (0, 1))
        self.assertEqual(daemon.get("/fleetsign/v1/status").json["fleet_api"], sorted([f"https://{EU}", f"https://{NA}"]))

        daemon.stop(signal.SIGKILL)
        daemon = self.serve()
        self.assert_accepted(self.honk(daemon, token_of("u")))
        self.assertEqual(self.asked(), (0, 1))

    def test_a_forwarded_request_learns_for_commands_too_from_the_header_alone(self):
        self.refuse_in_na(error="misdirected")
        daemon = self.serve()
        reply = daemon.get(f"/api/1/vehicles/{vin()}", {"Authorization": f"Bearer {token_of('u')}"})
        self.assertEqual((reply.status, reply.headers["Fleetsign-Upstream-Requests"]), (200, "2"))
        self.assert_accepted(self.honk(daemon, token_of("u")))
        self.assertEqual(self.asked(), (1, 3))

    def test_a_token_goes_to_no_other_host(self):
        self.refuse_in_na("https://fleet-api.prd.eu.vn.cloud.tesla.com.evil.example")
        reply = self.honk(self.serve(), token_of("u"))
        self.assertEqual(reply.status, 421)
        self.assertEqual(reply.headers["Fleetsign-Executed"], "no")
        self.assertEqual(reply.headers["Fleetsign-Error-Code"], "upstream_error")
        self.assertEqual(set(self.proxy.targets), {f"CONNECT {NA}:443"})

    def test_a_configured_region_is_kept_to(self):
        self.refuse_in_na()
        self.assertEqual(self.honk(self.serve("  region: na\n"), token_of("u")).status, 421)
        self.assertEqual(self.asked(), (1, 0))


if __name__ == "__main__":
    unittest.main()
