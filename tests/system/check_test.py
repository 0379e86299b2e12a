# SPDX-License-Identifier: Apache-2.0
"""Everything that an app needs is checked, and what is missing says what to do."""

import json
import unittest

from app import DOMAIN, AppCase
from harness import vin


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
                          "accounts": "problem", f"vehicle {vin()}": "skipped"})

    def test_a_key_that_cannot_be_read_is_found(self):
        self.configure(key_file=str(self.place / "missing.pem"), accounts=None)
        self.assertEqual(self.verdicts(self.check("--json")), {"key file": "problem"})

    def test_without_a_region_registrations_are_left_out(self):
        self.configure(fleet_api=None, accounts=None)
        ended = self.check("--json")
        self.assertEqual((ended.returncode, self.verdicts(ended)["registration"]), (0, "skipped"))


if __name__ == "__main__":
    unittest.main()
