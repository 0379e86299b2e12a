# SPDX-License-Identifier: Apache-2.0
"""Many clients and one vehicle that keeps rebooting: nothing runs twice, nothing is lost in silence, and the way back
costs no storm of handshakes."""

import threading
import unittest

from harness import Case, eventually, vin

CLIENTS = 8
COMMANDS = 40  # of each client
BETWEEN_REBOOTS = 20  # executions


class Storm(Case):
    def test_a_vehicle_that_keeps_rebooting_does_each_command_once_or_not_at_all(self):
        simulator, daemon = self.start_both()
        self.assert_accepted(daemon.command("honk_horn"))
        before = simulator.vehicle(vin())
        simulator.forget_requests()
        told = []
        threads = [threading.Thread(target=self.send_all, args=(daemon, told)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        reboots = 0
        while any(thread.is_alive() for thread in threads):
            goal = simulator.executed(vin()) + BETWEEN_REBOOTS
            eventually(lambda: simulator.executed(vin()) >= goal or not any(thread.is_alive() for thread in threads),
                       "commands are carried out")
            simulator.order(vin(), "reboot")
            reboots += 1
        for thread in threads:
            thread.join()

        after = simulator.vehicle(vin())
        executed = after["executed_total"] - before["executed_total"]
        outcomes = [reply.json["executed"] for reply in told]
        self.assertEqual(len(outcomes), CLIENTS * COMMANDS)
        self.assertLessEqual(outcomes.count("yes"), executed)
        self.assertLessEqual(executed, outcomes.count("yes") + outcomes.count("unknown"))
        # Each reboot puts the commands under way out of step, eight at most; what they learn of it spares the others.
        self.assertGreater(reboots, 3)
        self.assertLessEqual(after["handshakes_total"] - before["handshakes_total"], 2 * reboots)
        self.assertLessEqual(simulator.signed_commands(), len(told) + reboots * (CLIENTS + 2))
        # Two that nobody has met yet would be one more than a command is signed again for.
        simulator.request("DELETE", f"/sim/v1/vehicles/{vin()}/faults")
        self.assert_accepted(daemon.command("honk_horn"))

    @staticmethod
    def send_all(daemon, told):
        for _ in range(COMMANDS):
            told.append(daemon.command("honk_horn"))


if __name__ == "__main__":
    unittest.main()
