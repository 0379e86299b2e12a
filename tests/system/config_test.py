# SPDX-License-Identifier: Apache-2.0
"""`fleetsign config`: what the configuration comes to, and where each part of it comes from."""

import json
import pathlib
import re
import tempfile
import unittest

from harness import run


class Config(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "fleetsign.yaml"

    def config(self, action, *arguments, env=None):
        return run("config", action, "--config", self.file, *arguments, env=env)

    def lines(self, text):
        """Each line, its runs of spaces made one."""
        return [re.sub(" +", " ", line).strip() for line in text.splitlines()]

    def test_show_tells_each_value_and_its_origin(self):
        self.file.write_text("key_file: key.pem\ntimeout: 11s\nlog:\n  level: debug\n")
        shown = self.config("show", "--timeout-max", "33s", env={"FLEETSIGN_TIMEOUT": "12s", "STATE_DIRECTORY": "/s:/t"})
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        lines = self.lines(shown.stdout)
        self.assertEqual(lines[0], f"# the file: {self.file}")
        for line in (f"key_file: {self.folder / 'key.pem'} # {self.file}:1", "timeout: 12s # environment FLEETSIGN_TIMEOUT",
                     "timeout_max: 33s # flag --timeout_max", f"level: debug # {self.file}:4", "format: text # default",
                     "listen: http://127.0.0.1:4480 # default", "state_dir: /s # default, from environment STATE_DIRECTORY"):
            self.assertIn(line, lines)
        self.assertNotIn("key_passphrase_file", shown.stdout)
        self.assertIn("#key_passphrase_file: # not set", self.lines(self.config("show", "--all").stdout))

    def test_what_show_prints_is_a_configuration_that_shows_the_same(self):
        self.file.write_text('key_file: key.pem\nlisten:\n  - {url: "unix:/run/a b", mode: "0660"}\n  - http://127.0.0.1:1\n'
                             'callers: [{name: "*", allow: ["GET /api/1/*", status]}]\nvehicles: {a: 5YJS0000000000001}\n')
        first = self.config("show", "--json")
        self.file.write_text(self.config("show", "--all").stdout)
        second = self.config("show", "--json")
        self.assertEqual(second.returncode, 0, second)
        values = [{key["key"]: key["value"] for key in json.loads(shown.stdout)["keys"]} for shown in (first, second)]
        del values[0]["state_dir"], values[1]["state_dir"]  # each run has its own
        self.assertEqual(*values)

    def test_show_for_programs(self):
        self.file.write_text("hosts: [a, b]\nvehicles: {garage: {vin: 5YJS0000000000001}}\n")
        shown = json.loads(self.config("show", "--json").stdout)
        self.assertEqual(shown["file"], str(self.file))
        keys = {key.pop("key"): key for key in shown["keys"]}
        self.assertEqual(keys["hosts"], {"value": ["a", "b"], "origin": f"{self.file}:1", "changed_by": "reload"})
        self.assertEqual(keys["vehicles"]["value"], {"garage": {"vin": "5YJS0000000000001"}})
        self.assertEqual(keys["listen"], {"value": "http://127.0.0.1:4480", "origin": "default", "changed_by": "restart"})
        self.assertNotIn("key_file", keys)
        everything = json.loads(self.config("show", "--json", "--all").stdout)["keys"]
        self.assertEqual([key for key in everything if key["key"] == "key_file"],
                         [{"key": "key_file", "value": None, "origin": "default", "changed_by": "restart"}])

    def test_what_is_wrong_is_told_in_place_of_it_without_a_password(self):
        self.file.write_text("fleet_api: {base_url: 'https://user:hunter2@example.com'}\ntimeout: 9\n")
        shown = self.config("show")
        self.assertEqual((shown.returncode, shown.stdout), (78, ""))
        self.assertEqual(shown.stderr, self.config("check").stderr)
        self.assertNotIn("hunter2", shown.stderr)


if __name__ == "__main__":
    unittest.main()
