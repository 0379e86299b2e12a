# SPDX-License-Identifier: Apache-2.0
"""The tokens of an account are brought in from elsewhere, shown without themselves, and revoked."""

import json
import signal
import unittest

from app import SECRET
from harness import Server, eventually
from logins import LoginCase, Running, open_link


class Tokens(LoginCase):
    """Planted tokens are looked for in everything that is said."""

    def setUp(self):
        super().setUp()
        self.planted = self.foreign_grant()
        self.secrets = [SECRET, self.planted["refresh_token"], self.planted["access_token"]]

    def run_here(self, name, *arguments, **more):
        ended = super().run_here(name, *arguments, **more)
        self.assert_silent(ended.stdout + ended.stderr)
        return ended

    def assert_silent(self, text):
        for secret in self.secrets:
            self.assertNotIn(secret, text)

    def bring_in(self):
        """What was said."""
        running = Running("token", "import", "home", "--config", self.config)
        self.addCleanup(running.close)
        self.assert_silent(running.command_line())
        status, said = running.end(f" {self.planted['refresh_token']}\n")
        self.assertEqual(status, 0, said)
        self.assert_silent(said)
        return said

    def test_a_state_that_is_made_for_it_is_warned_of_once(self):
        warning = f"fleetsign: warning: there was no state, and {self.place}/state/state.db is made; "
        self.assertIn(warning, self.bring_in())
        self.assertNotIn("warning", self.bring_in())

    def test_through_the_daemon_there_is_nothing_to_warn_of(self):
        self.start(Server("serve", "--config", self.config, "--listen", "http://127.0.0.1:0"))
        self.assertNotIn("warning", self.bring_in())

    def test_a_refresh_token_comes_in_by_standard_input(self):
        self.bring_in()
        self.assertNotEqual(self.accounts()["home"]["state"], "none")

    def test_or_from_a_file_that_is_its_owners_alone(self):
        file = self.place / "token"
        file.write_text(self.planted["refresh_token"] + "\n")
        file.chmod(0o644)
        self.assert_refused(self.run_here("token", "import", "home", "--file", file), 77, "open to other users", "chmod 600")
        file.chmod(0o600)
        self.assertEqual(self.run_here("token", "import", "home", "--file", file).returncode, 0)

    def test_what_is_no_refresh_token_is_refused(self):
        self.bring_in()
        for text, hint in (("two words", "in one line"), (json.dumps(self.planted), "without JSON"), ('"token"', "without JSON"),
                           ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln", "looks like an access token")):
            with self.subTest(hint):
                running = Running("token", "import", "home", "--config", self.config)
                self.addCleanup(running.close)
                status, said = running.end(text + "\n")
                self.assertEqual(status, 66)
                self.assertIn("that is no refresh token\nhint: ", said)
                self.assertIn(hint, said)
        self.assertEqual(self.run_here("token", "revoke", "home").returncode, 0)  # what was kept stays kept

    def test_revoked_tokens_are_good_nowhere(self):
        self.bring_in()
        ended = self.run_here("token", "revoke", "home")
        self.assertEqual((ended.returncode, ended.stdout),
                         (0, "Tesla takes the tokens of home no more, and they are forgotten here\n"), ended)
        self.assertEqual(self.accounts()["home"]["state"], "none")
        self.assertEqual(self.grants(), [])

    def test_tokens_that_could_not_be_revoked_are_kept(self):
        self.bring_in()
        self.order("http_503", on="revoke")
        self.assert_refused(self.run_here("token", "revoke", "home"), 69, "were not revoked, and are kept", "try again")
        self.assertEqual(self.run_here("token", "revoke", "home").returncode, 0)

    def test_a_revocation_that_fails_leaves_all_that_is_kept_as_it_was(self):
        self.start(Server("serve", "--config", self.config, "--listen", "http://127.0.0.1:0"))
        running, link = self.here()
        open_link(link)
        self.assertEqual(running.end()[0], 0)
        before = self.accounts()
        self.assertIsNotNone(before["home"]["expires"])
        self.order("http_503", on="revoke")
        self.assertEqual(self.run_here("token", "revoke", "home").returncode, 69)
        self.assertEqual(self.accounts(), before)

    def test_a_login_that_ends_during_a_revocation_stands(self):
        for has_daemon in (False, True):
            with self.subTest(has_daemon=has_daemon):
                daemon = has_daemon and self.start(Server("serve", "--config", self.config, "--listen", "http://127.0.0.1:0"))
                revoking = self.revoking()
                newer = self.planted = self.foreign_grant()
                self.bring_in()
                self.let_go()
                status, said = revoking.end()
                self.assertEqual(status, 1, said)
                self.assertIn("others came meanwhile, and are kept\nhint: `fleetsign token revoke home` revokes", said)
                self.assertNotIn(newer["refresh_token"], said)
                self.assertNotEqual(self.accounts()["home"]["state"], "none")
                self.assertEqual(len(self.grants()), 1)
                self.assertEqual(self.run_here("token", "revoke", "home").returncode, 0)
                self.assertEqual(self.grants(), [])
                if daemon:
                    daemon.stop()

    def test_a_revocation_that_is_killed_can_be_repeated(self):
        revoking = self.revoking()
        revoking.close()
        self.let_go()
        self.assertNotEqual(self.accounts()["home"]["state"], "none")
        self.assertEqual(self.run_here("token", "revoke", "home").returncode, 0)
        self.assertEqual(self.grants(), [])

    def test_one_that_tesla_refuses_to_revoke_has_a_way_out(self):
        self.bring_in()
        self.order("invalid_client", on="revoke")
        self.assert_refused(self.run_here("token", "revoke", "home"), 1, "were not revoked, and are kept",
                            "https://auth.tesla.com/user/revoke/consent?revoke_client_id=app-1 ")
        asked = self.asked_of("revoke")
        ended = self.run_here("token", "revoke", "home", "--local")
        self.assertEqual((ended.returncode, ended.stdout), (0, "the tokens of home are forgotten here\n"), ended)
        self.assertIn("Tesla was not asked", ended.stderr)
        self.assertEqual((self.accounts()["home"]["state"], self.asked_of("revoke")), ("none", asked))

    def revoking(self):
        """The sub-command, while Tesla takes its time."""
        self.bring_in()
        self.order("delay", on="revoke", ms=25_000)
        asked = self.asked_of("revoke")
        running = Running("token", "revoke", "home", "--config", self.config)
        self.addCleanup(running.close)
        eventually(lambda: self.asked_of("revoke") > asked, "Tesla is asked")
        return running

    def test_a_revocation_that_is_interrupted_is_brought_to_its_end_first(self):
        running = self.revoking()
        running.process.send_signal(signal.SIGINT)
        self.let_go()
        status, said = running.end()
        self.assertEqual(status, -signal.SIGINT)
        self.assertIn("Tesla takes the tokens of home no more, and they are forgotten here", said)

    def test_a_copy_that_brings_tokens_with_it_says_so(self):
        self.bring_in()
        copy = self.place / "backup.db"
        self.assertEqual(self.run_here("state", "backup", copy).returncode, 0)
        self.assertNotIn("come from the copy", self.run_here("state", "restore", copy).stdout)
        self.configure(state_dir=str(self.place / "another"))
        ended = self.run_here("state", "restore", copy)
        self.assertEqual(ended.returncode, 0, ended)
        self.assertIn("the tokens of home come from the copy: if they were refreshed since, `fleetsign login home`\n", ended.stdout)

    def test_the_status_says_nothing_of_a_token(self):
        self.bring_in()
        self.assertRegex(self.run_here("token", "status").stdout, r"\Ahome  managed  \w+")
        self.assertEqual(self.run_here("token", "revoke", "home").returncode, 0)
        self.assertEqual(self.run_here("token", "status").stdout,
                         "home  managed  none\n    nobody has logged in yet: `fleetsign login home`\n")

    def test_the_status_says_what_to_do_about_one_that_tesla_does_not_take(self):
        daemon = self.start(Server("serve", "--config", self.config, "--listen", "http://127.0.0.1:0"))
        self.order("login_required")
        self.bring_in()
        eventually(lambda: self.accounts()["home"]["state"] == "login_required", "it is tried")
        self.assertIn("\n    its owner has to log in again: `fleetsign login home`\n", self.run_here("token", "status").stdout)
        daemon.stop()

    def test_the_daemon_logs_none(self):
        daemon = self.start(Server("serve", "--config", self.config, "--listen", "http://127.0.0.1:0", "--log.level", "debug"))
        self.bring_in()
        self.assertEqual(self.run_here("token", "status").returncode, 0)
        self.assertEqual(self.run_here("token", "revoke", "home").returncode, 0)
        self.assert_silent(daemon.log())


if __name__ == "__main__":
    unittest.main()
