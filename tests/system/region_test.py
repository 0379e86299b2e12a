# SPDX-License-Identifier: Apache-2.0
"""Regions: a token names one, the account belongs to another, and only the first request pays for that."""

import base64
import json
import pathlib
import signal
import tempfile
import unittest

from harness import Case, Daemon, Server, vin
from tesla_hosts import EU, NA, TeslaHosts


def token_of(subject, **more):
    """One that names North America."""
    claims = {"iss": "https://auth.tesla.com", "sub": subject, "aud": [f"https://{NA}"], "ou_code": "NA", **more}
    return "e30." + base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode() + ".c2ln"


class Roaming(Daemon):
    """A daemon that has no base URL, and gets to Tesla's hosts through a proxy."""

    def __init__(self, folder, via_proxy, ca_file, state, more=""):
        path = pathlib.Path(tempfile.mkstemp(suffix=".yaml", dir=folder)[1])
        path.write_text(f"listen: http://127.0.0.1:0\nkey_file: {folder / 'private.pem'}\n"
                        f"fleet_api:\n  ca_file: {ca_file}\n{more}")
        Server.__init__(self, "serve", "--config", path,
                        env={**via_proxy, "STATE_DIRECTORY": state})


class Region(TeslaHosts, Case):
    def setUp(self):
        self.start_hosts()
        self.state = tempfile.mkdtemp(dir=self.folder)

    def serve(self, more=""):
        return self.start(Roaming(self.folder, self.via_proxy, self.cert, self.state, more))

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
