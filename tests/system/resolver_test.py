# SPDX-License-Identifier: Apache-2.0
"""A getaddrinfo that never returns holds up nobody but those who ask for its name, and these until their deadline."""

import base64
import concurrent.futures
import json
import os
import subprocess
import time
import unittest

from connect_proxy import ConnectProxy, TlsFront
from harness import SANITIZED, Case, Server, Simulator, vin

HANGS = "fleet-api.prd.eu.vn.cloud.tesla.com"
OTHER = "fleet-api.prd.na.vn.cloud.tesla.com"


def token(host):
    """One whose audience leads to a host."""
    payload = json.dumps({"aud": [f"https://{host}"]}).encode()
    return "header." + base64.urlsafe_b64encode(payload).decode().rstrip("=") + ".signature"


@unittest.skipIf(SANITIZED, "a sanitizer's own library has to come first")
class ResolverTest(Case):
    def setUp(self):
        cert, key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=test", "-addext", f"subjectAltName=DNS:{OTHER}", "-out", cert, "-keyout", key],
                       check=True, capture_output=True)
        self.simulator = self.start(Simulator(self.folder))
        front = TlsFront(self.simulator.url, cert, key)
        self.addCleanup(front.close)
        proxy = ConnectProxy({f"{OTHER}:443": front.port})
        self.addCleanup(proxy.close)
        config = self.folder / "fleetsign.yaml"
        config.write_text(f"listen: http://127.0.0.1:0\nkey_file: {self.folder / 'private.pem'}\n"
                          f"fleet_api:\n  ca_file: {cert}\n")
        self.daemon = self.start(Server("serve", "--config", config, env={
            "LD_PRELOAD": os.environ["HANGING_RESOLVER"], "HANGING_NAME": HANGS,
            "HTTPS_PROXY": proxy.url, "https_proxy": "", "NO_PROXY": HANGS, "no_proxy": HANGS}))

    def ask(self, method, target, host, seconds=30):
        return self.daemon.request(method, target, "{}" if method == "POST" else None,
                                   {"Authorization": f"Bearer {token(host)}", "Prefer": f"wait={seconds}"})

    def test_callers_of_a_name_that_hangs_hear_of_it_in_time_and_the_others_go_on(self):
        command = f"/api/1/vehicles/{vin()}/command/honk_horn"
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            begun = time.monotonic()
            stuck = [pool.submit(self.ask, method, target, HANGS, 3)
                     for method, target in (("POST", command), ("GET", "/api/1/vehicles"))]
            while time.monotonic() < begun + 1:
                self.assertEqual(self.ask("GET", "/api/1/vehicles", OTHER).status, 200)
                self.assertEqual(self.daemon.request("GET", "/health").status, 200)
            self.assert_accepted(self.ask("POST", command, OTHER))
            replies = [asked.result() for asked in stuck]
        self.assertLess(time.monotonic() - begun, 30)
        for reply in replies:
            self.assertIn(reply.status, (502, 504), reply.body)
            self.assertIn(f"{HANGS}:443", reply.body.decode())
            self.assertIn("while looking up the name", reply.body.decode())
        self.assertEqual(replies[0].json["executed"], "no")
        self.assertEqual(self.simulator.executed(vin()), 1)
        self.assertEqual(self.daemon.stop(), 0)  # although the lookups still hang


if __name__ == "__main__":
    unittest.main()
