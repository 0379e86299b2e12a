# SPDX-License-Identifier: Apache-2.0
"""An app's domain and key are registered, and whatever stands against it is told in words with the next step."""

import json
import unittest

from app import DOMAIN, KEY_PATH, SECRET, AppCase
from harness import run


class Register(AppCase):
    def test_the_domain_is_registered_with_the_key_that_it_shows(self):
        ended = self.register()
        self.assertEqual(ended.returncode, 0, ended)
        self.assertEqual(ended.stdout, f"the public key is at {self.web.url}\n"
                                       f"configured: {DOMAIN} is registered at {self.simulator.url}, with this key\n")
        self.assertIn("next: `fleetsign login", ended.stderr)
        [account] = self.simulator.request("GET", "/sim/v1/oauth").json["accounts"]
        self.assertEqual((account["client_id"], account["domain"]), ("app-1", DOMAIN))
        self.assertEqual(self.register().returncode, 0)  # and once more

    def test_the_flag_says_which_domain_over_the_configuration(self):
        self.assertIn("other.example.com is registered", self.register("--domain", "other.example.com").stdout)

    def test_only_the_configured_base_url_is_asked(self):
        ended = self.register("--region", "all")
        self.assertEqual(ended.returncode, 0)
        self.assertIn("--region has no effect", ended.stderr)
        self.assertEqual(self.asked_of("partner_accounts"), 1)

    def test_every_refusal_of_fleet_api_has_words_and_a_next_step(self):
        for fault, on, message, hint in (
                ("wrong_origin", "partner_accounts", "allowed origins (status 412", f"add https://{DOMAIN} to the allowed origins"),
                ("not_registered", "public_key", "as registered in this region yet (status 412", "`fleetsign check`"),
                ("key_unreachable", "partner_accounts", "could not fetch the public key", "for the whole internet"),
                ("key_taken", "partner_accounts", "another app is registered with this public key", "fleetsign keygen"),
                ("domain_taken", "partner_accounts", "another app is registered with this domain", "subdomain"),
                ("invalid_domain", "partner_accounts", f"Tesla takes {DOMAIN} for no domain", "in lower case"),
                ("not_partner", "partner_accounts", "does not know the app as a partner", "some minutes"),
                ("http_401", "partner_accounts", "does not take the app's token", "oauth.client_id"),
                ("http_403", "partner_accounts", "the app lacks a scope", "developer.tesla.com"),
                ("not_found", "public_key", "does not know the domain yet", "`fleetsign check`"),
                ("http_429", "partner_accounts", "asked too often", "a minute"),
                ("http_500", "partner_accounts", "Fleet API did not do it (status 500", "later")):
            with self.subTest(fault):
                self.order(fault, on=on)
                self.assert_refused(self.register(), 1, message, hint)

    def test_every_refusal_of_the_oauth_server_has_words_and_a_next_step(self):
        for fault, status, message, hint in (
                ("invalid_client", 1, "does not take the app's id or secret", "oauth.client_secret_file"),
                ("unauthorized_client", 1, "does not let this app do that", "oauth.client_id"),
                ("invalid_scope", 1, "all of the scopes", "developer portal"),
                ("invalid_grant", 1, "gives this app no token", "grant types"),
                ("http_429", 1, "asked too often", "try again in 1 s"),
                ("http_503", 69, "out of order", "try again"),
                ("garbage_reply", 1, "makes no sense", "try again"),
                ("drop_reply", 1, "no answer came", "try again")):
            with self.subTest(fault):
                self.order(fault)
                self.assert_refused(self.register(), status, message, hint)
                self.assertEqual(self.asked_of("partner_accounts"), 0)

    def test_an_answer_that_is_lost_is_told(self):
        self.order("drop_reply", on="partner_accounts")
        self.assert_refused(self.register(), 1, "no answer came from " + self.simulator.url, "run this again")

    def test_a_key_that_is_not_shown_or_another_one_is_found_before_tesla_is_asked(self):
        ours = self.web.body
        other = run("keygen", "--out", self.place / "other.pem").stdout.encode()
        for status, body, message, hint in ((404, ours, "does not show the public key (status 404)", "fleetsign pubkey"),
                                            (302, b"", "leads somewhere else (status 302)", "that very address"),
                                            (200, other, "shows another public key", "fleetsign pubkey"),
                                            (200, b"<html>", KEY_PATH, "fleetsign pubkey"),
                                            (200, b"a" * 100_000, "no answer came from", "fleetsign pubkey")):
            with self.subTest(message):
                self.web.status, self.web.body = status, body
                self.assert_refused(self.register(), 1, message, hint)
        self.web.close()
        self.assert_refused(self.register(), 69, "nobody can be reached at " + self.web.url, "fleetsign pubkey")
        self.assertEqual(self.asked_of("token"), 0)

    def test_a_key_at_fleet_api_that_is_not_ours_is_told(self):
        other = json.loads(run("pubkey", "--json", "--key-file", self.make_key("third.pem")).stdout)["hex"]
        reply = self.simulator.request("POST", "/sim/v1/oauth/hosted_keys", json.dumps({"domain": DOMAIN, "public_key": other}))
        self.assertEqual(reply.status, 200, reply.body)
        self.assert_refused(self.register(), 1, f"another public key for {DOMAIN}", "run this again some minutes later")

    def test_a_place_of_the_key_that_cannot_be_is_told_at_once(self):
        for url in ("nonsense", "ftp://car.example.com/key", "http://car.example.com/key"):
            with self.subTest(url):
                self.assert_refused(self.run_here("register", "--key-url", url), 64, "--key-url: the URL", "")

    def make_key(self, name):
        self.assertEqual(run("keygen", "--out", self.place / name).returncode, 0)
        return self.place / name

    def test_a_domain_is_not_mended_but_explained(self):
        for domain, message in (("Car.example.com", "it has capital letters"), ("https://car.example.com", "it has a scheme"),
                                ("car.example.com/", "it has a path"), ("car.example.com:443", "it has a port"),
                                ("localhost", "it has no dot"), ("192.0.2.1", "it is an address")):
            with self.subTest(domain):
                self.assert_refused(self.register("--domain", domain), 78, message, "")
        self.configure(domain=None)
        self.assert_refused(self.register(), 78, "names no domain", "--domain")
        self.assertEqual(self.web.asked, [])

    def test_what_the_configuration_lacks_is_named(self):
        oauth = {"client_id": "app-1", "token_url": self.simulator.url + "/oauth2/v3/token"}
        self.configure(accounts=None, oauth={"token_url": oauth["token_url"]})
        self.assert_refused(self.register(), 78, "names no app", "oauth.client_id")
        self.configure(oauth=oauth)
        self.assert_refused(self.register(), 78, "where the app's secret is", "oauth.client_secret_file")
        self.configure(oauth={**oauth, "client_secret_file": str(self.place / "missing")})
        self.assert_refused(self.register(), 66, "missing", "developer.tesla.com")
        self.configure(fleet_api=None)
        self.assert_refused(self.register("--region", "mars"), 64, '"mars" is no region', "--region na, eu, cn")
        self.configure()
        self.secret.chmod(0o644)
        self.assert_refused(self.register(), 77, str(self.secret), "")
        self.assertEqual(self.asked_of("token"), 0)

    def test_what_is_no_secret_is_told_without_advice_about_keys(self):
        pem = (self.folder / "private.pem").read_text()
        for text, message in (("", "is empty"), ("two words\n", "does not hold an app's secret"),
                              (pem, "holds a key or a certificate"),
                              ("-----BEGIN-" + SECRET, "holds a key or a certificate")):
            with self.subTest(message):
                self.secret.write_text(text)
                ended = self.register()
                self.assert_refused(ended, 78, message, "developer.tesla.com")
                self.assertNotIn("keygen", ended.stderr)
                self.assertNotIn(pem.splitlines()[1], ended.stderr)
        self.assertEqual(self.asked_of("token"), 0)


if __name__ == "__main__":
    unittest.main()
