# SPDX-License-Identifier: Apache-2.0
"""The soak, in short: what callers are told is what the vehicles did, through faults and kills."""

import unittest

from soak import Plan, soak


class Short(unittest.TestCase):
    def test_executions_are_those_that_callers_were_told_of_but_for_what_is_unknown(self):
        figures, complaints = soak(Plan(vehicles=20, commands=600, kills=3))
        self.assertEqual(complaints, [])
        self.assertGreater(figures["told"]["yes"], 300, figures)
        self.assertEqual(sum(figures["told"].values()), 600, figures)


if __name__ == "__main__":
    unittest.main()
