# SPDX-License-Identifier: Apache-2.0
"""`fleetsign send`: a command through a running daemon, its outcome in words and as an exit status."""

import json
import os
import pathlib
import socket
import subprocess
import unittest

from harness import BINARY, PATIENCE, TOKEN, Daemon, ScriptedUpstream, SharedCase, run, vin

NOBODY = 65534


class Send(SharedCase):
    vehicles = 20
    config = "confirm: [remote_start_drive]\n"

    def send(self, *arguments, url=None, token=TOKEN, **options):
        return run("send", *arguments, env={"FLEETSIGN_URL": url or self.daemon.url, "FLEETSIGN_TOKEN": token}, **options)

    def assert_refused(self, ended, status, *words):
        self.assertEqual(ended.returncode, status, ended)
        self.assertEqual(ended.stdout, "")
        for word in ("fleetsign: error: ", *words):
            self.assertIn(word, ended.stderr)

    def token_file(self, text, mode=0o600):
        path = pathlib.Path(self.folder / f"token-{os.urandom(4).hex()}")
        path.write_text(text)
        path.chmod(mode)
        return path

    def test_done(self):
        ended = self.send(vin(1), "set_charge_limit", "percent=80")
        self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (0, "the vehicle did it\n", ""))
        self.assertEqual(self.daemon.vehicle_data(vin(1))["charge_state"]["charge_limit_soc"], 80)

    def test_refused_by_the_vehicle_in_its_own_word(self):
        self.assertEqual(self.send(vin(2), "charge_start").returncode, 0)
        ended = self.send(vin(2), "charge_start")
        self.assert_refused(ended, 1, "the vehicle declined: is_charging")
        self.assertNotIn("hint", ended.stderr)

    def test_refused_after_a_first_try_that_may_have_been_carried_out(self):
        self.simulator.order(vin(14), "timeout")
        self.assert_refused(self.send(vin(14), "set_charge_limit", "percent=90"), 1, "the vehicle declined: already_set",
                            "\nhint: the vehicle may have acted")

    def test_what_went_wrong_comes_with_what_to_do(self):
        self.simulator.order(vin(3), "asleep")
        self.assert_refused(self.send(vin(3), "honk_horn"), 1, "\nhint: wake it first")
        self.simulator.order(vin(4), "drop_reply", on="command")
        self.assert_refused(self.send(vin(4), "honk_horn"), 1, "the vehicle may have acted")

    def test_what_must_be_confirmed_is_done_with_confirm_only(self):
        self.assert_refused(self.send(vin(18), "remote_start_drive"), 1, "remote_start_drive",
                            "\nhint: if it is meant, repeat it with --confirm")
        self.assertEqual(self.simulator.executed(vin(18)), 0)
        self.assertEqual(self.send(vin(18), "remote_start_drive", "--confirm").returncode, 0)
        self.assertEqual(self.simulator.executed(vin(18)), 1)

    def test_json_is_the_reply_as_it_came_and_changes_no_exit_status(self):
        for status, result in ((0, True), (1, False)):
            ended = self.send(vin(5), "charge_start", "--json")
            self.assertEqual((ended.returncode, ended.stderr), (status, ""))
            self.assertEqual(json.loads(ended.stdout)["response"]["result"], result)

    def test_values_of_every_type_and_raw_json(self):
        for words in (["set_temps", "driver_temp=21.5"], ["set_sentry_mode", "on=true"], ["window_control", "command=vent"],
                      ["auto_conditioning_start"], ["remote_seat_heater_request", "seat_position=front_left", "level=2"],
                      ["set_charge_limit", "percent:=\"70\""]):
            with self.subTest(words):
                self.assertEqual(self.send(vin(6), *words).returncode, 0)

    def test_what_only_fleet_api_has_is_sent_as_it_is(self):
        ended = self.send(vin(7), "share", "type=text", 'value:={"a":[1]}')
        self.assertEqual(ended.returncode, 0, ended)
        self.assertEqual(json.loads(self.simulator.vehicle(vin(7))["unsigned"][0]["body"]),
                         {"type": "text", "value": {"a": [1]}})
        self.simulator.order(vin(7), "http_403", on="any")
        self.assert_refused(self.send(vin(7), "brand_new_thing_of_tesla"), 1, "Fleet API answered 403")

    def test_a_mistake_is_found_before_anything_is_sent(self):
        self.simulator.forget_requests()
        for words, said in ((["honk_hron"], "did you mean honk_horn"), (["../x"], "unknown command"),
                            (["set_charge_limit", "precent=80"], "did you mean percent"),
                            (["set_charge_limit", "percent=101"], "parameter percent: 101"),
                            (["set_charge_limit"], "parameter percent is missing"),
                            (["set_charge_limit"], "\nhint: for example set_charge_limit percent=80\n"),
                            (["set_charge_limit", "80"], "word 1 after the command is not a parameter and its value")):
            with self.subTest(words):
                self.assert_refused(self.send(vin(8), *words), 64, said)
        self.assert_refused(self.send("5YJ3", "honk_horn"), 64, "neither a VIN nor")
        self.assert_refused(self.send(vin(8)), 64, "command is required")
        self.assert_refused(self.send(vin(8), "honk_horn", "--wait", "0"), 64, "--wait")
        self.assertEqual(self.simulator.signed_commands(), 0)

    def test_a_value_comes_from_a_file(self):
        pin = self.folder / "pin"
        pin.write_text("9753\n")
        self.assertEqual(self.send(vin(15), "speed_limit_activate", f"pin=@{pin}").returncode, 0)
        self.assertEqual(self.send(vin(15), "speed_limit_deactivate", "pin=9753").returncode, 0)
        pipe, end = os.pipe()
        os.write(end, b"9753\n")
        os.close(end)
        ended = subprocess.run([BINARY, "explain", "--show-private", "speed_limit_activate", f"pin=@/dev/fd/{pipe}"],
                               pass_fds=[pipe], capture_output=True, text=True, timeout=PATIENCE, check=False)
        os.close(pipe)
        self.assertIn('body: {"pin":"9753"}\n', ended.stdout)

    def test_only_the_last_newline_of_a_file_is_left_out_and_an_at_sign_can_be_written(self):
        name = self.folder / "name"
        for text, value in (("two\nlines\n\n", "two\nlines\n"), ("", "")):
            name.write_text(text)
            about = run("explain", "--json", "--show-private", "navigation_request", f"destination=@{name}")
            self.assertEqual(json.loads(about.stdout)["body"], {"destination": value})
        about = run("explain", "--json", "--show-private", "navigation_request", 'destination:="@home"')
        self.assertEqual(json.loads(about.stdout)["body"], {"destination": "@home"})

    def test_a_file_that_holds_no_value_is_found_before_anything_is_sent(self):
        self.simulator.forget_requests()
        (self.folder / "long").write_text("x" * 20_000)
        (self.folder / "binary").write_bytes(b"\xff")
        for file, status, said in (("absent", 66, "there is no file"), ("long", 66, "more than 16384 bytes"),
                                   ("binary", 64, "not UTF-8"), (".", 66, "is a directory")):
            with self.subTest(file):
                self.assert_refused(self.send(vin(16), "set_vehicle_name", f"vehicle_name=@{self.folder}/{file}"), status, said)
        self.assertEqual(self.simulator.signed_commands(), 0)

    def test_a_token_comes_from_a_file_or_the_environment_only(self):
        own = self.token_file(TOKEN + "\n")
        self.assertEqual(self.send(vin(9), "honk_horn", "--token-file", own, token="").returncode, 0)
        self.assert_refused(self.send(vin(9), "honk_horn", token=""), 64, "a token is needed", "FLEETSIGN_TOKEN")
        self.assert_refused(self.send(vin(9), "honk_horn", token="two words"), 64, "FLEETSIGN_TOKEN is not a token")
        for path, status, said in ((self.folder / "absent", 66, "there is no file"),
                                   (self.token_file(""), 66, "does not hold a token"),
                                   (self.token_file("s3cret s3cret"), 66, "does not hold a token"),
                                   (self.token_file("s3cret", 0o644), 77, "open to other users"),
                                   (self.folder, 66, "is a directory")):
            with self.subTest(path):
                ended = self.send(vin(9), "honk_horn", "--token-file", path)
                self.assert_refused(ended, status, said)
                self.assertNotIn("s3cret", ended.stderr)

    def test_a_token_file_of_somebody_else_cannot_be_read(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to become somebody else")
        self.folder.chmod(0o755)
        ended = self.send(vin(9), "honk_horn", "--token-file", self.token_file(TOKEN), user=NOBODY)
        self.assert_refused(ended, 77, "cannot be read: Permission denied")

    def test_no_daemon_is_69(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        for url in (f"http://127.0.0.1:{port}", f"unix:{self.folder}/absent.sock", "http://example.invalid", "ftp://127.0.0.1"):
            with self.subTest(url):
                ended = self.send(vin(10), "honk_horn", url=url)
                self.assert_refused(ended, 69, "cannot be reached", "hint: does `fleetsign serve` run?")

    def test_a_reply_that_is_lost_is_no_success_and_nothing_is_sent_again(self):
        upstream = ScriptedUpstream(lambda connection, _: upstream.read_request(connection))
        self.addCleanup(upstream.close)
        ended = self.send(vin(11), "honk_horn", url=upstream.url)
        self.assert_refused(ended, 1, "was lost", "the vehicle may have acted")
        self.assertEqual(upstream.requests, [f"POST /api/1/vehicles/{vin(11)}/command/honk_horn HTTP/1.1"])

    def test_how_long_it_may_take_is_told_to_the_daemon(self):
        heads = []

        def serve(connection, _):
            heads.append(upstream.read_request(connection).decode())
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        upstream = ScriptedUpstream(serve)
        self.addCleanup(upstream.close)
        self.assertEqual(self.send(vin(12), "honk_horn", "--wait", "30", url=upstream.url).returncode, 1)
        self.assertIn("\r\nPrefer: wait=30\r\n", heads[0])
        self.assertIn(f"\r\nAuthorization: Bearer {TOKEN}\r\n", heads[0])

    def test_a_unix_socket(self):
        path = self.folder / "api.sock"
        self.start(Daemon(self.folder, self.simulator.url, "--listen", f"unix:{path}"))
        self.assertEqual(self.send(vin(13), "door_lock", url=f"unix:{path}").returncode, 0)


if __name__ == "__main__":
    unittest.main()
