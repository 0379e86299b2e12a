# SPDX-License-Identifier: Apache-2.0
"""The walk of docs/onboarding.md does what it says: its lines are run as they stand there, at ports that are free."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import unittest
import urllib.request

import pages
from harness import BINARY, PATIENCE, environment, vin

PAGE = "docs/onboarding.md"
PORTS = ("4480", "4481", "4482")


def walk():
    """The lines of the page that are for a shell, but for those within a list."""
    return "".join(block.text for block in pages.blocks(PAGE) if block.language == "sh" and not block.indented)


def free_ports(count):
    """They were free a moment ago: the page needs to name them before anybody listens there."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Onboarding(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = pathlib.Path(folder.name) / "walk"
        self.programs = pathlib.Path(folder.name) / "bin"
        self.place.mkdir()
        self.programs.mkdir()
        (self.programs / "fleetsign").symlink_to(BINARY)
        self.ports = dict(zip(PORTS, free_ports(len(PORTS))))

    def run_walk(self):
        script = re.sub("|".join(PORTS), lambda port: self.ports[port[0]], walk())
        env = environment({"PATH": f"{self.programs}:{os.environ['PATH']}", "FLEETSIGN_TOKEN": ""})
        env.pop("STATE_DIRECTORY")  # the page has a folder of its own for it
        shell = subprocess.Popen(["bash", "-euo", "pipefail"], cwd=self.place, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.addCleanup(self.end_all, shell)
        # The servers that it starts keep its output open, so its end is told by itself.
        shell.stdin.write(f"exec > walk.log 2>&1\n{script}\n")
        shell.stdin.close()
        status = shell.wait(PATIENCE)
        return status, (self.place / "walk.log").read_text(encoding="utf-8")

    def end_all(self, shell):
        """The shell's own session: what it has started, and nothing else."""
        try:
            os.killpg(shell.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        shell.stdout.close()
        shell.wait()

    def vehicle(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['4481']}/sim/v1/vehicles/{vin()}", timeout=PATIENCE) as page:
            return json.load(page)

    def test_the_walk_ends_with_a_locked_car(self):
        status, said = self.run_walk()
        self.assertEqual(status, 0, said)
        vehicle = self.vehicle()
        self.assertEqual([each["name"] for each in vehicle["executed"]], ["door_unlock", "door_lock"])
        self.assertIs(vehicle["car"]["vehicle_state"]["locked"], True)
        self.assertNotIn("\u2717", said)
        self.assertIn(f"\u2713 vehicle {vin()}: it has the key", said)
        for secret in ("my-secret", "fsk_"):
            self.assertNotIn(secret, said + (self.place / "daemon.log").read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
