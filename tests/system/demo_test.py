# SPDX-License-Identifier: Apache-2.0
"""What a newcomer does first."""

import re
import signal
import subprocess
import unittest

from harness import PATIENCE, Case, Server


class Demo(Case):
    def start_demo(self):
        return self.start(Server("demo", "--listen", "http://127.0.0.1:0"))

    def read_tour(self, demo):
        """Everything that the demo prints: the ready line is read already."""
        lines = [demo.ready]
        while not lines[-1].startswith("# Ctrl-C"):
            lines.append(demo.process.stdout.readline().strip())
        return lines

    def test_the_ready_line_names_url_vehicle_and_token(self):
        demo = self.start_demo()
        self.assertRegex(demo.ready, r"^ready http://127\.0\.0\.1:\d+ vin=5YJS0000000000001 token=\S+$")

    def test_every_curl_line_works_when_pasted(self):
        demo = self.start_demo()
        lines = self.read_tour(demo)
        variables = next(line for line in lines if line.startswith("URL="))
        curls = [line for line in lines if line.startswith("curl ")]
        self.assertGreaterEqual(len(curls), 4)
        replies = []
        for line in curls:
            pasted = subprocess.run(["sh", "-ec", f"{variables}\n{line} --fail-with-body"], capture_output=True, text=True,
                                    timeout=PATIENCE)
            self.assertEqual(pasted.returncode, 0, f"{line}: {pasted.stdout}{pasted.stderr}")
            replies.append(pasted.stdout)
        self.assertIn('"response":{"result":true,"reason":""}', replies[0])
        self.assertRegex("".join(replies), r'"charge_limit_soc":\s*80\b')

    def test_both_signals_end_it_with_status_0(self):
        for ending in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(ending):
                self.assertEqual(self.start_demo().stop(ending), 0)

    def test_a_taken_port_is_said_with_what_to_do(self):
        first = self.start_demo()
        second = subprocess.run([*first.process.args[:2], "--listen", first.url], capture_output=True, text=True,
                                timeout=PATIENCE)
        self.assertEqual(second.returncode, 69, second)
        self.assertTrue(re.match(r"fleetsign: error: cannot listen on \S+: address already in use\nhint: .*127\.0\.0\.1:0",
                                 second.stderr), second.stderr)


if __name__ == "__main__":
    unittest.main()
