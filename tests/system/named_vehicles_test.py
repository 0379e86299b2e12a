# SPDX-License-Identifier: Apache-2.0
"""Vehicles by names: in paths, in rules and on the command line; and the account whose token reaches them."""

import json
import unittest

from harness import TOKEN, Case, Daemon, Simulator, environment, run, vin


class NamedVehicles(Case):
    def setUp(self):
        (self.folder / "token").write_text("header.payload.of-the-van\n")
        (self.folder / "token").chmod(0o600)
        state = {"STATE_DIRECTORY": environment()["STATE_DIRECTORY"]}
        added = run("client", "add", "panel", env=state)
        self.assertEqual(added.returncode, 0, added)
        self.key = added.stdout.strip()
        self.simulator = self.start(Simulator(self.folder, vehicles=3))
        self.daemon = self.start(Daemon(self.folder, self.simulator.url, env=state, config=f"""
vehicles:
  garage: {vin(1)}
  van: {{vin: {vin(2)}, account: work}}
accounts: {{work: {{access_token_file: {self.folder / 'token'}}}}}
callers: [{{name: panel, vehicles: [van], allow: [honk_horn, "GET /api/1/vehicles/van/vehicle_data"]}}]
"""))

    def ask(self, *words, **env):
        return run(*words, "--url", self.daemon.url, env={"FLEETSIGN_TOKEN": TOKEN, **env})

    def test_commands_and_reads_by_name(self):
        self.assert_accepted(self.daemon.command("set_charge_limit", {"percent": 70}, car="garage"))
        self.assertEqual(self.daemon.vehicle_data("garage")["charge_state"]["charge_limit_soc"], 70)
        self.assertEqual(self.daemon.vehicle_data(vin(1))["vin"], vin(1))
        self.assertEqual(self.simulator.executed(vin(1)), 1)
        self.assert_failure(self.daemon.command("honk_horn", car="boat"), 404, "bad_vin")
        self.assertNotIn(vin(1), self.daemon.log())

    def test_the_command_line_takes_names(self):
        ended = self.ask("send", "garage", "honk_horn")
        self.assertEqual((ended.returncode, ended.stdout), (0, "the vehicle did it\n"), ended)
        told = self.ask("doctor", "garage", "--json")
        self.assertEqual((told.returncode, json.loads(told.stdout)["vin"]), (0, vin(1)), told)
        for words in (("send", "boat", "honk_horn"), ("doctor", "boat")):
            ended = self.ask(*words)
            self.assertEqual(ended.returncode, 1, ended)
            self.assertIn("no vehicle's name", ended.stderr)
        for words in (("send", "Garage", "honk_horn"), ("doctor", "5YJ3"), ("send", "12345", "honk_horn")):
            ended = self.ask(*words)
            self.assertEqual(ended.returncode, 64, ended)
            self.assertIn("is neither a VIN nor a vehicle's name", ended.stderr)
        self.assertEqual([vehicle["name"] for vehicle in self.daemon.get("/fleetsign/v1/status").json["vehicles"]],
                         ["garage", "van"])

    def test_a_caller_without_a_token_reaches_what_it_may_with_the_account_of_the_vehicle(self):
        key = {"Authorization": "Bearer " + self.key}
        self.assert_accepted(self.daemon.command("honk_horn", car="van", headers=key))
        self.assertEqual(self.daemon.get("/api/1/vehicles/van/vehicle_data", key).json["response"]["vin"], vin(2))
        self.assert_failure(self.daemon.command("door_unlock", car="van", headers=key), 403, "not_allowed")
        self.assert_failure(self.daemon.command("honk_horn", car="garage", headers=key), 403, "not_allowed")
        self.assertEqual([self.simulator.executed(vin(car)) for car in (1, 2, 3)], [0, 1, 0])


if __name__ == "__main__":
    unittest.main()
