# SPDX-License-Identifier: Apache-2.0
"""The link by which a vehicle gets the key, the code that a phone reads, and the wait until it has it."""

import json
import os
import pathlib
import pty
import shutil
import subprocess
import tempfile
import unittest

from harness import BINARY, PATIENCE, TOKEN, Case, Daemon, ScriptedUpstream, SharedCase, environment, run, vin

DOMAIN = "car.example.com"
LINK = f"https://tesla.com/_ak/{DOMAIN}?vin={vin()}"


def modules_in(rows):
    """Of the lines of a code: rows of whether a module is light, which is what is drawn."""
    light = {" ": (False, False), "\u2584": (False, True), "\u2580": (True, False), "\u2588": (True, True)}
    return [[light[c][half] for c in row] for row in rows for half in (0, 1)]


def text_in_code(modules):
    """As a program reads it that is not ours."""
    scale = 4
    pixels = b"".join(bytes(255 * light for light in row for _ in range(scale)) * scale for row in modules)
    with tempfile.TemporaryDirectory() as folder:
        picture = pathlib.Path(folder) / "code.pgm"
        picture.write_bytes(b"P5 %d %d 255\n" % (scale * len(modules[0]), scale * len(modules)) + pixels)
        ended = subprocess.run(["zbarimg", "--quiet", "--raw", picture], capture_output=True, text=True, timeout=PATIENCE,
                               check=False)
    return ended.stdout.strip()


needs_reader = unittest.skipUnless(shutil.which("zbarimg"), "zbarimg, of zbar-tools, is not there")


class Pair(SharedCase):
    def setUp(self):
        self.let_have_key(False)

    def let_have_key(self, paired):
        reply = self.simulator.request("POST", f"/sim/v1/vehicles/{vin()}/pairing", json.dumps({"paired": paired}))
        self.assertEqual(reply.status, 200, reply.body)

    def pair(self, *arguments, env=None):
        return run("pair", *arguments, "--domain", DOMAIN, "--url", self.daemon.url,
                   env={"FLEETSIGN_TOKEN": TOKEN, **(env or {})})

    def assert_refused(self, ended, status, message):
        self.assertEqual(ended.returncode, status, ended)
        self.assertIn(message, ended.stderr)
        self.assertIn("\nhint: ", ended.stderr)
        self.assertNotIn(TOKEN, ended.stdout + ended.stderr)

    def test_without_a_wait_the_link_is_shown_and_nobody_is_asked(self):
        ended = run("pair", vin().lower(), "--domain", DOMAIN, "--no-wait", env={"FLEETSIGN_TOKEN": ""})
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended)
        self.assertEqual(ended.stdout.splitlines()[0], LINK)

    def test_the_code_is_a_square_with_its_quiet_zone_and_three_finders(self):
        rows = self.pair(vin(), "--no-wait").stdout.splitlines()[2:]
        modules = modules_in(rows)
        width = len(modules[0])
        self.assertEqual({len(row) for row in modules}, {width})
        self.assertIn(len(modules), (width, width + 1))
        quiet = [modules[y][x] for y in range(width) for x in range(width) if min(x, y, width - 1 - x, width - 1 - y) < 4]
        self.assertTrue(all(quiet))
        finder = ["0000000", "0111110", "0100010", "0100010", "0100010", "0111110", "0000000"]
        for x, y in ((4, 4), (width - 11, 4), (4, width - 11)):
            found = ["".join(str(int(each)) for each in row[x:x + 7]) for row in modules[y:y + 7]]
            self.assertEqual(found, finder)

    @needs_reader
    def test_the_code_says_what_the_link_says(self):
        self.assertEqual(text_in_code(modules_in(self.pair(vin(), "--no-wait").stdout.splitlines()[2:])), LINK)

    @needs_reader
    def test_on_a_terminal_the_code_is_black_on_white_whatever_its_colours(self):
        ours, theirs = pty.openpty()
        with open(ours, "rb", buffering=0) as terminal:
            pairing = subprocess.Popen([BINARY, "pair", vin(), "--domain", DOMAIN, "--no-wait"], stdin=subprocess.DEVNULL,
                                       stdout=theirs, stderr=subprocess.DEVNULL, env=environment())
            os.close(theirs)
            shown = b""
            try:
                while more := terminal.read(65536):
                    shown += more
            except OSError:  # so ends a terminal that nobody writes to any more
                pass
        self.assertEqual(pairing.wait(PATIENCE), 0)
        link, _, *rows = shown.decode().splitlines()
        self.assertEqual(link, LINK)
        white_on_black, usual = "\033[97;40m", "\033[0m"
        for row in rows:
            self.assertEqual((row[:len(white_on_black)], row[-len(usual):]), (white_on_black, usual))
        self.assertEqual(text_in_code(modules_in([row[len(white_on_black):-len(usual)] for row in rows])), LINK)

    def test_it_waits_until_the_vehicle_has_the_key(self):
        waiting = subprocess.Popen([BINARY, "pair", vin(), "--domain", DOMAIN, "--url", self.daemon.url, "--wait", str(PATIENCE)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=environment({"FLEETSIGN_TOKEN": TOKEN}))
        self.addCleanup(waiting.kill)
        self.assertEqual(waiting.stdout.readline().strip(), LINK)
        with open(f"/proc/{waiting.pid}/limits", encoding="utf-8") as limits:  # there is a token in its memory
            self.assertEqual(next(line.split()[4:6] for line in limits if line.startswith("Max core file size")), ["0", "0"])
        self.let_have_key(True)
        output, errors = waiting.communicate(timeout=PATIENCE)
        self.assertEqual(waiting.returncode, 0, errors)
        self.assertEqual(output.splitlines()[-1], f"{vin()} is paired: it takes commands that are signed with this key")

    def test_a_vehicle_that_has_the_key_needs_no_link(self):
        self.let_have_key(True)
        ended = self.pair(vin())
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended)
        self.assertNotIn("https://", ended.stdout)

    def test_a_wait_that_is_in_vain_ends_with_1(self):
        self.assert_refused(self.pair(vin(), "--wait", "1"), 1, f"{vin()} has no key of this app after 1 s")

    def test_what_is_wrong_is_told_before_anything_is_shown(self):
        for ended, status, message in ((self.pair("?"), 64, "is neither a VIN nor a vehicle's name"),
                                       (self.pair("garage"), 64, "the configuration (no file was read) has no vehicle garage"),
                                       (self.pair(vin(), env={"FLEETSIGN_TOKEN": ""}), 64, "a token is needed"),
                                       (run("pair", vin(), "--no-wait"), 78, "names no domain")):
            with self.subTest(message):
                self.assert_refused(ended, status, message)
                self.assertEqual(ended.stdout, "")

    def test_where_nobody_can_tell_whether_it_has_the_key_the_link_is_shown_first(self):
        for car, more, status, message in ((9, {"FLEETSIGN_TOKEN": TOKEN}, 1, f"Fleet API says nothing of {vin(9)}"),
                                           (1, {"FLEETSIGN_TOKEN": "fsk_unknown"}, 1, "it cannot be found out whether"),
                                           (1, {"FLEETSIGN_URL": "http://127.0.0.1:9"}, 69, "cannot be reached")):
            with self.subTest(message):
                ended = run("pair", vin(car), "--domain", DOMAIN, "--wait", "1",
                            env={"FLEETSIGN_TOKEN": TOKEN, "FLEETSIGN_URL": self.daemon.url, **more})
                self.assert_refused(ended, status, message)
                self.assertEqual(ended.stdout.splitlines()[0], f"https://tesla.com/_ak/{DOMAIN}?vin={vin(car)}")


def paired(is_paired):
    """What fleet_status says."""
    lists = {"key_paired_vins": [vin()] * is_paired, "unpaired_vins": [vin()] * (not is_paired)}
    return 200, json.dumps({"response": {**lists, "vehicle_info": {}}})


class Questions(Case):
    """Answers of Fleet API and of the daemon to the first question and to later ones."""

    def pair(self, *answers):
        """What became of it, and how many questions there were; the last answer goes on."""
        left = list(answers)

        def serve(connection, _):
            while upstream.read_request(connection):
                status, body = left.pop(0) if len(left) > 1 else left[0]
                connection.sendall(f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n"
                                   f"Content-Length: {len(body)}\r\n\r\n{body}".encode())

        upstream = ScriptedUpstream(serve)
        self.addCleanup(upstream.close)
        daemon = self.start(Daemon(self.folder, upstream.url))
        ended = run("pair", vin(), "--domain", DOMAIN, "--url", daemon.url, "--wait", "60", env={"FLEETSIGN_TOKEN": TOKEN})
        daemon.stop()
        return ended, len(upstream.requests)

    def test_what_passes_is_waited_for_whether_it_is_the_first_question_or_a_later_one(self):
        for status in (429, 500, 503):
            trouble = (status, json.dumps({"response": None, "error": f"trouble {status}", "error_description": ""}))
            for answers in ((trouble, paired(True)), (paired(False), trouble, paired(True))):
                with self.subTest(status, questions=len(answers)):
                    ended, asked = self.pair(*answers)
                    self.assertEqual((ended.returncode, asked), (0, len(answers)), ended)
                    self.assertIn(f"{vin()} is paired", ended.stdout)
                    self.assertEqual(ended.stderr.count(f"trouble {status}"), 1)

    def test_what_does_not_pass_ends_it(self):
        refusal = (403, json.dumps({"response": None, "error": "no scope", "error_description": ""}))
        for answers in ((refusal,), (paired(False), refusal)):
            with self.subTest(len(answers)):
                ended, asked = self.pair(*answers)
                self.assertEqual((ended.returncode, asked), (1, len(answers)), ended)
                self.assertIn("fleetsign: error: it cannot be found out whether the key is paired: no scope\n", ended.stderr)

    def test_an_account_that_nobody_has_logged_in_to_is_not_waited_for(self):
        state = {"STATE_DIRECTORY": tempfile.mkdtemp(dir=self.folder)}
        token = run("client", "add", "shell", env=state).stdout.strip()
        daemon = self.start(Daemon(self.folder, "http://127.0.0.1:9", env=state, config=
                                   "accounts: {home: managed}\noauth: {client_id: app}\ncallers: [{name: shell, account: home}]\n"))
        ended = run("pair", vin(), "--domain", DOMAIN, "--url", daemon.url, env={"FLEETSIGN_TOKEN": token})
        self.assertEqual(ended.returncode, 1, ended)
        self.assertIn("the account home has no tokens yet\nhint: run `fleetsign login home`", ended.stderr)
        self.assertEqual(ended.stdout.splitlines()[0], LINK)
        self.assertNotIn("Waiting", ended.stderr)


if __name__ == "__main__":
    unittest.main()
