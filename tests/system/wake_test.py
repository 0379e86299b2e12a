# SPDX-License-Identifier: Apache-2.0
"""Waking: what a command to a sleeping vehicle costs, who pays for it, and what the callers are told."""

import concurrent.futures
import json
import threading
import unittest

from callers import Caller
from harness import PATIENCE, TOKEN, Case, Daemon, ScriptedUpstream, SharedCase, eventually, run, vin

LONG = {"Prefer": "wait=30"}
LOOKS = (1, 2)  # a simulated vehicle takes three seconds to wake, and is looked at after one and after three


class Waking(SharedCase):
    vehicles = 20

    def asleep(self, number, state="asleep"):
        """The vehicle with that number, without a request so far."""
        car = vin(number)
        self.simulator.order(car, state)
        return car

    def command(self, name, car, query="?wake=true", headers=None, daemon=None, **more):
        return (daemon or self.daemon).command(name + query, car=car, headers={**LONG, **(headers or {})}, **more)

    def requests(self, car):
        """How many requests of each kind Fleet API has had for the vehicle."""
        endpoints = self.simulator.requests()["endpoints"]
        return {name: found["vehicles"][car] for name, found in endpoints.items() if car in found["vehicles"]}

    def assert_woken(self, reply, woken=True):
        self.assert_accepted(reply)
        self.assertIs(reply.json["woken"], woken)

    def assert_cost(self, reply, car, **expected):
        """That these requests were made for the vehicle, and some looks at it, and that the reply says so."""
        requests = self.requests(car)
        self.assertEqual(reply.json["upstream_requests"], sum(requests.values()))
        self.assertIn(requests.pop("vehicle"), LOOKS)
        self.assertEqual(requests, expected)

    def test_a_sleeping_vehicle_is_woken_and_does_it_once(self):
        car = self.asleep(1)
        reply = self.command("honk_horn", car)
        self.assert_woken(reply)
        self.assertEqual(self.simulator.executed(car), 1)
        self.assert_cost(reply, car, signed_command=3, wake_up=1)  # a handshake in vain; a handshake and the command
        members = list(reply.json)
        self.assertEqual(members[members.index("authenticated"):],
                         ["authenticated", "woken", "upstream_requests", "request_id"])

        self.simulator.order(car, "asleep")
        self.simulator.forget_requests()
        warm = self.command("honk_horn", car)
        self.assert_woken(warm)
        self.assert_cost(warm, car, signed_command=2, wake_up=1)

    def test_a_vehicle_that_is_awake_costs_no_more_than_before(self):
        car = vin(2)
        reply = self.command("honk_horn", car)
        self.assert_woken(reply, woken=False)
        self.assertEqual(self.requests(car), {"signed_command": 2})
        self.assertNotIn("woken", self.daemon.command("honk_horn", car=car).json)

    def test_ten_callers_at_once_are_one_wake_up(self):
        car = self.asleep(3)
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            replies = [future.result() for future in [pool.submit(self.command, "honk_horn", car) for _ in range(10)]]
        for reply in replies:
            self.assert_woken(reply)
        self.assertEqual(self.simulator.executed(car), 10)
        requests = self.requests(car)
        self.assertEqual(requests["wake_up"], 1)
        self.assertIn(requests["vehicle"], LOOKS)
        self.assertEqual(sum(reply.json["upstream_requests"] for reply in replies), sum(requests.values()))

    def test_what_fleet_api_has_against_a_wake_up_is_its_own_answer_and_spoils_nothing(self):
        car = self.asleep(4)
        for status in (401, 403, 429):
            self.simulator.order(car, f"http_{status}", on="any", **({"ms": 7_000} if status == 429 else {}))
            refused = self.command("wake_up", car, query="")
            self.assertEqual(refused.status, status)
            self.assertEqual(refused.headers["Retry-After"], "7" if status == 429 else None)
            self.assertEqual(refused.headers["Fleetsign-Error-Code"], "upstream_error")
            self.assertEqual(refused.headers["Fleetsign-Woken"], "false")
        self.assert_woken(self.command("honk_horn", car))
        self.assertEqual(self.requests(car)["wake_up"], 4)

    def test_a_wake_up_that_is_answered_503_may_have_got_through_and_is_not_sent_again(self):
        car = self.asleep(18)
        self.simulator.order(car, "http_503", on="any")
        reply = self.command("wake_up", car, query="", headers={"Prefer": "wait=4"})
        self.assert_failure(reply, 504, "no_reply", "unknown")
        requests = self.requests(car)
        self.assertEqual(requests.pop("wake_up"), 1)
        self.assertIn(requests["vehicle"], LOOKS)

    def test_a_caller_that_leaves_takes_nobody_with_it(self):
        car = self.asleep(5)
        leaving = Caller(self.daemon.url)
        leaving.send_command("honk_horn?wake=true", car=car, headers=LONG)
        eventually(lambda: self.requests(car).get("wake_up") == 1, "the vehicle is told to wake")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            following = pool.submit(self.command, "flash_lights", car)
            eventually(lambda: self.requests(car)["signed_command"] == 2, "the next one has found it asleep")
            leaving.close()
            self.assert_woken(following.result())
        self.assertEqual(self.requests(car)["wake_up"], 1)
        self.assertEqual([done["name"] for done in self.simulator.vehicle(car)["executed"]], ["flash_lights"])

    def test_a_vehicle_that_does_not_wake_in_time_is_unavailable(self):
        car = self.asleep(6)
        short = self.command("honk_horn", car, headers={"Prefer": "wait=3"})
        self.assert_failure(short, 408, "vehicle_unavailable")
        self.assertIn("did not wake in time", short.json["error"])
        self.assertIn("Prefer: wait=60", short.json["hint"])
        self.assertIs(short.json["woken"], False)
        self.assertEqual(self.requests(car)["wake_up"], 1)

        offline = self.asleep(7, "offline")
        reply = self.command("honk_horn", offline, headers={"Prefer": "wait=4"})
        self.assert_failure(reply, 408, "vehicle_unavailable")
        requests = self.requests(offline)
        self.assertEqual(requests["wake_up"], 1)
        self.assertEqual(reply.json["upstream_requests"], sum(requests.values()))

    def test_the_command_wake_up_answers_when_the_vehicle_is_online(self):
        car = self.asleep(8)
        reply = self.command("wake_up", car, query="")
        self.assert_woken(reply)
        self.assertEqual(self.simulator.vehicle(car)["state"], "online")
        self.assert_cost(reply, car, wake_up=1)

        again = self.command("wake_up", car, query="")
        self.assert_woken(again)
        self.assertEqual(again.json["upstream_requests"], 1)

    def test_the_command_wake_up_that_comes_to_its_deadline_says_that_nobody_knows(self):
        car = self.asleep(9, "offline")
        reply = self.command("wake_up", car, "", {"Prefer": "wait=3"})
        self.assert_failure(reply, 504, "no_reply", executed="unknown")
        self.assertIn("not online yet", reply.json["error"])

    def test_fleet_apis_own_wake_up_is_passed_on_and_waits_for_nothing(self):
        car = self.asleep(10)
        reply = self.daemon.request("POST", f"/api/1/vehicles/{car}/wake_up", "", {"Authorization": f"Bearer {TOKEN}"})
        self.assertEqual((reply.status, reply.json["response"]["state"]), (200, "asleep"))
        self.assertEqual(self.requests(car), {"wake_up": 1})

    def test_a_forwarded_command_is_woken_for_as_well(self):
        car = self.asleep(11)
        body = '{"type": "text"}'
        as_json = {"Content-Type": "application/json"}
        reply = self.command("share", car, "?a=1&wake=true&dry_run=false", as_json, body=body)
        self.assertEqual((reply.status, reply.json), (200, {"response": {"result": True, "reason": ""}}))
        self.assertEqual(reply.headers["Fleetsign-Woken"], "true")
        requests = self.requests(car)
        self.assertIn(requests.pop("vehicle"), LOOKS)
        self.assertEqual(requests, {"command": 2, "wake_up": 1})
        self.assertEqual(self.simulator.vehicle(car)["unsigned"], [{"name": "share", "body": body}])

        self.simulator.order(car, "offline")
        late = self.command("share", car, headers={**as_json, "Prefer": "wait=2"}, body=body)
        self.assert_failure(late, 408, "vehicle_unavailable")

    def test_what_is_neither_true_nor_false_is_refused(self):
        for query in ("?wake", "?wake=1", "?wake=true&wake=true"):
            self.assert_failure(self.command("honk_horn", vin(12), query), 400, "bad_request")

    def test_the_command_line_asks_for_it(self):
        car = self.asleep(13)
        env = {"FLEETSIGN_URL": self.daemon.url, "FLEETSIGN_TOKEN": TOKEN}
        ended = run("send", car, "honk_horn", "--wake", "--wait", 30, "--json", env=env)
        self.assertEqual(ended.returncode, 0, ended)
        self.assertIs(json.loads(ended.stdout)["woken"], True)

    def test_the_configuration_asks_for_it_and_a_caller_can_ask_for_the_opposite(self):
        car = self.asleep(14)
        daemon = self.start(Daemon(self.folder, self.simulator.url, config="auto_wake: true\n"))
        self.assert_failure(self.command("honk_horn", car, "?wake=false", daemon=daemon), 408, "vehicle_unavailable")
        self.assertNotIn("wake_up", self.requests(car))
        self.assert_woken(self.command("honk_horn", car, "", daemon=daemon))

    def test_a_budget_ends_with_its_last_wake_and_nothing_is_sent_for_the_next(self):
        car = self.asleep(15)
        daemon = self.start(Daemon(self.folder, self.simulator.url, config="wake_limit: 1\n"))
        self.assert_woken(self.command("honk_horn", car, daemon=daemon))
        self.simulator.order(car, "asleep")
        reply = self.command("wake_up", car, "", daemon=daemon)
        self.assert_failure(reply, 429, "local_budget")
        self.assertTrue(0 < int(reply.headers["Retry-After"]) <= 86_400)
        self.assertEqual(reply.json["upstream_requests"], 0)
        self.assert_failure(self.command("honk_horn", car, daemon=daemon), 429, "local_budget")
        self.assertEqual(self.requests(car)["wake_up"], 1)
        self.assert_woken(self.command("wake_up", self.asleep(16), "", daemon=daemon))

    def test_it_is_counted_and_logged(self):
        car = self.asleep(17)
        self.assert_woken(self.command("honk_horn", car))
        metrics = self.daemon.get("/metrics").body.decode()
        self.assertRegex(metrics, r'fleetsign_wakes_total\{outcome="ok"\} [1-9]')
        self.assertRegex(metrics, r'fleetsign_upstream_requests_total\{for="waking"\} [1-9]')
        self.assertRegex(self.daemon.log(), r"waking vin=…000017 wakes=1 upstream_requests=[23] outcome=ok")


class RefusedToken(Case):
    def test_a_caller_whose_token_is_refused_is_alone_with_that(self):
        awake, told = threading.Event(), threading.Event()

        def answer(request):
            head = request.partition(b"\r\n\r\n")[0]
            if b"/wake_up " not in head:
                return (b"200 OK", b"{}") if awake.is_set() else (b"408 Asleep", b'{"error":"vehicle is offline or asleep"}')
            if b"Bearer refused" in head:
                told.wait(PATIENCE)
                return b"401 Unauthorized", b"{}"
            awake.set()
            return b"200 OK", b'{"response":{"state":"online"}}'

        def serve(connection, _):
            while request := upstream.read_request(connection):
                status, body = answer(request)
                connection.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))

        def count(what):
            return sum(what in line for line in upstream.requests)

        upstream = ScriptedUpstream(serve)
        self.addCleanup(upstream.close)
        daemon = self.start(Daemon(self.folder, upstream.url))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            def start(token):
                return pool.submit(daemon.command, "share?wake=true", headers={**LONG, "Authorization": f"Bearer {token}"})
            first = start("refused")
            eventually(lambda: count("/wake_up") == 1, "the vehicle is told to wake")
            second = start("good")
            eventually(lambda: count("/share") == 2, "the next one has found it asleep")
            told.set()
            self.assertEqual((first.result().status, second.result().status), (401, 200))
        self.assertEqual((count("/wake_up"), count("/share")), (2, 3))


if __name__ == "__main__":
    unittest.main()
