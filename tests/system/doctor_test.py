# SPDX-License-Identifier: Apache-2.0
"""fleetsign doctor: it names what keeps a vehicle from doing what it is told, at the price of few requests."""

import base64
import email.utils
import json
import socket
import time
import unittest

from harness import TOKEN, Case, Daemon, ScriptedUpstream, SharedCase, run, vin

ASKED = ("vehicle", "fleet_status", "ping_vehicle_security", "ping_infotainment")
PINGS = ASKED[2:]
SCOPES = ["vehicle_device_data", "vehicle_cmds", "vehicle_charging_cmds"]


def token_with(**claims):
    """A JWT; its first and last part are as nobody else would write them."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"zqHeader.{payload}.zqSignature"


class Doctor:
    """What both kinds of cases ask, and how they read it."""

    def see(self, daemon, car=vin(), token=TOKEN, *flags):
        return run("doctor", car, "--url", daemon.url, *flags, env={"FLEETSIGN_TOKEN": token})

    def diagnose(self, daemon, car=vin(), token=TOKEN):
        """The diagnosis, and its checks by name; how it ended fits what it says."""
        ended = self.see(daemon, car, token, "--json")
        self.assertEqual(ended.stderr, "")
        diagnosis = json.loads(ended.stdout)
        self.assertEqual(ended.returncode, 0 if diagnosis["healthy"] else 1)
        return diagnosis, {check["check"]: check for check in diagnosis["checks"]}

    def assert_found(self, found, problem, skipped=(), warnings=()):
        """One problem or none, and what is skipped; the machine's own clock is as it is."""
        diagnosis, checks = found
        self.assertEqual(diagnosis["healthy"], problem is None, diagnosis)
        for name, check in checks.items():
            want = "problem" if name == problem else "skipped" if name in skipped else "warning" if name in warnings else "ok"
            if name != "clock" or want != "ok":
                self.assertEqual(check["verdict"], want, check)


class Examination(Doctor, SharedCase):
    vehicles = 11
    config = "domain: fleet.example.com\n"

    def setUp(self):
        self.simulator.forget_requests()

    def assert_cost(self, found, total):
        """So many requests, as it says itself, and none that wakes a vehicle."""
        requests = self.simulator.requests()
        self.assertEqual((found[0]["upstream_requests"], requests["total"]), (total, total))
        self.assertEqual(requests["endpoints"]["wake_up"]["total"], 0)

    def test_a_healthy_vehicle(self):
        found = self.diagnose(self.daemon, vin(1))
        self.assert_found(found, None)
        self.assert_cost(found, 6)
        self.assertEqual(found[0]["vin"], vin(1))
        self.assertIn("firmware 2024.44.1", found[1]["fleet_status"]["says"])
        self.simulator.forget_requests()
        self.assert_cost(self.diagnose(self.daemon, vin(1)), 4)  # the sessions are there

    def test_it_reads_as_a_list_for_people(self):
        self.simulator.order(vin(2), "asleep")
        told = self.see(self.daemon, vin(2))
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        lines = told.stdout.splitlines()
        self.assertRegex(lines[0], r"^ok  key: the key is loaded; SHA-256 of its public half: [0-9a-f]{64}$")
        asleep = next(line for line in lines if line.startswith("!   vehicle: "))
        self.assertRegex(lines[lines.index(asleep) + 1], r"^      wake it ")
        self.assertRegex(lines[-1], r"^-   ping_infotainment: ")

    def test_an_unpaired_key_comes_with_the_address_that_pairs_it(self):
        self.simulator.request("POST", f"/sim/v1/vehicles/{vin(3)}/pairing", json.dumps({"paired": False}))
        found = self.diagnose(self.daemon, vin(3))
        self.assert_found(found, "fleet_status", skipped=PINGS)
        self.assertIn("https://tesla.com/_ak/fleet.example.com ", found[1]["fleet_status"]["advice"])
        self.assert_cost(found, 2)
        told = self.see(self.daemon, vin(3))
        self.assertEqual(told.returncode, 1)
        self.assertIn("\nx   fleet_status: the key is not paired", told.stdout)

    def test_a_sleeping_vehicle_sleeps_on(self):
        self.simulator.order(vin(4), "asleep")
        found = self.diagnose(self.daemon, vin(4))
        self.assert_found(found, None, skipped=PINGS, warnings=["vehicle"])
        self.assert_cost(found, 2)
        self.assertEqual(self.simulator.vehicle(vin(4))["state"], "asleep")

    def test_a_vehicle_without_the_protocol(self):
        self.simulator.order(vin(11), "no_protocol")
        found = self.diagnose(self.daemon, vin(11))
        self.assert_found(found, PINGS[0], skipped=PINGS[1:])
        self.assertIn("takes no signed commands", found[1][PINGS[0]]["says"])
        self.assert_cost(found, 3)

    def test_an_offline_vehicle(self):
        self.simulator.order(vin(5), "offline")
        found = self.diagnose(self.daemon, vin(5))
        self.assert_found(found, "vehicle", skipped=PINGS)
        self.assert_cost(found, 2)

    def test_an_expired_token_is_not_even_sent(self):
        found = self.diagnose(self.daemon, vin(6), token_with(exp=int(time.time()) - 7200, scp=SCOPES))
        self.assert_found(found, "token", skipped=ASKED)
        self.assertIn("expired 2 h ago", found[1]["token"]["says"])
        self.assert_cost(found, 0)

    def test_a_token_without_the_scope_for_commands(self):
        found = self.diagnose(self.daemon, vin(6), token_with(exp=int(time.time()) + 7200, scp=SCOPES[:1]))
        self.assert_found(found, "token", skipped=PINGS)
        self.assertIn("lacks vehicle_cmds, vehicle_charging_cmds", found[1]["token"]["says"])
        self.assert_cost(found, 2)

    def test_a_vehicle_of_somebody_else(self):
        found = self.diagnose(self.daemon, "5YJ3E1EA7JF000000")
        self.assert_found(found, "vehicle", skipped=ASKED[1:])
        self.assertIn("status 404", found[1]["vehicle"]["says"])
        self.assert_cost(found, 1)

    def test_a_token_that_is_refused_and_mobile_access_that_is_off_are_told_apart(self):
        for error, said in (("token expired (401)", "refuses the token"), ("mobile_access_disabled", "mobile access")):
            with self.subTest(error):
                self.simulator.forget_requests()
                self.simulator.order(vin(7), "http_401", on="any", error=error)
                found = self.diagnose(self.daemon, vin(7))
                self.assert_found(found, "vehicle", skipped=ASKED[1:])
                self.assertIn(said, found[1]["vehicle"]["says"])
                self.assert_cost(found, 1)

    def test_what_the_vehicle_itself_says_is_told_with_its_hint(self):
        self.simulator.order(vin(8), "unpaired", on="handshake")
        found = self.diagnose(self.daemon, vin(8))
        self.assert_found(found, PINGS[0], skipped=PINGS[1:])
        self.assertIn("has not been paired", found[1][PINGS[0]]["says"])
        self.assert_cost(found, 3)

    def test_a_part_that_stays_busy_leaves_time_for_the_other(self):
        self.assert_accepted(self.daemon.command("door_lock", car=vin(9)))
        self.simulator.order(vin(9), "busy", count=100)
        told = self.see(self.daemon, vin(9), TOKEN, "--json", "--wait", "5")
        checks = {check["check"]: check for check in json.loads(told.stdout)["checks"]}
        self.assertEqual(told.returncode, 1)
        self.assertEqual([checks[name]["verdict"] for name in PINGS], ["problem", "problem"])
        self.assertIn("busy", checks[PINGS[0]]["says"])
        self.assertIn("busy", checks[PINGS[1]]["says"])

    def test_nothing_of_the_token_is_seen_again(self):
        daemon = self.start(Daemon(self.folder, self.simulator.url, "--log.level", "debug"))
        seen = []
        for claims in ({"exp": int(time.time()) + 7200, "scp": SCOPES, "sub": "zqSubject", "ou_code": "zqRegion"},
                       {"exp": 1, "sub": "zqSubject"}, {"scp": ["zqScope"]}):
            token = token_with(**claims)
            for flags in ((), ("--json",)):
                ended = self.see(daemon, vin(10), token, *flags)
                seen.append(ended.stdout + ended.stderr)
        log = daemon.log()
        self.assertIn("diagnosis", log)
        self.assertNotIn(vin(10), log)
        for text in (*seen, log):
            self.assertNotIn("zq", text)
            self.assertNotIn(token.split(".")[1], text)


class Surroundings(Doctor, Case):
    def test_fleet_api_cannot_be_reached(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        found = self.diagnose(self.start(Daemon(self.folder, f"http://127.0.0.1:{port}")))
        self.assert_found(found, "vehicle", skipped=ASKED[1:])
        self.assertIn("check the network", found[1]["vehicle"]["advice"])
        self.assertEqual(found[0]["upstream_requests"], 0)

    def test_a_clock_that_is_far_off_is_seen_in_any_answer(self):
        def answer(connection, _):
            upstream.read_request(connection)
            date = email.utils.formatdate(time.time() - 3 * 3600, usegmt=True)
            connection.sendall(f"HTTP/1.1 404 Not Found\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n".encode())
        upstream = ScriptedUpstream(answer)
        self.addCleanup(upstream.close)
        found = self.diagnose(self.start(Daemon(self.folder, upstream.url)))
        self.assertEqual(found[1]["clock"]["verdict"], "problem")
        self.assertRegex(found[1]["clock"]["says"], r"^the clock is [23] h ahead of Fleet API's")
        self.assertEqual(len(upstream.requests), 1)

    def test_a_key_file_that_is_gone_is_seen_before_the_next_start(self):
        simulator, daemon = self.start_both()
        file = self.folder / "private.pem"
        aside = file.rename(self.folder / "aside.pem")
        self.addCleanup(aside.rename, file)
        found = self.diagnose(daemon)
        self.assert_found(found, None, warnings=["key"])
        self.assertEqual(run("keygen", "--out", file).returncode, 0)
        self.assertIn("holds another one by now", self.diagnose(daemon)[1]["key"]["says"])

    def test_no_daemon_is_69(self):
        _, daemon = self.start_both()
        daemon.stop()
        told = self.see(daemon)
        self.assertEqual((told.returncode, told.stdout), (69, ""))
        self.assertIn("hint: does `fleetsign serve` run?", told.stderr)

    def test_mistakes_on_the_command_line_are_64(self):
        for words in ((), ("5YJ3",), (vin(), "--wait", "0")):
            with self.subTest(words):
                self.assertEqual(run("doctor", *words, env={"FLEETSIGN_TOKEN": TOKEN}).returncode, 64)
        self.assertEqual(run("doctor", vin(), env={"FLEETSIGN_TOKEN": ""}).returncode, 64)

    def test_whatever_else_answers_is_no_diagnosis(self):
        bodies = [b"", b"[]", b'{"healthy":1,"checks":[]}', b'{"healthy":true,"checks":[{"check":"key"}]}']

        def answer(connection, number):
            other.read_request(connection)
            body = bodies[number % len(bodies)]
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        other = ScriptedUpstream(answer)
        self.addCleanup(other.close)
        for _ in bodies:
            told = self.see(other)
            self.assertEqual((told.returncode, told.stdout), (1, ""))
            self.assertIn("what answers is no fleetsign", told.stderr)


if __name__ == "__main__":
    unittest.main()
