# SPDX-License-Identifier: Apache-2.0
"""Bash completes command lines: the script is loaded and asked as bash does when somebody presses Tab."""

import os
import pty
import re
import select
import subprocess
import time
import unittest

from harness import BINARY, PATIENCE, run

ASK = """
set -u
source <("$0" completion bash)
[[ $(complete -p fleetsign) == *_fleetsign* ]] || exit 9
compopt() { :; }  # there is none outside of a completion
COMP_WORDS=("$0" "$@")
COMP_CWORD=$#
_fleetsign "$0" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]-}"
"""
VIN = "5YJS0000000000001"


class Completion(unittest.TestCase):
    def complete(self, line):
        """What bash would offer at the end of a line; it cuts words at ":" and "=", which are words then, too."""
        words = re.findall(r"[:=]+|[^\s:=]+", line) + ([""] if not line or line.endswith(" ") else [])
        ended = subprocess.run(["bash", "-c", ASK, BINARY, *words], capture_output=True, text=True, timeout=PATIENCE,
                               check=False)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return ended.stdout.split()

    def test_sub_commands(self):
        self.assertEqual(self.complete("se"), ["serve", "send"])
        self.assertIn("explain", self.complete(""))
        self.assertNotIn("__complete", self.complete(""))
        self.assertEqual(self.complete("config "), ["check", "show", "example"])
        self.assertEqual(self.complete("nonsense"), [])

    def test_flags(self):
        self.assertEqual(self.complete("send --w"), ["--wait", "--wake"])
        self.assertEqual(self.complete("config check --key-f"), ["--key-file"])
        self.assertIn("--version", self.complete("--"))

    def test_command_names(self):
        wanted = ["set_charge_limit", "set_charging_amps"]
        for line in (f"send {VIN} set_ch", "explain set_ch", f"send --url http://127.0.0.1:1 --json {VIN} set_ch",
                     f"send --url=http://[::1]:4480 {VIN} set_ch", f"send --wait=5 {VIN} set_ch"):
            with self.subTest(line):
                self.assertEqual(sorted(self.complete(line)), wanted)
        self.assertEqual(self.complete("send "), [])  # a VIN

    def test_parameter_names_and_values(self):
        self.assertEqual(self.complete(f"send {VIN} set_temps "), ["driver_temp=", "passenger_temp="])
        self.assertEqual(self.complete(f"send {VIN} set_temps driver_temp=21 pa"), ["passenger_temp="])
        self.assertEqual(self.complete(f"send --url=http://h:1 {VIN} set_temps pa"), ["passenger_temp="])
        self.assertEqual(self.complete("explain set_sentry_mode on="), ["true", "false"])
        self.assertEqual(self.complete("explain window_control command=v"), ["vent"])
        self.assertEqual(self.complete("explain honk_horn "), [])

    def test_values_of_flags_are_left_to_bash(self):
        for line in ("send --token-file se", "send --token-file=", "send --token-file=se", "send --url http:"):
            with self.subTest(line):
                self.assertEqual(self.complete(line), [])

    def test_a_bash_at_a_terminal_cuts_words_like_this(self):
        child, terminal = pty.fork()
        if child == 0:
            path = os.path.dirname(os.path.abspath(BINARY)) + ":" + os.environ["PATH"]
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"],
                       {**os.environ, "PATH": path, "INPUTRC": "/dev/null", "TERM": "dumb"})
        self.addCleanup(os.waitpid, child, 0)
        self.addCleanup(os.close, terminal)
        os.write(terminal, b"source <(fleetsign completion bash) && echo rea''dy\n")
        self.read_until(terminal, "ready")
        for typed, wanted in (("send --url http://h:1 VIN set_charge_l", "set_charge_limit"),
                              ("send --wait=5 VIN set_temps pass", "passenger_temp="),
                              ("explain window_control command=v", "command=vent")):
            os.write(terminal, f"fleetsign {typed}\t".encode())
            self.read_until(terminal, wanted)
            os.write(terminal, b"\x15")  # ^U: the line is given up

    def read_until(self, terminal, wanted):
        """Reads what the terminal shows."""
        shown, end = "", time.monotonic() + PATIENCE
        while wanted not in shown:
            ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
            self.assertTrue(ready, f"no {wanted} in {shown!r}")
            shown += os.read(terminal, 4096).decode(errors="replace")

    def test_another_shell_is_refused(self):
        self.assertEqual(run("completion", "tcsh").returncode, 64)


if __name__ == "__main__":
    unittest.main()
