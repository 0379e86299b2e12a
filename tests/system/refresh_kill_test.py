# SPDX-License-Identifier: Apache-2.0
"""Accounts whose tokens the daemon keeps: never lost, whatever ends it when."""

import http.client
import itertools
import pathlib
import re
import signal
import unittest

from harness import eventually, run
from refreshing import Refresh, make_state_key

FAULT_POINTS = re.findall(r'string_view k\w+ = "(\w+)"',
                          (pathlib.Path(__file__).parents[2] / "daemon/state/fault_point.h").read_text())
WRITING = ["before_token_write", "after_token_write", "after_token_commit"]
COMMITTED = ["after_token_commit", "before_token_use"]


class Ends(Refresh):
    def setUp(self):
        super().setUp()
        self.with_key = "state_key_file: " + str(make_state_key(self.folder)) + "\n"

    def log_in_before(self, config):
        """What was stored by a daemon that has ended since, and is refused from now on."""
        daemon = self.serve(config)
        grant = self.simulator.log_in()
        self.store(grant)
        self.assertEqual(daemon.stop(), 0)
        self.simulator.end_access_tokens()
        return grant

    def kill_at(self, point, config):
        """On the way of a refresh."""
        daemon = self.serve(config, env={"FLEETSIGN_FAULT_POINT": point})
        with self.assertRaises((http.client.HTTPException, ConnectionError)):
            self.honk(daemon)
        self.assertEqual(daemon.wait(), -signal.SIGKILL)

    def kill_at_the_start(self, point, config):
        """While what was plain is encrypted: it may not even get ready."""
        path = self.folder / "doomed.yaml"
        path.write_text(f"listen: http://127.0.0.1:0\nkey_file: {self.folder / 'private.pem'}\n" + self.own_config() + config)
        ended = run("serve", "--config", path, env={"STATE_DIRECTORY": str(self.state), "FLEETSIGN_FAULT_POINT": point})
        self.assertEqual(ended.returncode, -signal.SIGKILL, ended)

    def held(self):
        """The refresh token that is kept."""
        token = self.admin("POST", "/home/revocation").json["refresh_token"]
        self.assertEqual(self.admin("DELETE", "/home/revocation").status, 200)
        return token

    def test_whenever_it_is_killed_the_account_works_afterwards_and_goes_on_to_work(self):
        self.assertEqual(FAULT_POINTS, ["before_refresh", "after_refresh", *WRITING, "before_token_use"])
        for before, after in (("", ""), (self.with_key, self.with_key), ("", self.with_key)):
            for point in FAULT_POINTS:
                with self.subTest(point, before=before, after=after):
                    old = self.log_in_before(before)["refresh_token"]
                    is_refreshed = before == after or point not in WRITING
                    (self.kill_at if is_refreshed else self.kill_at_the_start)(point, after)
                    # What was asked for and not committed is asked for once more; what was committed is used.
                    is_new = is_refreshed and point in COMMITTED
                    is_lost = is_refreshed and not is_new and point != "before_refresh"
                    for refreshes in (2 if is_lost else 1, 1):
                        daemon = self.serve(after)
                        self.assertEqual(self.held() != old, is_new)
                        self.assert_accepted(self.honk(daemon))
                        self.assertEqual(self.simulator.refreshes(), refreshes)
                        account = self.account()
                        self.assertEqual((account["state"], account["encrypted"]), ("ok", after != ""))
                        daemon.stop()
                        is_new = True
                        self.simulator.end_access_tokens()
                        self.simulator.forget_requests()

    def test_a_kill_while_it_is_written_that_a_login_is_required_costs_at_most_another_question(self):
        for config, point in itertools.product(("", self.with_key), (*WRITING, "before_token_use")):
            with self.subTest(point, config=config):
                old = self.log_in_before(config)["refresh_token"]
                self.simulator.disturb("login_required")
                self.kill_at(point, config)
                daemon = self.serve(config)
                self.assertEqual(self.held(), old)
                if point in COMMITTED:
                    self.assert_failure(self.honk(daemon), 503, "login_required")
                    self.assertEqual((self.simulator.refreshes(), self.held()), (1, old))
                else:
                    self.assert_accepted(self.honk(daemon))
                    self.assertEqual(self.simulator.refreshes(), 2)
                    self.assertNotEqual(self.held(), old)
                daemon.stop()

    def test_a_kill_while_tokens_are_stored_leaves_those_of_before_or_the_new_ones(self):
        self.simulator.set(login_ends_earlier=False)  # so that those of before are as good as the new ones
        for config, point in itertools.product(("", self.with_key), WRITING):
            with self.subTest(point, config=config):
                old = self.log_in_before(config)["refresh_token"]
                daemon = self.serve(config, env={"FLEETSIGN_FAULT_POINT": point})
                new = self.simulator.log_in()
                with self.assertRaises((http.client.HTTPException, ConnectionError)):
                    self.admin("PUT", "/home", new)
                self.assertEqual(daemon.wait(), -signal.SIGKILL)
                daemon = self.serve(config)
                self.assertEqual(self.held(), new["refresh_token"] if point in COMMITTED else old)
                self.simulator.end_access_tokens()
                self.assert_accepted(self.honk(daemon))
                daemon.stop()


    def test_a_refresh_under_way_is_waited_for_at_the_end_and_its_tokens_are_kept(self):
        daemon = self.serve()
        refresh_token = self.simulator.log_in()["refresh_token"]
        self.simulator.disturb("late_reply", ms=3000)
        self.store({"refresh_token": refresh_token})
        eventually(lambda: self.simulator.refreshes() == 1, "the server is asked")
        self.assertEqual(daemon.stop(), 0)
        daemon = self.serve()
        self.assertEqual(self.account()["state"], "ok")
        self.assert_accepted(self.honk(daemon))
        self.assertEqual(self.simulator.refreshes(), 1)
        self.assertNotEqual(self.admin("DELETE", "/home").json["refresh_token"], refresh_token)


if __name__ == "__main__":
    unittest.main()
