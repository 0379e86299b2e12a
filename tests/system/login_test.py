# SPDX-License-Identifier: Apache-2.0
"""An owner logs in, by a browser on this machine or by pasting, and the tokens are kept."""

import contextlib
import fcntl
import json
import os
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
        port = probe.getsockname()[1]
        if has_ipv6():
            socket.create_server(("::1", port), family=socket.AF_INET6).close()
        return port


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
                self.assertEqual(self.accounts()["home"]["state"], "none")

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

    def test_what_cannot_be_kept_is_told_before_anybody_logs_in(self):
        key = self.place / "state.key"
        in_the_way = self.place / "file"
        in_the_way.write_text("")

        def write_key(text, mode):
            key.write_text(text)
            key.chmod(mode)

        for changes, prepare, status, message in (
                ({"state_dir": str(in_the_way / "state")}, None, 74, f"{in_the_way}/state cannot be made"),
                ({"state_key_file": str(key)}, None, 66, str(key)),
                ({"state_key_file": str(key)}, lambda: write_key("5a" * 32 + "\n", 0o644), 77, "others than its owner"),
                ({"state_key_file": str(key)}, lambda: write_key("5a" * 31 + "\n", 0o600), 78, "holds no key for the state")):
            self.configure(**changes)
            if prepare:
                prepare()
            for arguments in (("login", "home"), ("token", "import", "home")):
                with self.subTest(message, arguments=arguments):
                    ended = self.run_here(*arguments)
                    self.assert_refused(ended, status, message, "")
                    self.assertEqual(ended.stdout, "")
        write_key("5a" * 32 + "\n", 0o600)
        running, link = self.here()
        open_link(link)
        self.assert_logged_in(running.end())

    def redeeming(self):
        """A login whose code the OAuth server has, and takes its time for."""
        running, link = self.here()
        self.order("delay", on="token", ms=25_000)
        open_link(link)
        eventually(lambda: self.asked_of("token") > 0, "the code is shown to it")
        return running

    @contextlib.contextmanager
    def state_in_use(self):
        folder = os.open(self.place / "state", os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def test_a_login_that_is_interrupted_while_its_code_is_shown_keeps_what_it_gets_first(self):
        running = self.redeeming()
        running.process.send_signal(signal.SIGINT)
        self.let_go()
        status, said = running.end()
        self.assertEqual(status, -signal.SIGINT)
        self.assert_logged_in((0, said))

    def test_a_login_waits_for_a_state_that_another_one_has(self):
        running = self.redeeming()
        with self.state_in_use():
            self.let_go()
            running.wait_until_it_says("this is tried again")
        self.assert_logged_in(running.end())

    def test_a_login_that_cannot_be_kept_says_that_its_code_is_spent(self):
        key = self.place / "state.key"
        key.write_text("5a" * 32 + "\n")
        key.chmod(0o600)
        self.configure(state_key_file=str(key))
        running = self.redeeming()
        key.write_text("5a\n")
        self.let_go()
        status, said = running.end()
        self.assertEqual(status, 78)
        self.assertIn("home is not logged in: ", said)
        self.assertIn("holds no key for the state", said)
        self.assertIn("then log in again, as this login is used up", said)

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


if __name__ == "__main__":
    unittest.main()
