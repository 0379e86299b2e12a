# SPDX-License-Identifier: Apache-2.0
"""Commands through the real daemon to simulated vehicles: what comes back, what the vehicle did, what it cost."""

import json
import unittest

from callers import Caller, answered
from harness import TOKEN, SharedCase, vin


class Commands(SharedCase):
    vehicles = 60

    def test_a_charge_limit_is_seen_in_vehicle_data(self):
        self.assert_accepted(self.daemon.command("set_charge_limit", {"percent": 80}))
        self.assertEqual(self.daemon.vehicle_data()["charge_state"]["charge_limit_soc"], 80)

    def test_lock_and_unlock_are_seen_in_vehicle_data(self):
        for name, locked in (("door_unlock", False), ("door_lock", True)):
            self.assert_accepted(self.daemon.command(name))
            self.assertEqual(self.daemon.vehicle_data()["vehicle_state"]["locked"], locked)

    def test_climate_and_temperatures_are_seen_in_vehicle_data(self):
        self.assert_accepted(self.daemon.command("auto_conditioning_start"))
        self.assert_accepted(self.daemon.command("set_temps", {"driver_temp": 21.5, "passenger_temp": 19}))
        climate = self.daemon.vehicle_data()["climate_state"]
        self.assertTrue(climate["is_climate_on"])
        self.assertEqual((climate["driver_temp_setting"], climate["passenger_temp_setting"]), (21.5, 19))
        self.assert_accepted(self.daemon.command("auto_conditioning_stop"))
        self.assertFalse(self.daemon.vehicle_data()["climate_state"]["is_climate_on"])

    def test_the_first_command_costs_two_requests_each_further_one_and_the_other_domain_two(self):
        car = vin(2)
        costs = []
        for name in ("honk_horn", "flash_lights", "honk_horn", "door_lock", "door_unlock"):
            self.simulator.forget_requests()
            reply = self.daemon.command(name, car=car)
            self.assert_accepted(reply)
            costs.append(self.simulator.signed_commands())
            self.assertEqual(reply.json["upstream_requests"], costs[-1])
        self.assertEqual(costs, [2, 1, 1, 2, 1])

    def test_an_infotainment_reply_is_authenticated_and_a_vcsec_success_cannot_be(self):
        self.assertTrue(self.daemon.command("ping", car=vin(3)).json["authenticated"])
        self.assertFalse(self.daemon.command("door_lock", car=vin(3)).json["authenticated"])

    def test_a_caller_that_stalls_its_body_holds_up_no_other_command_to_the_vehicle(self):
        car = vin(59)
        stalling = Caller(self.daemon.url)
        self.addCleanup(stalling.close)
        stalling.send_bytes(f"POST /api/1/vehicles/{car}/command/door_lock HTTP/1.1\r\nHost: localhost\r\n"
                            f"Authorization: Bearer {TOKEN}\r\nContent-Length: 2\r\n\r\n{{".encode())
        for _ in range(2):
            self.assert_accepted(self.daemon.command("door_lock", car=car))
        self.assertEqual(answered([stalling]), 0)
        stalling.send_bytes(b"}")
        self.assert_accepted(stalling.receive())

    def test_a_refusal_by_the_vehicle_is_200_with_its_bare_reason(self):
        car = vin(4)
        self.assert_accepted(self.daemon.command("charge_start", car=car))
        reply = self.daemon.command("charge_start", car=car)
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.json["response"], {"result": False, "reason": "is_charging"})
        self.assertEqual((reply.json["error"], reply.json["error_code"], reply.json["executed"]), ("", "rejected", "no"))

    def test_members_come_in_the_promised_order(self):
        promised = ["response", "error", "error_description", "error_code", "hint", "executed", "authenticated", "woken",
                    "upstream_requests", "request_id"]
        for reply in (self.daemon.command("ping", car=vin(5)), self.daemon.command("nonsense_trunk", {}, car="short")):
            members = [member for member, _ in json.loads(reply.body, object_pairs_hook=list)]
            self.assertEqual(members, [member for member in promised if member in members])

    def test_input_dialects_are_understood(self):
        for body in ('{"percent": "80"}', '{"percent": 79.0}', '{"percent": 78, "extra": [1]}'):
            reply = self.daemon.command("set_charge_limit", body=body, car=vin(6),
                                        headers={"Content-Type": "application/x-www-form-urlencoded"})
            self.assert_accepted(reply)
        for body in ("", "{}", "true"):
            self.assert_accepted(self.daemon.command("flash_lights", body=body, car=vin(6)))

    def test_a_vin_in_lower_case_is_the_same_vehicle(self):
        self.assert_accepted(self.daemon.command("door_lock", car=vin(7)))
        reply = self.daemon.command("door_lock", car=vin(7).lower())
        self.assert_accepted(reply)
        self.assertEqual(reply.json["upstream_requests"], 1)

    def test_a_request_id_is_taken_over_or_made(self):
        self.assertEqual(self.daemon.command("ping", headers={"X-Request-Id": "mine-1"}).json["request_id"], "mine-1")
        self.assertRegex(self.daemon.command("ping").headers["X-Request-Id"], r"^[0-9a-f]{16}$")

    def test_reads_pass_through(self):
        listed = self.daemon.get("/api/1/vehicles?page=1")
        self.assertEqual((listed.status, len(listed.json["response"])), (200, 60))
        self.assertEqual(self.daemon.get(f"/api/1/vehicles/{vin(9)}").json["response"]["vin"], vin(9))
        unknown = self.daemon.get("/api/1/vehicles/5YJS0000000009999")
        self.assertEqual(unknown.status, 404)
        self.assertNotIn("request_id", unknown.json)  # Fleet API's own answer is not altered

    def test_a_command_that_only_rest_has_is_forwarded_byte_for_byte(self):
        body = '{"type":"share_ext_content_raw",  "value":{"android.intent.extra.TEXT":"Münster"}}'.encode()
        reply = self.daemon.command("navigation_request", body=body, car=vin(11), headers={"Content-Type": "application/json"})
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(self.simulator.vehicle(vin(11))["unsigned"], [{"name": "navigation_request", "body": body.decode()}])

    def test_health_and_the_public_key_need_no_token(self):
        for method in ("GET", "HEAD"):
            reply = self.daemon.request(method, "/health")
            self.assertEqual((reply.status, reply.body), (200, b"OK" if method == "GET" else b""))
        key = self.daemon.request("GET", "/.well-known/appspecific/com.tesla.3p.public-key.pem")
        self.assertEqual(key.body.decode(), (self.folder / "public.pem").read_text())

    def test_no_vin_token_or_body_is_logged(self):
        self.daemon.command("set_temps", {"driver_temp": 23.45}, car=vin(12))
        log = self.daemon.log()
        self.assertIn("vin=…000012", log)
        for secret in (vin(12), "header.payload.signature", "23.45"):
            self.assertNotIn(secret, log)


if __name__ == "__main__":
    unittest.main()
