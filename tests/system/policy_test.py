# SPDX-License-Identifier: Apache-2.0
"""What callers may do: the documented examples, each with all that it allows and with all that it does not."""

import json
import pathlib
import tempfile
import unittest

from callers import Caller
from harness import TOKEN, Case, Daemon, Simulator, run, vin

EXAMPLES = pathlib.Path(__file__).parents[2] / "docs" / "examples"


def commands():
    return {command["name"]: command for command in json.loads(run("commands", "--json").stdout)["commands"]}


class Policy(Case):
    def start_example(self, name):
        """Serves the example as it is, but for where its token lies, and makes the key of its caller."""
        simulator = self.start(Simulator(self.folder, vehicles=2))
        token = self.folder / "home.token"
        token.write_text(f"{TOKEN}\n")
        token.chmod(0o600)
        config = (EXAMPLES / f"{name}.yaml").read_text().replace("/run/tesla/home.token", str(token))
        state = {"STATE_DIRECTORY": tempfile.mkdtemp(dir=self.folder)}
        added = run("client", "add", name, env=state)
        self.assertEqual(added.returncode, 0, added.stderr)
        self.authorization = {"Authorization": f"Bearer {added.stdout.strip()}"}
        config += "action_endpoint: true\n"
        return simulator, self.start(Daemon(self.folder, simulator.url, config=config, env=state))

    def command(self, daemon, name, arguments=None, headers=None, car=vin()):
        return daemon.command(name, arguments, headers={**self.authorization, **(headers or {})}, car=car)

    def assert_refused(self, daemon, method, target, body="{}"):
        """As it is written: a client's library would tidy the path up."""
        caller = Caller(daemon.url)
        caller.send(method, target, body, self.authorization)
        reply = caller.receive()
        caller.close()
        self.assertIn(reply.status, (400, 403, 404, 405), (method, target, reply.body))

    def assert_allows_only(self, simulator, daemon, allowed):
        for name in commands():
            if name not in allowed:
                self.assert_failure(self.command(daemon, name), 403, "not_allowed")
                self.assert_failure(daemon.request("POST", f"/api/1/vehicles/{vin()}/command/{name}?dry_run=true", "{}",
                                                   self.authorization), 403, "not_allowed")
        one = sorted(allowed)[0]
        car = f"/api/1/vehicles/{vin()}"
        other_ways = [f"{car}/command/{spelt}" for spelt in (
            "%64oor_unlock", "door_unlock/", "/door_unlock", "./door_unlock", "../command/door_unlock", "door%5funlock",
            "DOOR_UNLOCK", "door_unlock.json", "door_unlock;x", f"{one}/../door_unlock", f"{one}%2f..%2fdoor_unlock",
            f"{one}/door_unlock", f"{one}%00", f"{one};door_unlock", f"{one}?wake=true", f"{one}%3Fwake=true")]
        other_ways += [f"{car}/wake_up", f"{car}/wake_up/", f"{car}/wake_up.json", f"{car}//wake_up",
                       f"{car}/signed_command", f"{car}/invitations", f"/api/1//vehicles/{vin()}/command/door_unlock",
                       f"/API/1/vehicles/{vin()}/command/door_unlock", f"/fleetsign/v1/vehicles/{vin()}/action",
                       "/api/1/vehicles/fleet_status", "/api/1/vehicles/fleet_telemetry_config",
                       "/api/1/vehicles/fleet_telemetry_config_jws", "/api/1/partner_accounts", "/api/1/users/me"]
        for target in other_ways:
            for method in ("POST", "PUT", "DELETE"):
                self.assert_refused(daemon, method, target)
        for target in (f"{car}/vehicle_data", car, "/api/1/vehicles", "/api/1/users/me", "/metrics",
                       "/fleetsign/v1/status", "/fleetsign/v1/sessions", f"{car}/command/{one}",
                       f"/fleetsign/v1/vehicles/{vin()}/diagnosis"):
            self.assert_refused(daemon, "GET", target, "")
        asked = {name: of["total"] for name, of in simulator.requests()["endpoints"].items() if of["total"]}
        self.assertEqual(asked, {})

    def test_a_charger_controls_charging_only(self):
        simulator, daemon = self.start_example("charger")
        charging = {name for name, command in commands().items() if "charging" in command["groups"]}
        self.assert_allows_only(simulator, daemon, charging)
        for name in ("charge_start", "charge_stop", "charge_port_door_open"):
            self.assert_accepted(self.command(daemon, name))
        self.assert_accepted(self.command(daemon, "set_charge_limit", {"percent": 70}))
        self.assert_failure(self.command(daemon, "charge_start", car=vin(2)), 403, "not_allowed")
        self.assertEqual(simulator.executed(vin(2)), 0)

    def test_a_wall_panel_only_flashes_and_honks_and_confirms_the_horn(self):
        simulator, daemon = self.start_example("wall-panel")
        self.assert_allows_only(simulator, daemon, {"flash_lights", "honk_horn"})
        self.assert_accepted(self.command(daemon, "flash_lights"))
        self.assert_failure(self.command(daemon, "honk_horn"), 428, "confirmation_required")
        self.assert_failure(self.command(daemon, "honk_horn", headers={"X-Confirm": "yes"}), 428, "confirmation_required")
        self.assertEqual(simulator.executed(vin()), 1)
        self.assert_accepted(self.command(daemon, "honk_horn", headers={"X-Confirm": "honk_horn"}))

    def test_a_budget_holds_over_a_restart(self):
        simulator = self.start(Simulator(self.folder))
        state = {"STATE_DIRECTORY": str(self.folder / "state")}
        config = 'callers:\n  - {name: "*", daily_budget: 0.004}\n'
        daemon = self.start(Daemon(self.folder, simulator.url, config=config, env=state))
        self.assert_accepted(daemon.command("honk_horn"))  # with a handshake
        self.assertEqual(daemon.stop(), 0)
        daemon = self.start(Daemon(self.folder, simulator.url, config=config, env=state))
        self.assert_accepted(daemon.command("honk_horn"))  # what is kept is a sixty-fourth ahead
        refused = daemon.command("honk_horn")
        self.assert_failure(refused, 429, "local_budget")
        self.assertTrue(0 < int(refused.headers["Retry-After"]) <= 86_400)
        self.assertEqual(simulator.executed(vin()), 2)

    def test_a_name_that_nothing_has_is_told_before_anything_starts(self):
        path = self.folder / "wrong.yaml"
        path.write_text(f"key_file: {self.folder / 'private.pem'}\nconfirm: [sensitiv]\n"
                        "callers:\n  - name: charger\n    allow: [chargin, status]\n")
        for arguments in (("config", "check"), ("serve",)):
            told = run(*arguments, "--config", path)
            self.assertNotEqual(told.returncode, 0)
            self.assertIn(f"{path}:2: confirm: sensitiv is no command, and no group of commands", told.stderr)
            self.assertIn("did you mean sensitive?", told.stderr)
            self.assertIn(f"{path}:4: callers.allow: chargin is no command, and no group of commands", told.stderr)
            self.assertIn("did you mean charging?", told.stderr)


if __name__ == "__main__":
    unittest.main()
