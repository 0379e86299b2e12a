# SPDX-License-Identifier: Apache-2.0
"""Any message as protobuf JSON, where the configuration allows it; and dry runs, which send nothing."""

import json
import unittest

from harness import TOKEN, Daemon, SharedCase, vin


class Actions(SharedCase):
    vehicles = 4
    config = "action_endpoint: true\n"

    def act(self, car, body, daemon=None, query=""):
        return (daemon or self.daemon).request("POST", f"/fleetsign/v1/vehicles/{car}/action{query}", json.dumps(body),
                                               {"Authorization": f"Bearer {TOKEN}"})

    def test_both_parts_of_a_vehicle_carry_out_what_they_are_told(self):
        self.assert_accepted(self.act(vin(1), {"domain": "infotainment",
                                               "action": {"chargingSetLimitAction": {"percent": 71}}}))
        self.assert_accepted(self.act(vin(1), {"domain": "vehicle_security", "message": {"RKEAction": "RKE_ACTION_UNLOCK"}}))
        data = self.daemon.vehicle_data(vin(1))
        self.assertEqual((data["charge_state"]["charge_limit_soc"], data["vehicle_state"]["locked"]), (71, False))

    def test_off_unless_configured(self):
        daemon = self.start(Daemon(self.folder, self.simulator.url))
        reply = self.act(vin(2), {"domain": "infotainment", "action": {"ping": {}}}, daemon)
        self.assert_failure(reply, 403, "not_allowed")
        self.assertIn("action_endpoint", reply.json["hint"])

    def test_a_dry_run_sends_nothing_and_tells_the_bytes(self):
        self.simulator.forget_requests()
        for reply in (self.act(vin(3), {"domain": "infotainment", "action": {"ping": {"pingId": 1}}}, query="?dry_run=true"),
                      self.daemon.command("ping?dry_run=true", car=vin(3))):
            self.assertEqual(reply.status, 200, reply.body)
            self.assertEqual((reply.json["response"], reply.json["executed"]), (None, "no"))
            self.assertEqual(reply.json["dry_run"]["payload"], "EgXyAgIIAQ==")
        self.assertEqual(self.simulator.executed(vin(3)), 0)
        self.assertEqual(self.simulator.signed_commands(), 0)


if __name__ == "__main__":
    unittest.main()
