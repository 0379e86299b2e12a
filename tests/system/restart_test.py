# SPDX-License-Identifier: Apache-2.0
"""A restart costs nothing, however the run before it ended; and what becomes of a state that cannot be used."""

import os
import pathlib
import sqlite3
import tempfile
import threading
import unittest

from harness import BINARY, SANITIZED, TOKEN, Case, Daemon, Simulator, eventually, run, vin

KILLS = 5 if SANITIZED else 20
VEHICLES = 4
NOBODY = 65534


class State(Case):
    def setUp(self):
        self.env = {"STATE_DIRECTORY": tempfile.mkdtemp(dir=self.folder)}
        self.file = pathlib.Path(self.env["STATE_DIRECTORY"]) / "state.db"

    def daemon_for(self, simulator, config=""):
        return self.start(Daemon(self.folder, simulator.url, config=config, env=self.env))

    def refused(self, **options):
        """What a daemon says that does not start."""
        ended = run("serve", "--listen", "http://127.0.0.1:0", "--key-file", self.folder / "private.pem",
                    env=self.env, **options)
        self.assertEqual(ended.stdout, "")
        return ended


class Restarts(State):
    def test_a_kill_under_load_repeats_no_counter_and_costs_no_request(self):
        simulator = self.start(Simulator(self.folder, VEHICLES))
        cars = [vin(number) for number in range(1, VEHICLES + 1)]
        for round_number in range(KILLS):
            daemon = self.daemon_for(simulator)
            for car in cars:
                reply = daemon.command("honk_horn", car=car)
                self.assert_accepted(reply)
                self.assertEqual(reply.json["upstream_requests"], 2 if round_number == 0 else 1)
            before = sum(simulator.executed(car) for car in cars)
            threads = [threading.Thread(target=self.keep_sending, args=(daemon, car)) for car in cars for _ in range(3)]
            for thread in threads:
                thread.start()
            eventually(lambda: sum(simulator.executed(car) for car in cars) > before + 20, "commands are carried out")
            daemon.process.kill()
            daemon.wait()
            for thread in threads:
                thread.join()
        for car in cars:
            self.assertEqual(simulator.vehicle(car)["used_counters_total"], 0)

    @staticmethod
    def keep_sending(daemon, car):
        while True:
            try:
                daemon.command("flash_lights", car=car)
            except OSError:
                return

    def test_a_clean_end_is_as_good(self):
        simulator = self.start(Simulator(self.folder))
        for requests in (2, 1):
            daemon = self.daemon_for(simulator)
            self.assertEqual(daemon.command("door_lock").json["upstream_requests"], requests)
            self.assertEqual(daemon.stop(), 0)
            self.assertFalse(pathlib.Path(f"{self.file}-wal").exists())

    def test_a_pinned_key_is_remembered(self):
        simulator = self.start(Simulator(self.folder))
        config = "pin_vehicle_keys: true\n"
        daemon = self.daemon_for(simulator, config)
        self.assert_accepted(daemon.command("honk_horn"))
        daemon.stop()
        simulator.order(vin(), "rotate_key")
        daemon = self.daemon_for(simulator, config)
        self.assert_failure(daemon.command("honk_horn"), 502, "vehicle_key_changed")
        self.assertEqual(daemon.request("DELETE", f"/fleetsign/v1/vehicles/{vin()}/sessions",
                                        headers={"Authorization": f"Bearer {TOKEN}"}).json, {"forgotten": 1})
        self.assert_accepted(daemon.command("honk_horn"))


class Backups(State):
    def cli(self, *arguments, **options):
        return run("state", *arguments, "--key-file", self.folder / "private.pem", env=self.env, **options)

    def test_a_backup_is_made_by_the_daemon_while_it_runs_and_can_be_restored_without_it(self):
        simulator = self.start(Simulator(self.folder))
        daemon = self.daemon_for(simulator)
        self.assert_accepted(daemon.command("honk_horn"))
        backup = self.folder / "backup.db"
        made = self.cli("backup", backup)
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        self.assertEqual(backup.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.cli("backup", backup).returncode, 74)  # never over an existing file
        self.assertEqual(self.cli("restore", backup).returncode, 69)  # not under a daemon's feet
        self.assertEqual((pathlib.Path(self.env["STATE_DIRECTORY"]) / "admin.sock").stat().st_mode & 0o777, 0o600)
        self.assert_accepted(daemon.command("honk_horn"))
        daemon.stop()
        self.assertEqual(self.cli("backup", self.folder / "of-nobody-running.db").returncode, 0)

        restored = self.cli("restore", backup)
        self.assertEqual((restored.returncode, restored.stderr), (0, ""))
        daemon = self.daemon_for(simulator)
        self.assertEqual(daemon.command("honk_horn").json["upstream_requests"], 2)  # its counter was used since
        self.assertEqual(simulator.vehicle(vin())["used_counters_total"], 0)

    def test_where_there_is_no_state_no_backup_is_made_of_it(self):
        backup = self.folder / "of-nothing.db"
        ended = self.cli("backup", backup)
        self.assertEqual((ended.returncode, ended.stdout), (66, ""))
        self.assertFalse(backup.exists())
        self.assertFalse(self.file.exists())

    def test_what_is_no_backup_is_refused(self):
        noise = self.folder / "noise.db"
        noise.write_bytes(b"noise" * 1000)
        for file, status in ((noise, 74), (self.folder / "missing.db", 66)):
            ended = self.cli("restore", file)
            self.assertEqual((ended.returncode, ended.stdout), (status, ""))
            self.assertIn("fleetsign: error: ", ended.stderr)

    def test_the_admin_socket_serves_nothing_else_and_nothing_else_serves_it(self):
        daemon = self.daemon_for(self.start(Simulator(self.folder)))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        self.assertEqual(daemon.request("POST", "/admin/v1/backup", headers=headers).status, 404)
        status = run("status", "--url", f"unix:{self.env['STATE_DIRECTORY']}/admin.sock", env={"FLEETSIGN_TOKEN": TOKEN})
        self.assertEqual(status.returncode, 1)
        self.assertIn("nothing at this path", status.stderr)


class Refusals(State):
    def test_a_second_daemon_is_told_who_the_first_one_is(self):
        simulator = self.start(Simulator(self.folder))
        daemon = self.daemon_for(simulator)
        ended = self.refused()
        self.assertEqual(ended.returncode, 69)
        self.assertIn(f"process {daemon.process.pid}", ended.stderr)
        self.assertIn("hint: ", ended.stderr)

    def test_a_folder_that_may_not_be_written_is_refused(self):
        folder = pathlib.Path(self.env["STATE_DIRECTORY"])
        folder.chmod(0o555)
        self.folder.chmod(0o755)
        key = self.folder / "of-nobody.pem"
        key.write_bytes((self.folder / "private.pem").read_bytes())
        key.chmod(0o600)
        os.chown(key, NOBODY, NOBODY)
        ended = run("serve", "--listen", "http://127.0.0.1:0", "--key-file", key, env=self.env, user=NOBODY)
        self.assertEqual((ended.returncode, ended.stdout), (77, ""))
        self.assertIn(str(folder), ended.stderr)

    def test_a_file_of_a_later_version_is_refused_and_left_alone(self):
        file = sqlite3.connect(self.file)
        file.executescript("CREATE TABLE t (i); PRAGMA application_id = 1718839150; PRAGMA user_version = 1000")
        file.close()
        before = self.file.read_bytes()
        ended = self.refused()
        self.assertEqual(ended.returncode, 78)
        self.assertIn("newer fleetsign", ended.stderr)
        self.assertEqual(self.file.read_bytes(), before)


class Damage(State):
    def test_a_damaged_file_is_moved_aside_and_the_vehicles_go_on(self):
        simulator = self.start(Simulator(self.folder))
        daemon = self.daemon_for(simulator)
        self.assert_accepted(daemon.command("honk_horn"))
        daemon.stop()
        with open(self.file, "r+b") as file:
            file.write(b"x" * 4096)
        daemon = self.daemon_for(simulator)
        self.assertIn("damaged", daemon.log())
        self.assertTrue(pathlib.Path(f"{self.file}.damaged-1").exists())
        self.assert_accepted(daemon.command("honk_horn"))

    def test_without_room_on_the_disk_commands_go_on_and_it_is_said(self):
        vehicles = 60
        simulator = self.start(Simulator(self.folder, vehicles))
        daemon = self.start_without_room(simulator)
        for number in range(1, vehicles + 1):
            self.assert_accepted(daemon.command("honk_horn", car=vin(number)))
        self.assertIn("cannot be written", daemon.log())
        ready = daemon.get("/ready")
        self.assertEqual(ready.status, 200)
        self.assertIn("cannot be written", ready.body.decode())
        status = daemon.get("/fleetsign/v1/status").json
        self.assertIn("cannot be written", status["warnings"][0])
        daemon.process.kill()
        daemon.wait()
        daemon = self.daemon_for(simulator)
        for number in range(1, vehicles + 1):
            self.assert_accepted(daemon.command("honk_horn", car=vin(number)))
            self.assertEqual(simulator.vehicle(vin(number))["used_counters_total"], 0)

    def start_without_room(self, simulator):
        """A daemon whose files cannot grow beyond a size, which to it is an error of the disk."""
        wrapper = self.folder / "small"
        wrapper.write_text(f"#!/bin/sh\ntrap '' XFSZ\nulimit -f 256\nexec {BINARY} \"$@\"\n")
        wrapper.chmod(0o755)
        return Daemon(self.folder, simulator.url, config="log:\n  level: warning\n", env=self.env, binary=wrapper)


if __name__ == "__main__":
    unittest.main()
