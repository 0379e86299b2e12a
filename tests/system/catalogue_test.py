# SPDX-License-Identifier: Apache-2.0
"""Every command, end to end: a body, and what the vehicle shows when it was carried out."""

import dataclasses
import json
import unittest

from harness import TOKEN, Case, Daemon, ScriptedUpstream, SharedCase, run, vin

HOME = {"lat": 52.52, "lon": 13.40}
CHARGE_SCHEDULE = {**HOME, "days_of_week": "MON", "start_enabled": True, "start_time": 90, "end_enabled": False,
                   "enabled": True, "id": 7}
PRECONDITION_SCHEDULE = {**HOME, "days_of_week": "ALL", "precondition_time": 420, "enabled": True, "id": 7}
PIN = {"pin": "1234"}
PASSWORD = {"on": True, "password": "1234"}
WARM = ("auto_conditioning_start", {})


@dataclasses.dataclass
class Entry:
    """One command on a vehicle of its own. `shows` is where in the simulator's report to look, and what is then there."""

    body: dict = dataclasses.field(default_factory=dict)
    shows: dict = dataclasses.field(default_factory=dict)
    before: tuple = ()       # commands that make a difference possible
    unplugged: bool = False  # by somebody at the vehicle, first of all
    then_refused: tuple = ()  # what no member shows: another command, its body, and the reason why it is refused now


STATE = "car.vehicle_state."
CHARGE = "car.charge_state."
CLIMATE = "car.climate_state."
ENTRIES = {
    "auto_secure_vehicle": Entry(shows={STATE + "locked": True}, before=(("door_unlock", {}),)),
    "clear_pin_to_drive_admin": Entry(shows={STATE + "pin_to_drive_enabled": False},
                                      before=(("set_pin_to_drive", PASSWORD),)),
    "door_lock": Entry(shows={STATE + "locked": True}, before=(("door_unlock", {}),)),
    "door_unlock": Entry(shows={STATE + "locked": False}),
    "erase_user_data": Entry(shows={"counts.erasures": 1}, before=(("guest_mode", {"enable": True}),)),
    "guest_mode": Entry({"enable": True}, {STATE + "guest_mode": True}),
    "remote_start_drive": Entry(shows={STATE + "remote_start": True}),
    "reset_pin_to_drive_pin": Entry(before=(("set_pin_to_drive", PASSWORD), ("set_pin_to_drive", {"on": False})),
                                    then_refused=("set_pin_to_drive", {"on": True}, "pin_required")),
    "reset_valet_pin": Entry(shows={STATE + "valet_pin_needed": True},
                             before=(("set_valet_mode", PASSWORD), ("set_valet_mode", {"on": False}))),
    "set_pin_to_drive": Entry(PASSWORD, {STATE + "pin_to_drive_enabled": True}),
    "set_sentry_mode": Entry({"on": True}, {STATE + "sentry_mode": True}),
    "set_valet_mode": Entry(PASSWORD, {STATE + "valet_mode": True, STATE + "valet_pin_needed": False}),

    "actuate_trunk": Entry({"which_trunk": "rear"}, {STATE + "rt": 1}),
    "close_tonneau": Entry(shows={STATE + "tonneau_percent_open": 0}, before=(("open_tonneau", {}),)),
    "close_trunk": Entry(shows={STATE + "rt": 0}, before=(("actuate_trunk", {"which_trunk": "rear"}),)),
    "flash_lights": Entry(shows={"counts.flashes": 1}),
    "honk_horn": Entry(shows={"counts.honks": 1}),
    "open_tonneau": Entry(shows={STATE + "tonneau_percent_open": 100}),
    "stop_tonneau": Entry(shows={STATE + "tonneau_percent_open": 50}, before=(("open_tonneau", {}),)),
    "sun_roof_control": Entry({"level": 40}, {STATE + "sun_roof_percent_open": 40}),
    "trigger_homelink": Entry(HOME, {"counts.homelink_triggers": 1}),
    "window_control": Entry({"command": "vent"}, {STATE + "fd_window": 1, STATE + "rp_window": 1}),

    "charge_max_range": Entry(shows={CHARGE + "charge_limit_soc": 100}),
    "charge_port_door_close": Entry(shows={CHARGE + "charge_port_door_open": False}, unplugged=True),
    "charge_port_door_open": Entry(shows={CHARGE + "charge_port_door_open": True},
                                   before=(("charge_port_door_close", {}),), unplugged=True),
    "charge_standard": Entry(shows={CHARGE + "charge_limit_soc": 90}, before=(("set_charge_limit", {"percent": 70}),)),
    "charge_start": Entry(shows={CHARGE + "charging_state": "Charging"}),
    "charge_stop": Entry(shows={CHARGE + "charging_state": "Stopped"}, before=(("charge_start", {}),)),
    "set_charge_limit": Entry({"percent": 80}, {CHARGE + "charge_limit_soc": 80}),
    "set_charging_amps": Entry({"charging_amps": 10}, {CHARGE + "charge_amps": 10}),

    "add_charge_schedule": Entry(CHARGE_SCHEDULE, {"car.charge_schedule_data.charge_schedules.0.start_time": 90,
                                                   "car.charge_schedule_data.charge_schedules.0.days_of_week": 2}),
    "add_precondition_schedule": Entry(
        PRECONDITION_SCHEDULE,
        {"car.preconditioning_schedule_data.precondition_schedules.0.precondition_time": 420}),
    "batch_remove_charge_schedules": Entry({"home": True}, {"car.charge_schedule_data.charge_schedules": []},
                                           before=(("add_charge_schedule", CHARGE_SCHEDULE),)),
    "batch_remove_precondition_schedules": Entry(
        {"home": True}, {"car.preconditioning_schedule_data.precondition_schedules": []},
        before=(("add_precondition_schedule", PRECONDITION_SCHEDULE),)),
    "remove_charge_schedule": Entry({"id": 7}, {"car.charge_schedule_data.charge_schedules": []},
                                    before=(("add_charge_schedule", CHARGE_SCHEDULE),)),
    "remove_precondition_schedule": Entry({"id": 7}, {"car.preconditioning_schedule_data.precondition_schedules": []},
                                          before=(("add_precondition_schedule", PRECONDITION_SCHEDULE),)),
    "set_scheduled_charging": Entry({"enable": True, "time": 450},
                                    {CHARGE + "scheduled_charging_start_time_minutes": 450}),
    "set_scheduled_departure": Entry({"enable": True, "departure_time": 450, "preconditioning_enabled": True},
                                     {CHARGE + "scheduled_departure_time_minutes": 450,
                                      CHARGE + "preconditioning_enabled": True}),

    "auto_conditioning_start": Entry(shows={CLIMATE + "is_climate_on": True}),
    "auto_conditioning_stop": Entry(shows={CLIMATE + "is_climate_on": False}, before=(WARM,)),
    "keep_accessory_power_mode": Entry({"enable": True}, {STATE + "keep_accessory_power_mode": True}),
    "remote_auto_seat_climate_request": Entry({"auto_seat_position": 2, "auto_climate_on": True},
                                              {CLIMATE + "auto_seat_climate_right": True}, before=(WARM,)),
    "remote_seat_cooler_request": Entry({"seat_position": 1, "seat_cooler_level": 3},
                                        {CLIMATE + "seat_fan_front_left": 3}, before=(WARM,)),
    "remote_seat_heater_request": Entry({"seat_position": 4, "level": 2}, {CLIMATE + "seat_heater_rear_center": 2},
                                        before=(WARM,)),
    "remote_steering_wheel_heater_request": Entry({"on": True}, {CLIMATE + "steering_wheel_heater": True},
                                                  before=(WARM,)),
    "set_bioweapon_mode": Entry({"on": True, "manual_override": False}, {CLIMATE + "bioweapon_mode": True}),
    "set_cabin_overheat_protection": Entry({"on": True, "fan_only": True},
                                           {CLIMATE + "cabin_overheat_protection": "FanOnly"}),
    "set_climate_keeper_mode": Entry({"climate_keeper_mode": 2}, {CLIMATE + "climate_keeper_mode": "dog"}),
    "set_cop_temp": Entry({"cop_temp": 1}, {CLIMATE + "cop_activation_temperature": "Medium"}),
    "set_low_power_mode": Entry({"enable": True}, {STATE + "low_power_mode": True}),
    "set_preconditioning_max": Entry({"on": True}, {CLIMATE + "defrost_mode": 2}),
    "set_temps": Entry({"driver_temp": 21.5, "passenger_temp": 19},
                       {CLIMATE + "driver_temp_setting": 21.5, CLIMATE + "passenger_temp_setting": 19}),

    "adjust_volume": Entry({"volume": 5.5}, {STATE + "media_info.audio_volume": 5.5}),
    "media_next_fav": Entry(shows={STATE + "media_info.now_playing_station": "Favorite 2"}),
    "media_next_track": Entry(shows={STATE + "media_info.now_playing_title": "Track 2"}),
    "media_prev_fav": Entry(shows={STATE + "media_info.now_playing_station": "Favorite 5"}),
    "media_prev_track": Entry(shows={STATE + "media_info.now_playing_title": "Track 12"}),
    "media_toggle_playback": Entry(shows={STATE + "media_info.media_playback_status": "Playing"}),
    "media_volume_down": Entry(shows={STATE + "media_info.audio_volume": 2}),
    "media_volume_up": Entry(shows={STATE + "media_info.audio_volume": 4}),

    "parental_controls_activate": Entry(PIN, {STATE + "parental_controls.active": True}),
    "parental_controls_clear_pin": Entry(PIN, {STATE + "parental_controls.pin_set": False},
                                         before=(("parental_controls_activate", PIN),
                                                 ("parental_controls_deactivate", PIN))),
    "parental_controls_clear_pin_admin": Entry(shows={STATE + "parental_controls.pin_set": False},
                                               before=(("parental_controls_activate", PIN),)),
    "parental_controls_deactivate": Entry(PIN, {STATE + "parental_controls.active": False},
                                          before=(("parental_controls_activate", PIN),)),
    "parental_controls_enable_setting": Entry({"setting": "Curfew", "enable": True},
                                              {STATE + "parental_controls.settings.Curfew": True}),
    "parental_controls_set_speed_limit": Entry({"limit_mph": 65.5}, {STATE + "parental_controls.speed_limit_mph": 65.5}),
    "speed_limit_activate": Entry(PIN, {STATE + "speed_limit_mode.active": True}),
    "speed_limit_clear_pin": Entry(PIN, {STATE + "speed_limit_mode.pin_code_set": False},
                                   before=(("speed_limit_activate", PIN), ("speed_limit_deactivate", PIN))),
    "speed_limit_clear_pin_admin": Entry(shows={STATE + "speed_limit_mode.pin_code_set": False},
                                         before=(("speed_limit_activate", PIN),)),
    "speed_limit_deactivate": Entry(PIN, {STATE + "speed_limit_mode.active": False},
                                    before=(("speed_limit_activate", PIN),)),
    "speed_limit_set_limit": Entry({"limit_mph": 65.5}, {STATE + "speed_limit_mode.current_limit_mph": 65.5}),

    "cancel_software_update": Entry(shows={STATE + "software_update.status": "available"},
                                    before=(("schedule_software_update", {"offset_sec": 60}),)),
    "ping": Entry(),
    "schedule_software_update": Entry({"offset_sec": 7200}, {STATE + "software_update.scheduled_in_sec": 7200}),
    "set_vehicle_name": Entry({"vehicle_name": "Dörte"}, {STATE + "vehicle_name": "Dörte"}),

    "navigation_gps_request": Entry({**HOME, "order": 1},
                                    {"car.drive_state.active_route_destination": "52.520000,13.400000"}),
    "navigation_request": Entry({"destination": "Büro"}, {"car.drive_state.active_route_destination": "Büro"}),
    "navigation_sc_request": Entry({"id": 12, "order": 1},
                                   {"car.drive_state.active_route_destination": "Supercharger 12"}),
    "navigation_waypoints_request": Entry({"waypoints": "refId:a"},
                                          {"car.drive_state.active_route_destination": "refId:a"}),
    "remote_auto_steering_wheel_heat_climate_request": Entry({"on": True}, {CLIMATE + "auto_steering_wheel_heat": True}),
    "remote_boombox": Entry({"sound": 0}, {"counts.boombox_sounds": 1}),
    "remote_steering_wheel_heat_level_request": Entry({"level": 3}, {CLIMATE + "steering_wheel_heat_level": 2}),
    "take_drivenote": Entry({"note": "rattles"}, {"counts.drive_notes": 1}),
    "upcoming_calendar_entries": Entry({"calendar_data": "[]"}, {"counts.calendar_bytes": 2}),
}

ROWS = {row["name"]: row for row in json.loads(run("commands", "--json").stdout)["commands"]}
SIGNED = [name for name, row in ROWS.items() if row["route"] == "sign" or row.get("experimental")]
EXPERIMENTAL = [name for name, row in ROWS.items() if row.get("experimental")]
FORWARDED = [name for name, row in ROWS.items() if row["route"] == "forward"]


def look_up(report, place):
    for step in place.split("."):
        if isinstance(report, list) and int(step) >= len(report):
            return None
        report = report[int(step)] if isinstance(report, list) else report[step]
    return report


class Catalogue(SharedCase):
    vehicles = len(ROWS) + 20
    config = f"experimental_commands: [{', '.join(EXPERIMENTAL)}]\n"

    def car(self, name):
        return vin(1 + list(ROWS).index(name))

    def assert_refused(self, reply, reason):
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.json["response"], {"result": False, "reason": reason})
        self.assertEqual(reply.json["executed"], "no")

    def test_every_row_that_is_signed_has_an_entry_here(self):
        self.assertEqual(sorted(ENTRIES), sorted(SIGNED))
        self.assertEqual([name for name, entry in ENTRIES.items() if not entry.shows and not entry.then_refused], ["ping"])

    def test_every_command_does_what_it_says(self):
        for name, entry in ENTRIES.items():
            with self.subTest(name):
                self.check(name, entry)

    def check(self, name, entry):
        car = self.car(name)
        if entry.unplugged:
            self.simulator.unplug(car)
        for preparation, body in entry.before:
            self.assert_accepted(self.daemon.command(preparation, body, car))
        before = self.simulator.vehicle(car)
        reply = self.daemon.command(name, entry.body, car)
        after = self.simulator.vehicle(car)
        self.assert_accepted(reply)
        self.assertEqual(after["executed_total"], before["executed_total"] + 1)
        self.assertEqual(after["executed"][-1]["name"], name)
        self.assertEqual(after["executed"][-1]["domain"], ROWS[name]["domain"])
        for place, value in entry.shows.items():
            self.assertEqual(look_up(after, place), value, place)
            self.assertNotEqual(look_up(before, place), value, place)
        if entry.then_refused:
            other, body, reason = entry.then_refused
            self.assert_refused(self.daemon.command(other, body, car), reason)

    def test_the_example_of_every_command_is_understood_by_the_vehicle(self):
        for name in SIGNED:
            with self.subTest(name):
                reply = self.daemon.command(name, ROWS[name]["example"], vin(len(ROWS) + 1))
                self.assertEqual(reply.status, 200, reply.body)
                self.assertIn("result", reply.json["response"])

    def test_a_refusal_is_the_vehicles_own_word(self):
        car = vin(len(ROWS) + 2)
        self.assert_accepted(self.daemon.command("set_valet_mode", PASSWORD, car))
        self.assert_accepted(self.daemon.command("set_valet_mode", {"on": False}, car))
        for name, body, reason in (
                ("set_charge_limit", {"percent": 90}, "already_set"), ("charge_stop", {}, "not_charging"),
                ("charge_standard", {}, "already_standard"), ("charge_port_door_close", {}, "cable connected"),
                ("set_valet_mode", {"on": True, "password": "4321"}, "incorrect_pin"),
                ("speed_limit_set_limit", {"limit_mph": 10}, "out_of_range"),
                ("speed_limit_deactivate", PIN, "already off"), ("cancel_software_update", {}, "not_scheduled"),
                ("remote_seat_heater_request", {"seat_position": 0, "level": 1},
                 "cabin comfort remote settings not enabled"),
                ("erase_user_data", {}, "not_in_guest_mode"), ("remove_charge_schedule", {"id": 5}, "not_found"),
                ("remote_boombox", {"sound": 2000}, "RemoteBoombox locate ping only allowed in robotaxi mode")):
            with self.subTest(name):
                self.assert_refused(self.daemon.command(name, body, car), reason)
        self.assert_accepted(self.daemon.command("charge_start", {}, car))
        self.assert_refused(self.daemon.command("charge_start", {}, car), "is_charging")
        self.assert_refused(self.daemon.command("charge_port_door_open", {}, car), "is_charging")
        full = vin(len(ROWS) + 3)
        self.assert_accepted(self.daemon.command("set_charge_limit", {"percent": 60}, full))
        self.assert_refused(self.daemon.command("charge_start", {}, full), "complete")

    def test_valet_mode_that_is_off_already_is_a_success(self):
        self.assert_accepted(self.daemon.command("set_valet_mode", {"on": False}, vin(len(ROWS) + 4)))

    def test_wake_up_wakes(self):
        car = self.car("wake_up")
        self.simulator.order(car, "asleep")
        self.assert_accepted(self.daemon.command("wake_up", car=car))
        self.assertEqual(self.simulator.vehicle(car)["state"], "online")

    def test_what_is_not_signed_arrives_with_its_body_byte_for_byte(self):
        arrived = []

        def serve(connection, _):
            while request := upstream.read_request(connection):
                arrived.append(request.partition(b"\r\n\r\n")[2])
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        upstream = ScriptedUpstream(serve)
        self.addCleanup(upstream.close)
        plain = self.start(Daemon(self.folder, upstream.url))
        odd = b' {"lat": 52.520, "order":1e0, "value": {"a": [null]}, "lat": "twice"}\n\xff\x00'
        bodies = {name: odd for name in [*FORWARDED, "no_such_command"]} | {"sun_roof_control": b'{"state":  "stop" }'}
        for name, body in bodies.items():
            with self.subTest(name):
                self.assertEqual(plain.command(name, body=body).body, b"{}")
                self.assertEqual(arrived[-1], body)
                self.assertEqual(upstream.requests[-1], f"POST /api/1/vehicles/{vin()}/command/{name} HTTP/1.1")
        self.assertEqual(len(arrived), len(bodies))

    def test_an_experimental_command_that_is_not_listed_is_not_signed(self):
        plain = self.start(Daemon(self.folder, self.simulator.url))
        for name in EXPERIMENTAL:
            with self.subTest(name):
                car = vin(len(ROWS) + 6)
                reply = plain.command(name, ROWS[name]["example"], car, {"Content-Type": "application/json"})
                self.assertEqual(reply.status, 200, reply.body)
                self.assertEqual(self.simulator.vehicle(car)["unsigned"][-1]["name"], name)
        self.assertEqual(self.simulator.executed(car), 0)

    def test_a_trunk_that_is_not_named_rightly_opens_nothing_and_nothing_is_sent(self):
        car = vin(len(ROWS) + 7)
        for wrong in (1, 0, True, None, "", "Front", ["rear"], {"rear": 1}):
            with self.subTest(wrong):
                self.assert_failure(self.daemon.command("actuate_trunk", {"which_trunk": wrong}, car), 400, "bad_parameter")
        self.assertEqual(self.simulator.requests()["endpoints"]["signed_command"]["vehicles"].get(car, 0), 0)

    def test_all_that_lists_the_commands_says_the_same(self):
        listed = self.daemon.get("/fleetsign/v1/commands")
        self.assertEqual(listed.headers["Content-Type"], "application/json")
        self.assertEqual(listed.json["commands"], list(ROWS.values()))
        document = self.daemon.get("/openapi.json").json
        operations = {path.rsplit("/", 1)[1] for path in document["paths"] if "/command/" in path}
        self.assertEqual(operations, set(ROWS))
        table = run("commands").stdout
        for name in ROWS:
            self.assertIn(f"\n  {name} ", table)

    def test_documents_need_a_credential(self):
        for target in ("/fleetsign/v1/commands", "/openapi.json"):
            self.assert_failure(self.daemon.request("GET", target), 401, "not_authenticated")
            self.assertEqual(self.daemon.request("HEAD", target, headers={"Authorization": f"Bearer {TOKEN}"}).body, b"")


class ExperimentalNames(Case):
    def test_a_name_that_is_no_experimental_command_ends_the_start_with_78_and_a_suggestion(self):
        for name, hint in (("remote_bombox", "did you mean remote_boombox?"), ("door_lock", "`fleetsign commands`")):
            with self.subTest(name):
                for arguments in (("serve", "--key-file", self.folder / "private.pem"), ("config", "check")):
                    ended = run(*arguments, "--experimental-commands", name)
                    self.assertEqual(ended.returncode, 78, ended)
                    self.assertIn(f"experimental_commands: {name} is not an experimental command", ended.stderr)
                    self.assertIn(hint, ended.stderr)


if __name__ == "__main__":
    unittest.main()
