# SPDX-License-Identifier: Apache-2.0
"""The manual pages are made of what the program knows, so nothing is missing in them; and they are sound roff."""

import re
import shutil
import subprocess
import unittest

from harness import PATIENCE, run


def page(section):
    ended = run("__man", section)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def rendered(section):
    shown = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=200"], input=page(section), capture_output=True,
                           text=True, timeout=PATIENCE, check=True).stdout
    return re.sub(".\b", "", shown)  # bold and underlined, as terminals once did it


@unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
class Manual(unittest.TestCase):
    def test_the_pages_are_sound(self):
        for section in (1, 5):
            linted = subprocess.run(["mandoc", "-T", "lint", "-W", "style"], input=page(section), capture_output=True,
                                    text=True, timeout=PATIENCE, check=False)
            complaints = [line for line in linted.stdout.splitlines() if "referenced manual not found" not in line]
            self.assertEqual(complaints, [])

    def test_every_sub_command_and_option_is_in_the_first_page(self):
        shown = rendered(1)
        names = re.findall(r"(?m)^  ([a-z][a-z-]*) {2,}", run("--help").stdout.split("Subcommands:")[1])
        self.assertIn("serve", names)
        for name in names:
            self.assertRegex(shown, rf"(?m)^ +fleetsign {name} ")
            for option in re.findall(r"(?m)^  (--[a-z-]+)", run(name, "--help").stdout.split("Configuration keys:")[0]):
                self.assertRegex(shown, rf"(?m)^ +{option}\b", name)
        self.assertNotIn("__", shown)

    def test_every_key_is_in_the_other_page_with_its_default(self):
        shown = rendered(5)
        for flag in re.findall(r"(?m)^  --[^ ,]+,--([a-z_.]+) ", run("serve", "--help").stdout):
            self.assertRegex(shown, rf"(?m)^ +{re.escape(flag)} ")
        self.assertRegex(shown, r"(?m)^ +log\.level error \| warning \| info \| debug\n.*\bDefault: info\. +A reload applies a change\.$")
        self.assertIn("${CREDENTIALS_DIRECTORY}/", shown)

    def test_there_is_no_other_page(self):
        self.assertEqual(run("__man", 7).returncode, 64)


if __name__ == "__main__":
    unittest.main()
