# SPDX-License-Identifier: Apache-2.0
"""What clients of Fleet API and of other proxies send, and what they match on in replies: one test for each."""

import http.client
import json
import unittest
import urllib.parse

from harness import PATIENCE, TOKEN, Daemon, ScriptedUpstream, SharedCase, vin


class Clients(SharedCase):
    vehicles = 20

    def command(self, number, name, body=None, headers=None, **arguments):
        return self.daemon.command(name, arguments, vin(number), headers, body)

    def shown(self, number, subject, member):
        return self.daemon.vehicle_data(vin(number))[subject][member]

    def test_they_send_numbers_in_strings(self):
        self.assert_accepted(self.command(1, "set_charging_amps", charging_amps="16"))
        self.assert_accepted(self.command(1, "set_temps", driver_temp="21.5"))
        self.assertEqual(self.shown(1, "climate_state", "driver_temp_setting"), 21.5)
        self.assert_failure(self.command(1, "set_charging_amps", charging_amps="16.5"), 400, "bad_parameter")

    def test_they_send_truth_as_words_and_numbers(self):
        for value, wanted in (("true", True), ("false", False), (1, True), (0, False)):
            with self.subTest(value):
                self.assert_accepted(self.command(2, "set_sentry_mode", on=value))
                self.assertEqual(self.shown(2, "vehicle_state", "sentry_mode"), wanted)
        self.assert_accepted(self.command(2, "set_preconditioning_max", on=2))
        self.assertEqual(self.shown(2, "climate_state", "defrost_mode"), 2)
        self.assert_failure(self.command(2, "set_sentry_mode", on=2), 400, "bad_parameter")

    def test_they_send_names_for_choices(self):
        self.assert_accepted(self.command(3, "set_climate_keeper_mode", climate_keeper_mode="dog"))
        self.assertEqual(self.shown(3, "climate_state", "climate_keeper_mode"), "dog")
        self.assert_accepted(self.command(3, "remote_seat_heater_request", seat_position="front_left", level="high"))
        self.assertEqual(self.shown(3, "climate_state", "seat_heater_left"), 3)
        for value, wanted in (("30", "Low"), (35, "Medium"), ("40C", "High"), ("low", "Low")):
            self.assert_accepted(self.command(3, "set_cop_temp", cop_temp=value))
            self.assertEqual(self.shown(3, "climate_state", "cop_activation_temperature"), wanted)

    def test_they_send_older_names_of_parameters(self):
        self.assert_accepted(self.command(4, "set_charge_limit", soc_limit=70))
        self.assertEqual(self.shown(4, "charge_state", "charge_limit_soc"), 70)
        self.assert_accepted(self.command(4, "trigger_homelink", lat=1, long=2))
        self.assert_accepted(self.command(4, "auto_conditioning_start"))
        self.assert_accepted(self.command(4, "remote_seat_heater_request", heater=1, level=1))
        self.assertEqual(self.shown(4, "climate_state", "seat_heater_right"), 1)

    def test_they_send_no_body_an_empty_object_or_a_bare_word_where_there_are_no_parameters(self):
        for body in ("", "{}", "true", "false"):
            with self.subTest(body):
                self.assert_accepted(self.command(5, "flash_lights", body))

    def test_they_send_any_content_type_or_none(self):
        for headers in ({}, {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "text/plain"},
                        {"Content-Type": "application/json; charset=utf-8"}):
            with self.subTest(headers):
                self.assert_accepted(self.command(6, "set_sentry_mode", '{"on": true}', headers))
        reply = self.command(6, "set_charge_limit", "percent=80", {"Content-Type": "application/x-www-form-urlencoded"})
        self.assert_failure(reply, 400, "bad_request")
        self.assertIn('{"percent": 80}', reply.json["hint"])

    def test_they_send_parameters_that_the_command_does_not_know(self):
        self.assert_accepted(self.command(7, "window_control", command="vent", lat=0, lon=0))

    def test_they_send_fleet_apis_id_instead_of_the_vin(self):
        ids = {car["vin"]: car["id"] for car in self.daemon.get("/api/1/vehicles").json["response"]}
        car = vin(7)
        before = self.simulator.executed(car)
        self.assert_accepted(self.daemon.command("honk_horn", car=str(ids[car])))
        self.assertEqual(self.simulator.executed(car), before + 1)

    def test_they_match_on_a_success(self):
        self.assertEqual(self.command(8, "honk_horn").json["response"], {"result": True, "reason": ""})

    def test_they_match_on_the_bare_reason_of_a_refusal(self):
        reply = self.command(8, "charge_stop")
        self.assertEqual((reply.status, reply.json["response"]), (200, {"result": False, "reason": "not_charging"}))

    def test_they_match_on_a_vehicle_that_sleeps(self):
        self.simulator.order(vin(9), "asleep")
        address = urllib.parse.urlsplit(self.daemon.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request("POST", f"/api/1/vehicles/{vin(9)}/command/honk_horn", headers={"Authorization": f"Bearer {TOKEN}"})
        response = connection.getresponse()
        self.assertEqual((response.status, response.reason), (408, "Request Timeout"))
        self.assertIn("vehicle is offline or asleep", json.loads(response.read())["error"])

    def test_they_match_on_a_key_that_is_not_paired(self):
        self.simulator.order(vin(10), "unpaired", on="any")
        reply = self.command(10, "honk_horn")
        self.assert_failure(reply, 412, "key_not_paired")
        self.assertEqual(reply.json["error"],
                         "vehicle rejected request: your public key has not been paired with the vehicle")

    def test_they_match_on_what_fleet_api_says(self):
        body = b'{"response":null,"error":"slow down","error_description":"","x": 1.50}'
        fields = {"Retry-After": "17", "RateLimit-Limit": "30", "RateLimit-Remaining": "0", "RateLimit-Reset": "9",
                  "x-txid": "0123456789abcdef"}

        def serve(connection, _):
            while upstream.read_request(connection):
                head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
                connection.sendall(b"HTTP/1.1 429 Too Many Requests\r\n" + head.encode() +
                                   b"Content-Length: %d\r\n\r\n" % len(body) + body)

        upstream = ScriptedUpstream(serve)
        self.addCleanup(upstream.close)
        limited = self.start(Daemon(self.folder, upstream.url))
        for reply in (limited.command("honk_horn"), limited.command("share"), limited.get("/api/1/vehicles")):
            self.assertEqual((reply.status, reply.body), (429, body))
            for name, value in fields.items():
                self.assertEqual(reply.headers[name], value)


if __name__ == "__main__":
    unittest.main()
