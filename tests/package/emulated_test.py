# SPDX-License-Identifier: Apache-2.0
"""Whether a package for another processor runs, in qemu and with the libraries it was built against:
emulated_test.py PACKAGE FOLDER."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EMULATOR = ["qemu-aarch64-static", "-L", str(ROOT / "build/arm64-root")]
PACKAGE = None
PATIENCE = 120


class Emulated(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        subprocess.run(["dpkg-deb", "--extract", PACKAGE, cls.folder], check=True)
        cls.command = [*EMULATOR, str(cls.folder / "usr/bin/fleetsign")]
        cls.key = str(cls.folder / "private-key.pem")
        cls.run_program("keygen", "--out", cls.key)

    @classmethod
    def environment(cls, more=None):
        return {**os.environ, "STATE_DIRECTORY": tempfile.mkdtemp(dir=cls.folder), **(more or {})}

    @classmethod
    def run_program(cls, *arguments, env=None):
        ended = subprocess.run([*cls.command, *arguments], env=cls.environment(env), capture_output=True, text=True,
                               timeout=PATIENCE, check=False)
        assert ended.returncode == 0, f"{arguments} ended with {ended.returncode}: {ended.stderr}"
        return ended.stdout

    def test_it_is_for_this_processor_and_depends_on_its_libraries(self):
        control = subprocess.run(["dpkg-deb", "--field", PACKAGE], capture_output=True, text=True, check=True).stdout
        self.assertRegex(control, r"(?m)^Architecture: arm64$")
        for library in ("libc6", "libssl3", "libcurl4", "libprotobuf32", "libsqlite3-0"):
            self.assertRegex(control, rf"(?m)^Depends:.*\b{library} \(>= ")
        self.assertNotIn("cross", control)

    def test_the_version(self):
        self.assertRegex(self.run_program("--version"), r"^fleetsign \S+ \(\S+\)\nbuilt as release, aarch64, .*\nruns with ")

    def test_the_configuration_of_the_package_is_that_of_the_program_and_would_serve(self):
        example = self.folder / "etc/fleetsign/fleetsign.yaml"
        self.assertEqual(self.run_program("config", "example"), example.read_text("utf-8"))
        self.run_program("serve", "--check", "--config", str(example), env={"FLEETSIGN_KEY_FILE": self.key})

    def test_a_command_reaches_the_vehicle_of_the_demonstration(self):
        process = subprocess.Popen([*self.command, "demo", "--listen", "http://127.0.0.1:0"], env=self.environment(), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        _, url, vin, token = process.stdout.readline().split()
        said = self.run_program("send", vin.removeprefix("vin="), "set_charge_limit", "percent=80",
                                env={"FLEETSIGN_URL": url, "FLEETSIGN_TOKEN": token.removeprefix("token=")})
        self.assertEqual(said, "the vehicle did it\n")


if __name__ == "__main__":
    PACKAGE = Path(sys.argv[1]).resolve()
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
