# SPDX-License-Identifier: Apache-2.0
"""Every fault of the simulator, met by a first command's handshake and by a command: what the caller is told, what it
cost in requests to Fleet API, and how often the vehicle acted."""

import json
import re
import unittest

from harness import SharedCase, vin

# What the daemon says: status, error_code ("" for a success), executed; then requests and executions.
DONE = (200, "", "yes")
LOST = (504, "no_reply", "unknown")
UNCLEAR = (502, "vehicle_error_unclear", "unknown")
UNTRUSTED = (502, "untrusted_reply", "unknown")
MALFORMED = (502, "upstream_malformed", "unknown")
NOT_PAIRED = (412, "key_not_paired", "no")
UNAVAILABLE = (408, "vehicle_unavailable", "no")
TOO_LATE = (504, "expired_unsent", "no")


def of_fleet_api(status, executed):
    return (status, "upstream_error", executed)


# In answer to a handshake, the command goes on unsigned. Behind one, it is as any error of Fleet API's.
NO_PROTOCOL = ((of_fleet_api(422, "no"), 1, 0),) * 2

# fault: (when a handshake meets it), (when a command does that may be repeated), (… that may not).
SITUATIONS = {
    "reboot": ((DONE, 2, 1), (DONE, 2, 1), (DONE, 2, 1)),
    "rotate_key": ((DONE, 2, 1), (DONE, 3, 1), (DONE, 3, 1)),
    "counter_ahead": ((DONE, 2, 1), (DONE, 2, 1), (UNCLEAR, 1, 0)),
    "clock_skew": ((DONE, 2, 1), (DONE, 2, 1), (DONE, 2, 1)),
    "busy": ((DONE, 3, 1), (DONE, 2, 1), (DONE, 2, 1)),
    "wait": ((DONE, 3, 1), (DONE, 2, 1), (DONE, 2, 1)),
    "timeout": ((DONE, 3, 1), (DONE, 2, 1), (UNCLEAR, 1, 0)),
    "internal": ((DONE, 3, 1), (DONE, 2, 1), (UNCLEAR, 1, 0)),
    "unpaired": ((NOT_PAIRED, 1, 0), (NOT_PAIRED, 1, 0), (NOT_PAIRED, 1, 0)),
    "asleep": ((UNAVAILABLE, 1, 0), (UNAVAILABLE, 1, 0), (UNAVAILABLE, 1, 0)),
    "offline": ((UNAVAILABLE, 1, 0), (UNAVAILABLE, 1, 0), (UNAVAILABLE, 1, 0)),
    # What a vehicle does unsigned is not among what is counted here.
    "no_protocol": ((DONE, 1, 0), *NO_PROTOCOL),
    "drop_request": ((DONE, 3, 1), (LOST, 1, 0), (LOST, 1, 0)),
    "drop_reply": ((DONE, 3, 1), (LOST, 1, 1), (LOST, 1, 1)),
    "truncate_reply": ((DONE, 3, 1), (LOST, 1, 1), (LOST, 1, 1)),
    "garbage_reply": ((DONE, 3, 1), (MALFORMED, 1, 1), (MALFORMED, 1, 1)),
    # The vehicle gets the message twice, and what comes back is its answer to the second one.
    "duplicate_reply": ((DONE, 2, 1), (DONE, 2, 2), (UNCLEAR, 1, 1)),
    "replay_reply": ((DONE, 2, 1), (UNTRUSTED, 1, 1), (UNTRUSTED, 1, 1)),
    "late_reply": ((TOO_LATE, 1, 0), (DONE, 1, 1), (DONE, 1, 1)),
    "wrong_request_reply": ((DONE, 3, 1), (UNTRUSTED, 1, 1), (UNTRUSTED, 1, 1)),
    # A lock's success has no payload that could be encrypted.
    "plaintext_reply": ((DONE, 2, 1), (DONE, 1, 1), (UNTRUSTED, 1, 1)),
    "response_too_large": (((502, "vehicle_error_unclear", "no"), 1, 0), (UNCLEAR, 1, 1), (UNCLEAR, 1, 1)),
    "delay": ((DONE, 2, 1), (DONE, 1, 1), (DONE, 1, 1)),
    "http_408": ((UNAVAILABLE, 1, 0), (UNAVAILABLE, 1, 0), (UNAVAILABLE, 1, 0)),
    **{f"http_{status}": ((of_fleet_api(status, "no"), 1, 0),) * 3 for status in (401, 403, 421, 429)},
    "http_422": ((of_fleet_api(403, "no"), 1, 0), *NO_PROTOCOL),  # of a vehicle that takes signed commands only
    **{f"http_{status}": ((of_fleet_api(status, "no"), 1, 0),) + ((of_fleet_api(status, "unknown"), 1, 0),) * 2
       for status in (500, 502, 503, 504)},
}
ORDERS = {"clock_skew": {"ms": 60_000}, "late_reply": {"ms": 3_000}, "delay": {"ms": 100},
          "http_421": {"host": "fleet-api.prd.eu.vn.cloud.tesla.com"}}
WAIT = 4  # seconds; of which a late reply leaves too little for a command


class Situations(SharedCase):
    vehicles = 3 * len(SITUATIONS)

    def test_every_fault_there_is_has_a_row(self):
        reply = self.simulator.request("POST", f"/sim/v1/vehicles/{vin()}/faults", json.dumps({"fault": "none such"}))
        self.assertEqual(reply.status, 400)
        known = re.search(r"there are: ([a-z0-9_, ]+)", reply.body.decode())
        self.assertEqual(set(SITUATIONS), set(known.group(1).split(", ")))

    def test_what_becomes_of_a_command(self):
        cars = iter(range(1, 3 * len(SITUATIONS) + 1))
        for fault, expected in SITUATIONS.items():
            for on, name, want in (("handshake", "door_lock", expected[0]), ("command", "door_lock", expected[1]),
                                   ("command", "honk_horn", expected[2])):
                with self.subTest(fault=fault, on=on, command=name):
                    self.assertEqual(self.play(vin(next(cars)), fault, on, name), want)

    def play(self, car, fault, on, name):
        """One command that meets the fault; afterwards the vehicle must be reachable again, without a restart."""
        if on == "command":
            self.assert_accepted(self.daemon.command(name, car=car))
        before = self.simulator.executed(car)
        self.simulator.order(car, fault, on=on, **ORDERS.get(fault, {}))
        self.simulator.forget_requests()
        reply = self.daemon.command(name, car=car, headers={"Prefer": f"wait={WAIT}"})
        told = self.told(reply)
        cost = (self.simulator.signed_commands(), self.simulator.executed(car) - before)
        self.simulator.request("DELETE", f"/sim/v1/vehicles/{car}/faults")
        self.assert_accepted(self.daemon.command(name, car=car))
        return told, *cost

    @staticmethod
    def told(reply):
        own = reply.json if "executed" in reply.json else {}
        return (reply.status, reply.headers["Fleetsign-Error-Code"] or own.get("error_code", ""),
                reply.headers["Fleetsign-Executed"] or own["executed"])


if __name__ == "__main__":
    unittest.main()
