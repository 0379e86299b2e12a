# SPDX-License-Identifier: Apache-2.0
"""Vehicles that do not speak the protocol: the same command goes to Fleet API as it is, and for a day at once."""

import json
import signal
import tempfile
import unittest

from harness import TOKEN, Case, Daemon, Simulator, vin

BODY = '{ "percent":  80 }'  # not as we would write it
AS_JSON = {"Content-Type": "application/json"}


class WithoutProtocol(Case):
    def setUp(self):
        self.simulator = self.start(Simulator(self.folder))
        self.state = tempfile.mkdtemp(dir=self.folder)

    def serve(self, config=""):
        return self.start(Daemon(self.folder, self.simulator.url, config=config, env={"STATE_DIRECTORY": self.state}))

    def set_limit(self, daemon, query="?a=1", headers=None):
        return daemon.command("set_charge_limit" + query, headers={**AS_JSON, **(headers or {})}, body=BODY)

    def requests(self):
        """How many requests of each kind there were since the last time."""
        endpoints = self.simulator.requests()["endpoints"]
        self.simulator.forget_requests()
        return {name: found["total"] for name, found in endpoints.items() if found["total"] and name != "status"}

    def assert_forwarded(self, reply, requests):
        self.assertEqual((reply.status, reply.json), (200, {"response": {"result": True, "reason": ""}}))
        self.assertEqual(reply.headers["Fleetsign-Executed"], "yes")
        self.assertEqual(reply.headers["Fleetsign-Upstream-Requests"], str(requests))

    def known(self, daemon):
        return [found["vin"] for found in daemon.get("/fleetsign/v1/status").json["without_protocol"]]

    def test_a_vehicle_without_the_protocol_gets_the_very_same_command_and_later_ones_at_once(self):
        self.simulator.order(vin(), "no_protocol")
        daemon = self.serve()
        self.assert_forwarded(self.set_limit(daemon), 2)
        self.assertEqual(self.requests(), {"signed_command": 1, "command": 1})
        self.assertEqual(self.simulator.vehicle(vin())["unsigned"], [{"name": "set_charge_limit", "body": BODY}])
        self.assert_forwarded(self.set_limit(daemon), 1)
        self.assert_forwarded(daemon.command("door_lock", headers=AS_JSON), 1)  # of the other domain
        self.assertEqual(self.requests(), {"command": 2})
        self.assertEqual(self.known(daemon), [vin()])
        self.assertIn("fleetsign_vehicles_without_protocol 1", daemon.get("/metrics").body.decode())
        dry = self.set_limit(daemon, "?dry_run=true").json["dry_run"]
        self.assertEqual(dry["goes_to"], "fleet_api")

        daemon.stop(signal.SIGKILL)
        daemon = self.serve()
        self.assert_forwarded(self.set_limit(daemon), 1)
        self.assertEqual(self.requests(), {"command": 1})

    def test_a_vehicle_that_has_learned_it_is_signed_for_within_the_same_request(self):
        self.simulator.order(vin(), "no_protocol")
        daemon = self.serve()
        self.assert_forwarded(self.set_limit(daemon), 2)
        self.simulator.request("DELETE", f"/sim/v1/vehicles/{vin()}/faults")
        self.requests()
        reply = self.set_limit(daemon)
        self.assert_accepted(reply)
        self.assertEqual(reply.json["upstream_requests"], 3)  # one that was refused, a handshake and the command
        self.assertEqual(self.requests(), {"command": 1, "signed_command": 2})
        self.assertEqual(self.known(daemon), [])
        daemon.stop(signal.SIGKILL)
        self.assert_accepted(self.serve().command("honk_horn"))
        self.assertEqual(self.requests(), {"signed_command": 1})

    def test_it_is_forgotten_on_request(self):
        self.simulator.order(vin(), "no_protocol")
        daemon = self.serve()
        self.set_limit(daemon)
        for forgotten in (1, 0):
            reply = daemon.request("DELETE", f"/fleetsign/v1/vehicles/{vin()}/protocol",
                                   headers={"Authorization": f"Bearer {TOKEN}"})
            self.assertEqual((reply.status, reply.json), (200, {"forgotten": forgotten}))
        self.requests()
        self.assert_forwarded(self.set_limit(daemon), 2)
        self.assertEqual(self.requests(), {"signed_command": 1, "command": 1})

    def test_any_other_422_and_one_of_a_vehicle_that_has_spoken_it_forward_nothing(self):
        daemon = self.serve()
        self.simulator.order(vin(), "http_422", on="handshake", error="invalid_resource")
        self.assertEqual(self.set_limit(daemon).status, 422)
        self.assert_accepted(daemon.command("honk_horn"))
        self.simulator.order(vin(), "http_422")
        refused = self.set_limit(daemon)
        self.assertEqual((refused.status, refused.headers["Fleetsign-Error-Code"]), (422, "upstream_error"))
        self.assertEqual(self.known(daemon), [])
        self.assertNotIn("command", self.requests())

    def test_an_action_cannot_get_there(self):
        self.simulator.order(vin(), "no_protocol")
        daemon = self.serve("action_endpoint: true\n")
        message = json.dumps({"domain": "infotainment", "action": {"chargingSetLimitAction": {"percent": 80}}})
        for requests in (1, 0):
            reply = daemon.request("POST", f"/fleetsign/v1/vehicles/{vin()}/action", message,
                                   {"Authorization": f"Bearer {TOKEN}"})
            self.assert_failure(reply, 422, "not_supported")
            self.assertEqual(reply.json["upstream_requests"], requests)

    def test_a_repeat_with_the_same_key_is_not_carried_out_again(self):
        self.simulator.order(vin(), "no_protocol")
        daemon = self.serve()
        for replayed in (None, "true"):
            reply = self.set_limit(daemon, headers={"Idempotency-Key": "k"})
            self.assertEqual((reply.status, reply.headers["Idempotency-Replayed"]), (200, replayed))
        self.assertEqual(self.requests(), {"signed_command": 1, "command": 1})


if __name__ == "__main__":
    unittest.main()
