# SPDX-License-Identifier: Apache-2.0
"""`fleetsign explain` and `decode`: what would be sent, and what was; without a daemon, a vehicle or a key."""

import base64
import json
import os
import subprocess
import unittest

from harness import BINARY, PATIENCE, run

# to_destination infotainment, protobuf_message_as_bytes: a speed limit with the PIN 9753
PIN = bytes.fromhex("32020803" "520c" "120a" "4a08" "0801" "1204" "39373533")


class Explain(unittest.TestCase):
    def test_a_command_in_words(self):
        ended = run("explain", "set_charge_limit", "percent=80")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        for line in ("command: set_charge_limit", 'body: {"percent":80}', "domain: infotainment", "repeat: safe",
                     "payload: EgQqAghQ", "    percent: 80"):
            self.assertIn(line + "\n", ended.stdout)

    def test_a_command_for_programs(self):
        about = json.loads(run("explain", "door_unlock", "--json").stdout)
        self.assertEqual(about["message"], "RKEAction: RKE_ACTION_UNLOCK\n")
        self.assertEqual((about["goes_to"], about["domain"], about["payload"]), ("vehicle", "vehicle_security", "EAA="))
        self.assertEqual(json.loads(run("explain", "wake_up", "--json").stdout)["goes_to"], "fleet_api")

    def test_what_is_private_is_shown_only_when_asked_for(self):
        for flags, shown in (([], False), (["--json"], False), (["--show-private"], True)):
            ended = run("explain", "speed_limit_activate", "pin=9753", *flags)
            self.assertEqual(ended.returncode, 0)
            self.assertEqual("9753" in ended.stdout, shown)
            self.assertEqual("payload" in ended.stdout, shown)

    def test_an_experimental_command_is_shown_signed_when_asked_for(self):
        about = json.loads(run("explain", "remote_boombox", "sound=7", "--json").stdout)
        self.assertEqual((about["goes_to"], about["body"]), ("fleet_api", {"sound": 7}))
        self.assertIn("experimental_commands", about["note"])
        self.assertIn("note: signed where ", run("explain", "remote_boombox", "sound=7").stdout)
        about = json.loads(run("explain", "--experimental", "remote_boombox", "sound=7", "--json").stdout)
        self.assertEqual((about["goes_to"], about["domain"]), ("vehicle", "infotainment"))
        self.assertIn("boombox {\n    sound: 7\n  }", about["message"])
        self.assertNotIn("note", about)
        ended = run("explain", "--experimental", "remote_boombox", "sonud=7")
        self.assertEqual((ended.returncode, ended.stdout), (64, ""))
        self.assertIn("did you mean sound", ended.stderr)
        self.assertEqual(json.loads(run("explain", "--experimental", "share", "a=1", "--json").stdout)["goes_to"], "fleet_api")

    def test_mistakes_are_usage_errors(self):
        for words, said in ((["set_chargelimit"], "did you mean set_charge_limit"), ([], "required"),
                            (["set_charge_limit", "x=1"], "has no parameter x"),
                            (["set_charge_limit"], "parameter percent is missing"),
                            (["set_charge_limit", "percent=x"], "\nhint: for example set_charge_limit percent=80\n")):
            ended = run("explain", *words)
            self.assertEqual((ended.returncode, ended.stdout), (64, ""))
            self.assertIn(said, ended.stderr)


class Decode(unittest.TestCase):
    def decode(self, text):
        return subprocess.run([BINARY, "decode", "-"], input=text, capture_output=True, timeout=PATIENCE, check=False)

    def test_an_argument_or_standard_input_in_base64_or_hexadecimal(self):
        message = bytes.fromhex("32020802" "5202" "1001")
        for text in (base64.b64encode(message), base64.urlsafe_b64encode(message).rstrip(b"="), message.hex().encode()):
            with self.subTest(text):
                for ended in (run("decode", text.decode()), self.decode(b" " + text + b"\n")):
                    self.assertEqual(ended.returncode, 0, ended)
                    out = ended.stdout if isinstance(ended.stdout, str) else ended.stdout.decode()
                    self.assertIn("domain: DOMAIN_VEHICLE_SECURITY", out)
                    self.assertTrue(out.endswith("VCSEC.UnsignedMessage\nRKEAction: RKE_ACTION_LOCK\n"), out)

    def test_what_is_private_is_shown_only_when_asked_for(self):
        text = base64.b64encode(PIN).decode()
        self.assertIn("pin: ***", run("decode", text).stdout)
        self.assertNotIn("9753", run("decode", text).stdout)
        self.assertIn('pin: "9753"', run("decode", "--show-private", text).stdout)

    def test_bad_input_says_what_is_wrong(self):
        for text, status, said in ((b"", 66, "there is nothing to decode"), (b"\n", 66, "there is nothing to decode"),
                                   (b"{}", 64, "neither base64 nor hexadecimal"), (b"\x00\xff", 64, "neither"),
                                   (b"aGVsbG8=", 1, "no message to or from a vehicle"),
                                   (b"A" * (1024 * 1024 + 1), 64, "too long")):
            with self.subTest(text[:20]):
                ended = self.decode(text)
                self.assertEqual((ended.returncode, ended.stdout), (status, b""))
                self.assertIn(b"fleetsign: error: ", ended.stderr)
                self.assertIn(said.encode(), ended.stderr)

    def test_standard_input_that_is_closed_is_no_input(self):
        ended = subprocess.run(["bash", "-c", '"$0" decode <&-', BINARY], capture_output=True, timeout=PATIENCE, check=False,
                               env=os.environ)
        self.assertEqual(ended.returncode, 66, ended)


if __name__ == "__main__":
    unittest.main()
