# SPDX-License-Identifier: Apache-2.0
"""Everything that an app needs is checked, and what is missing says what to do."""

import json
import unittest

from app import DOMAIN, AppCase
from harness import Server, eventually, run, vin
from logins import LoginCase, open_link
from tesla_hosts import EU, NA, TeslaHosts


class Check(AppCase):
    def check(self, *arguments):
        return self.run_here("check", "--key-url", self.web.url, *arguments, env={"FLEETSIGN_TOKEN": ""})

    def verdicts(self, ended):
        body = json.loads(ended.stdout)
        self.assertEqual(body["ok"], ended.returncode == 0)
        for line in body["checks"]:
            self.assertEqual(bool(line["advice"]), line["verdict"] != "ok", line)
        return {line["check"]: line["verdict"] for line in body["checks"]}

    def test_when_all_is_well_each_line_has_its_tick(self):
        self.configure(accounts=None)
        self.assertEqual(self.register().returncode, 0)
        ended = self.check()
        self.assertEqual(ended.returncode, 0, ended)
        self.assertEqual([line.split(":")[0] for line in ended.stdout.splitlines()],
                         ["\u2713 key file", "\u2713 hosted key", "\u2713 app's token (configured)", "\u2713 registration (configured)"])

    def test_what_is_missing_is_marked_and_explained(self):
        ended = self.check()
        self.assertEqual(ended.returncode, 1, ended)
        self.assertIn("\u2717 registration (configured): the app is not registered in this region", ended.stdout)
        self.assertIn(f"\n    `fleetsign register --domain {DOMAIN}", ended.stdout)
        self.assertIn("\u2717 accounts: nobody has logged in yet", ended.stdout)

    def test_one_fault_hides_no_other(self):
        self.register()
        self.web.status = 404
        self.order("invalid_client")
        self.assertEqual(self.verdicts(self.check("--json", vin())),
                         {"key file": "ok", "hosted key": "problem", "app's token (configured)": "problem",
                          "accounts": "problem", f"vehicle {vin()}": "problem"})

    def test_a_key_that_cannot_be_read_is_found(self):
        self.configure(key_file=str(self.place / "missing.pem"), accounts=None)
        self.assertEqual(self.verdicts(self.check("--json")), {"key file": "problem", "app's token (configured)": "ok"})

    def test_a_vehicle_of_the_configuration_may_go_without_a_token(self):
        self.register()
        self.configure(accounts=None, vehicles={"garage": vin()})
        ended = self.check("--json")
        self.assertEqual((ended.returncode, self.verdicts(ended)[f"vehicle {vin()}"]), (0, "skipped"))

    def test_an_app_that_is_not_configured_is_a_problem(self):
        self.configure(oauth=None, accounts=None)
        ended = self.check()
        self.assertEqual(ended.returncode, 1, ended)
        self.assertRegex(ended.stdout, "\u2717 app: the configuration \\(.*\\.yaml\\) names no app\n    set `oauth.client_id`")
        self.assert_refused(self.check("--region", "mars"), 64, '"mars" is no region', "--region na, eu, cn")


    def test_while_a_key_is_changed_both_are_there_and_the_next_one_is_to_be_shown(self):
        following = self.place / "next.pem"
        self.assertEqual(run("keygen", "--out", following).returncode, 0)
        self.configure(accounts=None, next_key_file=str(following))
        ended = self.check("--json")
        verdicts = self.verdicts(ended)
        self.assertEqual((verdicts["key file"], verdicts["next key file"], verdicts["hosted key"]), ("ok", "ok", "problem"))
        says = {line["check"]: line["says"] for line in json.loads(ended.stdout)["checks"]}
        fingerprint = json.loads(run("pubkey", "--json", "--key-file", following).stdout)["fingerprint"]
        self.assertEqual(says["next key file"], f"its public key has the fingerprint {fingerprint}")
        self.web.body = run("pubkey", "--key-file", following).stdout.encode()
        self.assertEqual(self.verdicts(self.check("--json"))["hosted key"], "ok")


class Accounts(LoginCase):
    """What is said of an account, as its tokens are, with a daemon that cares for them and without one."""

    def setUp(self):
        super().setUp()
        self.assertEqual(self.register().returncode, 0)

    def account(self):
        """What check says of it: verdict, words and advice."""
        ended = self.run_here("check", "--key-url", self.web.url, "--json", env={"FLEETSIGN_TOKEN": ""})
        checks = json.loads(ended.stdout)["checks"]
        [line] = [line for line in checks if line["check"] == "account home"]
        self.assertEqual(ended.returncode, int(any(each["verdict"] == "problem" for each in checks)), ended)
        return line["verdict"], line["says"], line["advice"]

    def serve(self):
        return self.start(Server("serve", "--config", self.config, "--listen", "http://127.0.0.1:0"))

    def set(self, **settings):
        reply = self.simulator.request("POST", "/sim/v1/oauth", json.dumps(settings))
        self.assertEqual(reply.status, 200, reply.body)

    def log_in(self):
        running, link = self.pasting()
        status, said = running.end(open_link(link, follow=False)[1] + "\n")
        self.assertEqual(status, 0, said)

    def bring_in(self, token="imported-refresh-token"):
        file = self.place / "token"
        file.touch(0o600)
        file.write_text(token)
        self.assertEqual(self.run_here("token", "import", "home", "--file", file).returncode, 0)

    def test_a_token_that_can_be_used(self):
        self.log_in()
        self.assertEqual(self.account(), ("ok", "its token can be used", ""))

    def test_one_that_has_expired_without_a_daemon(self):
        self.set(access_seconds=1)
        self.log_in()
        eventually(lambda: self.account()[0] != "ok", "it expires")
        self.assertEqual(self.account(), ("problem", "its token has expired, and no daemon runs that would refresh it",
                                          "start the daemon, which gets an access token"))

    def test_one_that_could_not_be_refreshed(self):
        self.set(access_seconds=1)
        self.log_in()
        self.order("http_503", count=1_000)
        self.serve()
        eventually(lambda: "(" in self.account()[1], "the daemon has tried it")
        verdict, says, advice = self.account()
        self.assertEqual((verdict, advice), ("problem", "look at the trouble, and at the network"))
        self.assertIn("its token has expired and could not be refreshed so far (the OAuth server is out of order", says)

    def test_one_in_a_file_that_has_expired(self):
        self.set(access_seconds=1)
        self.log_in()
        file = self.place / "access-token"
        file.touch(0o600)
        file.write_text("e30." + "eyJleHAiOjF9" + ".c2ln")  # {"exp":1}
        self.configure(accounts={"home": {"access_token_file": str(file)}})
        verdict, says, advice = self.account()
        self.assertEqual((verdict, says), ("problem", "the token in its file has expired"))
        self.assertIn("the program that writes the file", advice)

    def test_a_refresh_token_that_nobody_has_tried(self):
        self.bring_in()
        self.assertEqual(self.account(), ("problem", "its refresh token has not been tried yet",
                                          "start the daemon, which gets an access token"))

    def test_one_that_the_daemon_tries_just_now(self):
        self.bring_in()
        self.order("delay", ms=60_000)
        self.serve()
        eventually(lambda: self.asked_of("token") > 1, "the daemon asks")  # the first time it was the registration
        self.assertEqual(self.account(), ("problem", "its refresh token has not been tried yet",
                                          "the daemon does it: look again in a moment"))
        self.simulator.request("DELETE", "/sim/v1/oauth/faults")

    def test_an_owner_who_has_to_log_in_again(self):
        self.bring_in()
        self.serve()
        eventually(lambda: self.account()[1].startswith("its owner has to log in again"), "the daemon has tried it")
        self.assertEqual(self.account()[::2], ("problem", "`fleetsign login home`"))

    def test_an_owner_who_has_not_logged_in(self):
        self.serve()
        self.assertEqual(self.account(), ("problem", "nobody has logged in yet", "`fleetsign login home`"))

    def test_tokens_that_cannot_be_read(self):
        key = self.place / "state-key"
        key.touch(0o600)
        key.write_text("0" * 63 + "1\n")
        self.configure(state_key_file=str(key))
        self.bring_in()
        self.configure()
        verdict, says, advice = self.account()
        self.assertEqual((verdict, advice), ("problem", "`fleetsign token status` says more"))
        self.assertEqual(says, "its token cannot be read or written (its tokens are encrypted, and cannot be read without state_key_file)")

    def test_without_a_state_each_account_that_needs_a_login_is_named(self):
        self.configure(accounts={"home": "managed", "work": "managed"})
        self.assertIn("`fleetsign login home`, `fleetsign login work`; or, where",
                      self.run_here("check", "--key-url", self.web.url, env={"FLEETSIGN_TOKEN": ""}).stdout)


class Regions(TeslaHosts, AppCase):
    """Without a region in the configuration."""

    def setUp(self):
        super().setUp()
        self.start_hosts()
        self.configure(fleet_api={"ca_file": str(self.cert)}, accounts=None)

    def run_there(self, name, *arguments):
        return self.run_here(name, "--key-url", self.web.url, *arguments, env={"FLEETSIGN_TOKEN": "", **self.via_proxy})

    def registrations(self, ended):
        return [line["verdict"] for line in json.loads(ended.stdout)["checks"] if line["check"].startswith("registration (")]

    def test_an_app_is_registered_in_north_america_and_in_europe(self):
        ended = self.run_there("register")
        self.assertEqual(ended.returncode, 0, ended)
        self.assertIn(f"na: {DOMAIN} is registered at https://{NA}, with this key\n"
                      f"eu: {DOMAIN} is registered at https://{EU}, with this key\n", ended.stdout)
        self.assertIn("it is registered in na and eu", ended.stderr)
        self.assertEqual(self.registrations(self.run_there("check", "--json")), ["ok", "ok"])

    def test_one_registration_is_enough_but_where_a_region_is_named(self):
        ended = self.run_there("check", "--json")
        self.assertEqual((ended.returncode, self.registrations(ended)), (1, ["problem", "problem"]))
        self.assertEqual(self.run_there("register", "--region", "eu").returncode, 0)
        ended = self.run_there("check", "--json")
        self.assertEqual((ended.returncode, self.registrations(ended)), (0, ["skipped", "ok"]))
        for word, verdicts in (("all", ["problem", "ok"]), ("na", ["problem"]), ("eu", ["ok"])):
            ended = self.run_there("check", "--json", "--region", word)
            self.assertEqual((ended.returncode, self.registrations(ended)), (int("problem" in verdicts), verdicts))


if __name__ == "__main__":
    unittest.main()
