# SPDX-License-Identifier: Apache-2.0
"""Tesla's hosts of North America and Europe, each with a simulated fleet of its own, behind a proxy that leads there."""

import pathlib
import tempfile

from connect_proxy import ConnectProxy, TlsFront
from harness import Simulator, run

NA = "fleet-api.prd.na.vn.cloud.tesla.com"
EU = "fleet-api.prd.eu.vn.cloud.tesla.com"


class TeslaHosts:
    """For a Case: `regions` has the fleets by host, `cert` vouches for them, `via_proxy` is the environment for it."""

    def start_hosts(self):
        tls = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        made = run("make-cert", "--out", tls, NA, EU)
        self.assertEqual(made.returncode, 0, made)
        self.cert = tls / "tls-cert.pem"
        self.regions = {host: self.start(Simulator(self.folder)) for host in (NA, EU)}
        fronts = {host: TlsFront(region.url, self.cert, tls / "tls-key.pem") for host, region in self.regions.items()}
        self.proxy = ConnectProxy({f"{host}:443": front.port for host, front in fronts.items()})
        self.via_proxy = {"HTTPS_PROXY": self.proxy.url, "NO_PROXY": "", "no_proxy": ""}
        for server in (self.proxy, *fronts.values()):
            self.addCleanup(server.close)
