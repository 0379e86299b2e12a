# SPDX-License-Identifier: Apache-2.0
"""Proves what ./dev promises before it builds anything: its usage, its exit statuses, its way with packages."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def dev(*arguments, folder="/", path=""):
    environment = os.environ | {"PATH": f"{path}{os.environ['PATH']}"}
    command = [ROOT / "dev", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


class Dev(unittest.TestCase):
    def test_alone_it_explains_every_command(self):
        result = dev()
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        commands = re.search(r"^    (run \|.*)\) \"cmd_", (ROOT / "dev").read_text(encoding="utf-8"), re.MULTILINE)[1]
        for command in commands.split(" | "):
            self.assertRegex(result.stdout, rf"(?m)^  {command}\b.*  \S")

    def test_wrong_usage_exits_with_64(self):
        for arguments in [("nonsense",), ("lint", "x"), ("fuzz", "no_such_target"), ("bench", "no_such_benchmark"),
                          ("package", "--nonsense"), ("package", "--arch", "vax")]:
            with self.subTest(arguments=arguments):
                result = dev(*arguments)
                self.assertEqual((result.returncode, result.stdout), (64, ""))
                self.assertRegex(result.stderr, "usage: |error: ")

    def test_it_says_which_packages_to_install_when_it_cannot(self):
        with tempfile.TemporaryDirectory() as fakes:
            for name, script in {"dpkg-query": "exit 1", "sudo": 'exec "$@"', "apt-get": "exit 100"}.items():
                fake = Path(fakes, name)
                fake.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
                fake.chmod(0o755)
            result = dev("build", path=f"{fakes}:")
        self.assertEqual(result.returncode, 69)
        self.assertRegex(result.stderr, r"as root, run: apt-get .*install --yes --no-install-recommends .*\bcmake\b")


if __name__ == "__main__":
    unittest.main()
