# SPDX-License-Identifier: Apache-2.0
"""What Fleet API is asked and paid for: shared reads, answers that are kept, local rates, and the bill."""

import concurrent.futures
import json
import unittest

from harness import TOKEN, Case, eventually, run, vin


class Cost(Case):
    def asked(self, simulator, endpoint, car=vin()):
        """How many requests to the endpoint Fleet API has had for the vehicle."""
        return simulator.requests()["endpoints"].get(endpoint, {"vehicles": {}})["vehicles"].get(car, 0)

    def read(self, daemon, car=vin(), headers=None):
        return daemon.get(f"/api/1/vehicles/{car}/vehicle_data", headers)

    def test_fifty_readers_at_once_are_one_request(self):
        simulator, daemon = self.start_both()
        simulator.order(vin(), "delay", on="any", ms=2_000)
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            first = pool.submit(self.read, daemon)
            eventually(lambda: self.asked(simulator, "vehicle_data") == 1, "the first one asks")
            others = [pool.submit(self.read, daemon) for _ in range(49)]
            replies = [future.result() for future in [first, *others]]
        self.assertEqual({reply.status for reply in replies}, {200})
        self.assertEqual(len({reply.body for reply in replies}), 1)
        self.assertEqual(len({reply.headers["X-Request-Id"] for reply in replies}), 50)
        self.assertEqual(sum(int(reply.headers["Fleetsign-Upstream-Requests"]) for reply in replies), 1)
        self.assertEqual(self.asked(simulator, "vehicle_data"), 1)
        self.assertIn('fleetsign_saved_reads_total{how="shared"} 49', daemon.get("/metrics").body.decode())

    def test_an_answer_is_kept_where_that_is_configured_and_forgotten_with_a_command(self):
        simulator, daemon = self.start_both(config="vehicle_data_cache: 60s\n")
        fresh = self.read(daemon)
        self.assertIsNone(fresh.headers["Age"])
        kept = self.read(daemon)
        self.assertEqual((kept.status, kept.body), (200, fresh.body))
        self.assertRegex(kept.headers["Age"], r"^\d+$")
        self.assertEqual(kept.headers["Fleetsign-Upstream-Requests"], "0")
        self.assertEqual(self.asked(simulator, "vehicle_data"), 1)

        self.assertIsNone(self.read(daemon, headers={"Cache-Control": "no-cache"}).headers["Age"])
        self.assertIsNone(self.read(daemon, headers={"Authorization": "Bearer another"}).headers["Age"])
        self.assertEqual(self.asked(simulator, "vehicle_data"), 3)

        self.assert_accepted(daemon.command("door_unlock"))
        after = self.read(daemon)
        self.assertIsNone(after.headers["Age"])
        self.assertIs(after.json["response"]["vehicle_state"]["locked"], False)

    def test_beyond_a_rate_nothing_is_sent(self):
        simulator, daemon = self.start_both(config="rate_limits:\n  commands: 2\n  data: 1\n  wakes: 1\n")
        self.assert_accepted(daemon.command("honk_horn"))  # with a handshake
        self.assertEqual(self.read(daemon).status, 200)
        self.assertEqual(daemon.command("wake_up").status, 200)
        simulator.forget_requests()
        for refused in (daemon.command("honk_horn"), self.read(daemon), daemon.command("wake_up")):
            self.assert_failure(refused, 429, "local_rate")
            self.assertTrue(0 < int(refused.headers["Retry-After"]) <= 60)
        for endpoint in ("signed_command", "vehicle_data", "wake_up"):
            self.assertEqual(self.asked(simulator, endpoint), 0)

    def test_fleet_apis_own_refusal_comes_with_its_headers_and_is_not_repeated(self):
        simulator, daemon = self.start_both()
        simulator.order(vin(), "http_429", on="any", ms=7_000)
        refused = daemon.command("honk_horn")
        self.assertEqual((refused.status, refused.headers["Retry-After"]), (429, "7"))
        self.assertEqual(refused.headers["Fleetsign-Executed"], "no")
        self.assertEqual(self.asked(simulator, "signed_command"), 1)

    def test_the_bill_is_in_the_status_and_in_the_metrics(self):
        _, daemon = self.start_both(vehicles=2, config="prices:\n  data: 0.5\n")
        self.assert_accepted(daemon.command("honk_horn"))  # with a handshake
        self.read(daemon, vin(2))
        billing = daemon.get("/fleetsign/v1/status").json["billing"]
        self.assertRegex(billing["since"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(billing["total"], {"requests": 3, "unanswered": 0, "dollars": 0.502})
        self.assertEqual(billing["categories"]["commands"], {"requests": 2, "unanswered": 0, "dollars": 0.002})
        self.assertEqual([vehicle["vin"] for vehicle in billing["vehicles"]], [vin(2), vin(1)])

        metrics = daemon.get("/metrics").body.decode()
        self.assertIn('fleetsign_billed_requests_total{category="commands"} 2', metrics)
        self.assertIn('fleetsign_billed_dollars_total{category="data"} 0.5', metrics)

        told = run("status", "--url", daemon.url, env={"FLEETSIGN_TOKEN": TOKEN})
        self.assertIn("billed requests: 3 for $0.502 (commands: 2 for $0.002; data: 1 for $0.5)\n", told.stdout)
        as_json = run("status", "--url", daemon.url, "--json", env={"FLEETSIGN_TOKEN": TOKEN})
        self.assertEqual(json.loads(as_json.stdout)["billing"], billing)


if __name__ == "__main__":
    unittest.main()
