# SPDX-License-Identifier: Apache-2.0
"""Everything that an app needs is checked, and what is missing says what to do."""

import json
import unittest

from app import DOMAIN, AppCase
from harness import vin
from tesla_hosts import EU, NA, TeslaHosts


class Check(AppCase):
    def check(self, *arguments):
        return self.run_here("check", "--key-url", self.web.url, *arguments, env={"FLEETSIGN_TOKEN": ""})

    def verdicts(self, ended):
        body = json.loads(ended.stdout)
        self.assertEqual(body["ok"], ended.returncode == 0)
        for line in body["checks"]:
            self.assertEqual(bool(line["advice"]), line["verdict"] != "ok", line)
        return {line["check"]: line["verdict"] for line in body["checks"]}

    def test_when_all_is_well_each_line_has_its_tick(self):
        self.configure(accounts=None)
        self.assertEqual(self.register().returncode, 0)
        ended = self.check()
        self.assertEqual(ended.returncode, 0, ended)
        self.assertEqual([line.split(":")[0] for line in ended.stdout.splitlines()],
                         ["\u2713 key file", "\u2713 hosted key", "\u2713 app's token (configured)", "\u2713 registration (configured)"])

    def test_what_is_missing_is_marked_and_explained(self):
        ended = self.check()
        self.assertEqual(ended.returncode, 1, ended)
        self.assertIn("\u2717 registration (configured): the app is not registered in this region", ended.stdout)
        self.assertIn(f"\n    `fleetsign register --domain {DOMAIN}", ended.stdout)
        self.assertIn("\u2717 accounts: nobody has logged in yet", ended.stdout)

    def test_one_fault_hides_no_other(self):
        self.register()
        self.web.status = 404
        self.order("invalid_client")
        self.assertEqual(self.verdicts(self.check("--json", vin())),
                         {"key file": "ok", "hosted key": "problem", "app's token (configured)": "problem",
                          "accounts": "problem", f"vehicle {vin()}": "problem"})

    def test_a_key_that_cannot_be_read_is_found(self):
        self.configure(key_file=str(self.place / "missing.pem"), accounts=None)
        self.assertEqual(self.verdicts(self.check("--json")), {"key file": "problem", "app's token (configured)": "ok"})

    def test_a_vehicle_of_the_configuration_may_go_without_a_token(self):
        self.register()
        self.configure(accounts=None, vehicles={"garage": vin()})
        ended = self.check("--json")
        self.assertEqual((ended.returncode, self.verdicts(ended)[f"vehicle {vin()}"]), (0, "skipped"))

    def test_an_app_that_is_not_configured_is_a_problem(self):
        self.configure(oauth=None, accounts=None)
        ended = self.check()
        self.assertEqual(ended.returncode, 1, ended)
        self.assertRegex(ended.stdout, "\u2717 app: the configuration \\(.*\\.yaml\\) names no app\n    set `oauth.client_id`")
        self.assert_refused(self.check("--region", "mars"), 64, '"mars" is no region', "--region na, eu, cn")


class Regions(TeslaHosts, AppCase):
    """Without a region in the configuration."""

    def setUp(self):
        super().setUp()
        self.start_hosts()
        self.configure(fleet_api={"ca_file": str(self.cert)}, accounts=None)

    def run_there(self, name, *arguments):
        return self.run_here(name, "--key-url", self.web.url, *arguments, env={"FLEETSIGN_TOKEN": "", **self.via_proxy})

    def registrations(self, ended):
        return [line["verdict"] for line in json.loads(ended.stdout)["checks"] if line["check"].startswith("registration (")]

    def test_an_app_is_registered_in_north_america_and_in_europe(self):
        ended = self.run_there("register")
        self.assertEqual(ended.returncode, 0, ended)
        self.assertIn(f"na: {DOMAIN} is registered at https://{NA}, with this key\n"
                      f"eu: {DOMAIN} is registered at https://{EU}, with this key\n", ended.stdout)
        self.assertIn("it is registered in na and eu", ended.stderr)
        self.assertEqual(self.registrations(self.run_there("check", "--json")), ["ok", "ok"])

    def test_one_registration_is_enough_but_where_a_region_is_named(self):
        ended = self.run_there("check", "--json")
        self.assertEqual((ended.returncode, self.registrations(ended)), (1, ["problem", "problem"]))
        self.assertEqual(self.run_there("register", "--region", "eu").returncode, 0)
        ended = self.run_there("check", "--json")
        self.assertEqual((ended.returncode, self.registrations(ended)), (0, ["skipped", "ok"]))
        for word, verdicts in (("all", ["problem", "ok"]), ("na", ["problem"]), ("eu", ["ok"])):
            ended = self.run_there("check", "--json", "--region", word)
            self.assertEqual((ended.returncode, self.registrations(ended)), (int("problem" in verdicts), verdicts))


if __name__ == "__main__":
    unittest.main()
