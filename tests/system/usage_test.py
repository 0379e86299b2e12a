# SPDX-License-Identifier: Apache-2.0
"""A mistake on the command line is told with what was meant, and without what may be private in it."""

import unittest

from harness import run


class Usage(unittest.TestCase):
    def hint_for(self, *words):
        """The hint that a misuse gets."""
        ended = run(*words)
        self.assertEqual((ended.returncode, ended.stdout), (64, ""))
        error, hint = ended.stderr.splitlines()
        self.assertTrue(error.startswith("fleetsign: error: "), error)
        self.assertNotIn("1234", ended.stderr)
        return hint

    def test_what_is_misspelt_is_found(self):
        for words, meant, explained in (
            (["srve"], "serve", ""),
            (["comple"], "completion", ""),
            (["serve", "--tiemout", "20s"], "--timeout", "serve "),
            (["serve", "--tiemout=1234"], "--timeout", "serve "),
            (["token", "staus"], "status", "token "),
            (["token", "import", "--flie", "1234"], "--file", "token "),
            (["pubkey", "--jsn"], "--json", "pubkey "),
        ):
            with self.subTest(words=words):
                self.assertEqual(self.hint_for(*words),
                                 f"hint: did you mean {meant}? `fleetsign {explained}--help` explains the usage")

    def test_nothing_is_guessed_for_what_is_like_nothing(self):
        for words, explained in ((["fly"], ""), (["serve", "--altitude", "1234"], "serve "), (["serve", "1234"], "serve "),
                                 ([], "")):
            with self.subTest(words=words):
                self.assertEqual(self.hint_for(*words), f"hint: `fleetsign {explained}--help` explains the usage")


if __name__ == "__main__":
    unittest.main()
