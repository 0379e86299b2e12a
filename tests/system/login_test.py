# SPDX-License-Identifier: Apache-2.0
"""An owner logs in, by a browser on this machine or by pasting, and the tokens are kept, shown and revoked."""

import json
import signal
import socket
import unittest
import urllib.parse

from app import SECRET
from harness import Server, eventually
from logins import ELSEWHERE, LoginCase, Running, open_link, with_field


def free_port():
    """It was free a moment ago: the app has to know its redirect URI before anybody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


class Login(LoginCase):
    def assert_logged_in(self, ended):
        self.assertEqual(ended[0], 0, ended)
        self.assertIn("home is logged in", ended[1])
        self.assertEqual(self.accounts()["home"]["state"], "ok")
        self.assertNotIn(SECRET, ended[1])

    def test_the_link_asks_for_what_is_configured(self):
        _, link = self.here()
        address = urllib.parse.urlsplit(link)
        asked = dict(urllib.parse.parse_qsl(address.query))
        self.assertEqual(link.split("?")[0], self.simulator.url + "/oauth2/v3/authorize")
        self.assertEqual((asked["response_type"], asked["client_id"], asked["prompt_missing_scopes"]), ("code", "app-1", "true"))
        self.assertEqual(asked["scope"].split(), ["openid", "offline_access", "vehicle_device_data", "vehicle_location",
                                                  "vehicle_cmds", "vehicle_charging_cmds"])
        self.assertRegex(asked["redirect_uri"], r"\Ahttp://127\.0\.0\.1:[1-9][0-9]*/callback\Z")
        self.assertGreaterEqual(len(asked["state"]), 43)
        self.assertNotIn(SECRET, link)

    def test_a_browser_on_this_machine_brings_the_answer(self):
        running, link = self.here()
        self.assertNotIn(SECRET, running.command_line())
        status, page = open_link(link)
        self.assertEqual((status, page[:9]), (200, "Thank you"))
        self.assert_logged_in(running.end())
        self.assertEqual(len(self.grants()), 1)

    def test_a_browser_gets_to_localhost_by_either_address(self):
        for address in ("127.0.0.1", "[::1]") if has_ipv6() else ("127.0.0.1",):
            with self.subTest(address):
                running, link = self.start_login("--redirect-uri", f"http://localhost:{free_port()}/callback")
                callback = open_link(link, follow=False)[1]
                self.assertEqual(callback[:17], "http://localhost:")
                self.assertEqual(open_link(callback.replace("localhost", address))[0], 200)
                self.assert_logged_in(running.end())

    @unittest.skipUnless(has_ipv6(), "there is no IPv6")
    def test_a_program_that_has_half_of_localhost_would_get_the_answer(self):
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
            uri = f"http://localhost:{other.getsockname()[1]}/callback"
            self.assert_refused(self.run_here("login", "home", "--redirect-uri", uri), 69, "already in use",
                                f"`fleetsign login home --paste --redirect-uri '{uri}'`")

    def test_it_works_through_the_running_daemon(self):
        daemon = self.start(Server("serve", "--config", self.config, "--listen", "http://127.0.0.1:0"))
        self.assertEqual(self.accounts()["home"]["state"], "none")
        running, link = self.here()
        open_link(link)
        self.assert_logged_in(running.end())
        self.assertNotIn(SECRET, daemon.log())

    def test_the_answer_can_be_pasted(self):
        running, link = self.pasting()
        status, address = open_link(link, follow=False)
        self.assertEqual((status, address[:len(ELSEWHERE)]), (302, ELSEWHERE))
        self.assert_logged_in(running.end(f"  {address}\n"))

    def test_an_answer_to_another_login_does_not_count(self):
        running, link = self.here()
        callback = open_link(link, follow=False)[1]
        for forged in (with_field(callback, "state", "A" * 43), callback.split("?")[0], callback.split("?")[0] + "?error=access_denied"):
            status, page = open_link(forged)
            self.assertEqual(status, 400, page)
        self.assertEqual(open_link(callback.replace("/callback", "/other"))[0], 404)
        self.assertIsNone(running.process.poll())
        self.assertEqual(open_link(callback)[0], 200)
        self.assert_logged_in(running.end())

        running, link = self.pasting()
        status, said = running.end(with_field(open_link(link, follow=False)[1], "state", "A" * 43) + "\n")
        self.assertEqual(status, 1)
        self.assertIn("the answer to another login", said)

    def test_an_account_that_there_is_not_is_told_with_those_that_there_are(self):
        ended = self.run_here("login", "work")
        self.assert_refused(ended, 64, 'no account "work"; it has home', "--config FILE or FLEETSIGN_CONFIG")
        self.configure(accounts=None)
        ended = self.run_here("login", "work")
        self.assert_refused(ended, 64, 'no account "work", and no other', "--config FILE or FLEETSIGN_CONFIG")

    def test_an_owner_who_says_no_is_told_so(self):
        self.order("access_denied")
        running, link = self.here()
        self.assertEqual(open_link(link)[0], 200)
        status, said = running.end()
        self.assertEqual(status, 1)
        self.assertIn("fleetsign: error: the user has not allowed it (access_denied)\nhint: log in again", said)

    def test_a_wait_that_is_in_vain_ends_with_1(self):
        running, _ = self.here("--wait", "1")
        status, said = running.end()
        self.assertEqual(status, 1)
        self.assertIn("no answer came in 1 s\nhint: ", said)
        self.assertIn("`fleetsign login home --paste", said)

    def test_what_the_oauth_server_refuses_is_told(self):
        for fault, message in (("invalid_auth_code", "does not take the code"),
                               ("invalid_grant", "does not take the code"), ("invalid_redirect_url", "redirect URI"),
                               ("invalid_client", "id or secret"), ("drop_reply", "no answer came")):
            with self.subTest(fault):
                self.order(fault)
                running, link = self.here()
                open_link(link)
                status, said = running.end()
                self.assertEqual(status, 1)
                self.assertIn(message, said)
                self.assertIn("\nhint: ", said)
                self.assert_refused(self.run_here("token", "status"), 66, "there is no state", "state_dir")

    def test_no_memory_of_one_that_waits_reaches_a_disk(self):
        importing = Running("token", "import", "home", "--config", self.config)
        self.addCleanup(importing.close)
        for running in (self.here()[0], self.pasting()[0], importing):
            eventually(lambda process=running: process.core_limits() == ["0", "0"], "no core dumps")
            self.assertIsNone(running.process.poll())

    def test_what_is_not_allowed_is_told(self):
        running, link = self.here()
        status, said = open_link(with_field(link, "scope", "openid offline_access vehicle_device_data"))
        self.assertEqual(status, 200, said)
        status, said = running.end()
        self.assertEqual(status, 0, said)
        self.assertIn("warning: this was not allowed: vehicle_location, vehicle_cmds, vehicle_charging_cmds", said)
        self.assertIn("\u2717 account home: its owner has not allowed vehicle_cmds", self.run_here("check").stdout)

    def test_what_cannot_work_is_told_before_anybody_logs_in(self):
        for arguments, status, message in (
                (("login", "home", "--redirect-uri", ELSEWHERE), 64, "which is not this machine"),
                (("login", "home", "--redirect-uri", "https://localhost:4482/callback"), 64, "for which fleetsign has no certificate"),
                (("login", "home", "--redirect-uri", "nonsense"), 64, "--redirect-uri: the URL"),
                (("login", "work"), 64, 'no account "work"'),
                (("login", "home", "--oauth.client-secret-file", "/nonexistent"), 66, "/nonexistent"),
                (("login", "home", "--redirect-uri", self.simulator.url + "/callback"), 69, "already in use"),
                (("token", "import", "work"), 64, 'no account "work"')):
            with self.subTest(message):
                self.assert_refused(self.run_here(*arguments), status, message, "")

    def test_who_has_the_answer_elsewhere_is_told_what_to_type(self):
        self.configure(oauth={**json.loads(self.config.read_text())["oauth"], "redirect_uri": ELSEWHERE})
        self.assert_refused(self.run_here("login", "home"), 64, "which is not this machine",
                            "`fleetsign login home --paste` takes it from you; or register http://localhost:4482/callback at")
        self.assert_refused(self.run_here("login", "home", "--redirect-uri", ELSEWHERE), 64, "which is not this machine",
                            f"`fleetsign login home --paste --redirect-uri '{ELSEWHERE}'` takes it")

    def test_an_account_that_the_running_daemon_does_not_know_is_told_before_anybody_logs_in(self):
        for accounts in ({}, {"home": {"access_token_file": str(self.secret)}}):
            with self.subTest(accounts):
                self.configure(accounts=accounts)
                daemon = self.start(Server("serve", "--config", self.config, "--listen", "http://127.0.0.1:0"))
                self.configure()
                for arguments in (("login", "home"), ("token", "import", "home")):
                    ended = self.run_here(*arguments)
                    self.assert_refused(ended, 1, "the running daemon keeps no tokens of home", "restart the daemon")
                    self.assertEqual(ended.stdout, "")
                daemon.stop()


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
        self.order("delay", on="revoke", ms=3_000)
        asked = self.asked_of("revoke")
        running = Running("token", "revoke", "home", "--config", self.config)
        self.addCleanup(running.close)
        eventually(lambda: self.asked_of("revoke") > asked, "Tesla is asked")
        return running

    def test_a_revocation_that_is_interrupted_is_brought_to_its_end_first(self):
        running = self.revoking()
        running.process.send_signal(signal.SIGINT)
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
        self.assertEqual(self.run_here("token", "status").stdout.split(), ["home", "managed", "none"])

    def test_the_daemon_logs_none(self):
        daemon = self.start(Server("serve", "--config", self.config, "--listen", "http://127.0.0.1:0", "--log.level", "debug"))
        self.bring_in()
        self.assertEqual(self.run_here("token", "status").returncode, 0)
        self.assertEqual(self.run_here("token", "revoke", "home").returncode, 0)
        self.assert_silent(daemon.log())


if __name__ == "__main__":
    unittest.main()
