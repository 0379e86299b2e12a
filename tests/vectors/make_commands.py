#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes commands.json: bodies of commands and the bytes that a vehicle must get for them.

Every message is put together here by hand, from the field numbers of wire.tsv and protobuf's wire format alone. Nothing
of the daemon and no protobuf library takes part, so that the two can be compared.

usage: make_commands.py > commands.json
"""

import json
import struct

NOW = 1750000000  # "unix_now" of the test
VOID = b""


def varint(number):
    out = bytearray()
    number &= (1 << 64) - 1
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def key(number, wire_type):
    return varint(number << 3 | wire_type)


def integer(number, value):
    """int32, uint64, bool, enum."""
    return key(number, 0) + varint(value)


def signed(number, value):
    """sint32."""
    return integer(number, (value << 1) ^ (value >> 31))


def nested(number, *fields):
    content = b"".join(fields)
    return key(number, 2) + varint(len(content)) + content


def text(number, value):
    return nested(number, value.encode())


def float32(number, value):
    return key(number, 5) + struct.pack("<f", value)


def float64(number, value):
    return key(number, 1) + struct.pack("<d", value)


VECTORS = []


def security(command, body, *fields, repeat="safe"):
    """UnsignedMessage."""
    add(command, body, "vehicle_security", b"".join(fields), repeat)


def car(command, body, number, *fields, repeat="safe", refusal="is_final"):
    """Action{vehicleAction = 2: {number: {fields}}}."""
    add(command, body, "infotainment", nested(2, nested(number, *fields)), repeat, refusal)


def experimental(command, body, number, *fields, repeat="once"):
    """The same, but only for who asks for it: the field numbers are those that others have found out."""
    car(command, body, number, *fields, repeat=repeat)
    VECTORS[-1]["experimental"] = True


def forward(command, body):
    VECTORS.append({"command": command, "body": body, "forward": True})


def add(command, body, domain, payload, repeat, refusal="is_final"):
    VECTORS.append({"command": command, "body": body, "domain": domain, "repeat": repeat, "refusal": refusal,
                    "payload": payload.hex()})


# security: RKEAction is field 2 of UnsignedMessage
security("auto_secure_vehicle", "", integer(2, 29))
security("door_lock", "", integer(2, 1))
security("door_lock", "true", integer(2, 1))
security("door_lock", "{}", integer(2, 1))
security("door_lock", '{"speed": 3}', integer(2, 1))
security("door_unlock", "false", integer(2, 0))
security("remote_start_drive", "", integer(2, 20))
car("clear_pin_to_drive_admin", "", 89)
car("erase_user_data", "", 72)
car("guest_mode", '{"enable": true}', 65, integer(1, 1))
car("guest_mode", '{"enable": false}', 65)
car("reset_pin_to_drive_pin", "", 78)
car("reset_valet_pin", "", 28)
car("set_pin_to_drive", '{"on": true, "password": "1234"}', 77, integer(1, 1), text(2, "1234"))
car("set_pin_to_drive", '{"on": false}', 77)
car("set_pin_to_drive", '{"on": 0, "password": ""}', 77)
car("set_sentry_mode", '{"on": "true"}', 30, integer(1, 1))
car("set_sentry_mode", '{"on": "False"}', 30)
car("set_valet_mode", '{"on": true, "password": "0042"}', 31, integer(1, 1), text(2, "0042"))
car("set_valet_mode", '{"on": false, "password": "0042"}', 31, refusal="already_off_is_success")
car("set_valet_mode", '{"on": false}', 31, refusal="already_off_is_success")
car("set_valet_mode", '{"on": false, "password": ""}', 31, refusal="already_off_is_success")

# closures: closureMoveRequest is field 4 of UnsignedMessage
security("actuate_trunk", '{"which_trunk": "front"}', nested(4, integer(6, 1)), repeat="once")
security("actuate_trunk", '{"which_trunk": "rear"}', nested(4, integer(5, 1)), repeat="once")
security("close_trunk", "", nested(4, integer(5, 4)))
security("open_tonneau", "", nested(4, integer(8, 3)))
security("close_tonneau", "", nested(4, integer(8, 4)))
security("stop_tonneau", "", nested(4, integer(8, 2)))
car("flash_lights", "", 26, repeat="once")
car("honk_horn", "", 27, repeat="once")
car("sun_roof_control", '{"state": "vent"}', 32, nested(3, VOID))
car("sun_roof_control", '{"state": "close"}', 32, nested(4, VOID))
forward("sun_roof_control", '{"state": "stop"}')
car("sun_roof_control", '{"level": 0}', 32, integer(1, 0))
car("sun_roof_control", '{"level": "55"}', 32, integer(1, 55))
car("trigger_homelink", '{"lat": 52.5, "lon": -13.25}', 33, nested(1, float32(1, 52.5), float32(2, -13.25)),
    repeat="once")
car("trigger_homelink", '{"lat": "52.5", "long": -13.25, "token": "t"}', 33,
    nested(1, float32(1, 52.5), float32(2, -13.25)), text(2, "t"), repeat="once")
car("window_control", '{"command": "vent"}', 34, nested(3, VOID))
car("window_control", '{"command": "close", "lat": 0, "lon": null}', 34, nested(4, VOID))

# charging
car("charge_max_range", "", 6, nested(4, VOID))
car("charge_port_door_close", "", 61)
car("charge_port_door_open", "", 62)
car("charge_standard", "", 6, nested(3, VOID))
car("charge_start", "null", 6, nested(2, VOID))
car("charge_stop", " \n", 6, nested(5, VOID))
car("set_charge_limit", '{"percent": 80}', 5, integer(1, 80))
car("set_charge_limit", '{"percent": "80"}', 5, integer(1, 80))
car("set_charge_limit", '{"percent": 80.0}', 5, integer(1, 80))
car("set_charge_limit", '{"percent": "8e1"}', 5, integer(1, 80))
car("set_charge_limit", '{"soc_limit": 50}', 5, integer(1, 50))
car("set_charge_limit", '{"soc_limit": 50, "percent": 50}', 5, integer(1, 50))
car("set_charge_limit", '{"percent": 0}', 5)
car("set_charge_limit", '{"percent": 100}', 5, integer(1, 100))
car("set_charging_amps", '{"charging_amps": "16"}', 43, integer(1, 16))
car("set_charging_amps", '{"charging_amps": 2147483647}', 43, integer(1, 2147483647))

# schedules
car("set_scheduled_charging", '{"enable": true, "time": 450}', 41, integer(1, 1), integer(2, 450))
car("set_scheduled_charging", '{"enable": false}', 41)
DEPARTURE = '{"enable": true, "departure_time": 480, "end_off_peak_time": 360'
TIMES = integer(1, 1) + integer(2, 480)
END = integer(5, 360)
car("set_scheduled_departure", DEPARTURE + "}", 42, TIMES, END)
car("set_scheduled_departure", DEPARTURE + ', "preconditioning_enabled": true, "off_peak_charging_enabled": true}', 42,
    TIMES, nested(3, nested(1, VOID)), nested(4, nested(1, VOID)), END)
car("set_scheduled_departure",
    DEPARTURE + ', "preconditioning_weekdays_only": true, "off_peak_charging_enabled": true, '
    '"off_peak_charging_weekdays_only": true}', 42, TIMES, nested(3, nested(2, VOID)), nested(4, nested(2, VOID)), END)
car("set_scheduled_departure", '{"enable": true, "departure_time": 1440}', 42, integer(1, 1), integer(2, 1440))
car("set_scheduled_departure", '{"enable": false, "departure_time": 9999, "preconditioning_enabled": true}', 42)
CHARGE = ('{"lat": 52.5, "lon": 13.25, "days_of_week": "mon, Friday", "start_enabled": true, "end_enabled": false, '
          '"enabled": true, "start_time": 90')
car("add_charge_schedule", CHARGE + "}", 97, integer(1, NOW), integer(3, 2 | 32), integer(4, 1), integer(5, 90),
    integer(9, 1), float32(10, 52.5), float32(11, 13.25), repeat="once")
car("add_charge_schedule", CHARGE + ', "id": 0}', 97, integer(1, NOW), integer(3, 2 | 32), integer(4, 1),
    integer(5, 90), integer(9, 1), float32(10, 52.5), float32(11, 13.25), repeat="once")
car("add_charge_schedule",
    '{"lat": 52.5, "lon": 13.25, "days_of_week": "WEEKDAYS", "start_enabled": false, "end_enabled": true, '
    '"enabled": false, "end_time": 1440, "id": 18446744073709551615, "one_time": true, "name": "Büro"}', 97,
    integer(1, 18446744073709551615), text(2, "Büro"), integer(3, 62), integer(6, 1), integer(7, 1440), integer(8, 1),
    float32(10, 52.5), float32(11, 13.25))
PRECONDITION = '{"lat": 0, "lon": -180, "days_of_week": "ALL", "precondition_time": 420, "enabled": true'
car("add_precondition_schedule", PRECONDITION + "}", 99, integer(1, NOW), integer(3, 127), integer(4, 420),
    integer(6, 1), float32(8, -180), repeat="once")
car("add_precondition_schedule", PRECONDITION + ', "id": 7, "one_time": 1, "name": "n"}', 99, integer(1, 7),
    text(2, "n"), integer(3, 127), integer(4, 420), integer(5, 1), integer(6, 1), float32(8, -180))
for names, mask in [("SUN", 1), ("SUNDAY", 1), ("MONDAY", 2), ("TUE", 4), ("TUES", 4), ("TUESDAY", 4), ("WED", 8),
                    ("WEDNESDAY", 8), ("THU", 16), ("THURS", 16), ("THURSDAY", 16), ("FRI", 32), ("SAT", 64),
                    ("SATURDAY", 64), ("SUN,SAT,sun", 65), ("All", 127), (" weekdays , SAT ", 126)]:
    car("add_precondition_schedule", PRECONDITION.replace("ALL", names) + ', "id": 7}', 99, integer(1, 7),
        integer(3, mask), integer(4, 420), integer(6, 1), float32(8, -180))
car("remove_charge_schedule", '{"id": 1750000000}', 98, integer(1, 1750000000))
car("remove_precondition_schedule", '{"id": "12345678901"}', 100, integer(1, 12345678901))
car("batch_remove_charge_schedules", '{"home": true}', 108, integer(1, 1))
car("batch_remove_charge_schedules", '{"work": true, "other": 1, "home": false}', 108, integer(2, 1), integer(3, 1))
car("batch_remove_precondition_schedules", '{"other": true}', 107, integer(3, 1))

# climate
car("auto_conditioning_start", "", 10, integer(1, 1))
car("auto_conditioning_stop", "", 10)
HOT = nested(5, nested(3, VOID))
car("set_temps", '{"driver_temp": 21, "passenger_temp": 22.5}', 14, HOT, float32(6, 21), float32(7, 22.5))
car("set_temps", '{"driver_temp": "21.5"}', 14, HOT, float32(6, 21.5), float32(7, 21.5))
car("set_temps", '{"passenger_temp": 19}', 14, HOT, float32(6, 19), float32(7, 19))
car("set_preconditioning_max", '{"on": true, "manual_override": true}', 12, integer(1, 1), integer(2, 1))
car("set_preconditioning_max", '{"on": 2}', 12, integer(1, 1))
car("set_preconditioning_max", '{"on": false}', 12)
car("set_bioweapon_mode", '{"on": true, "manual_override": false}', 35, integer(1, 1))
car("set_bioweapon_mode", '{"on": false, "manual_override": true}', 35, integer(2, 1))
car("set_cabin_overheat_protection", '{"on": true}', 50, integer(1, 1))
car("set_cabin_overheat_protection", '{"on": true, "fan_only": true}', 50, integer(1, 1), integer(2, 1))
for spelling, value in [("0", 1), ("1", 2), ("2", 3), ('"low"', 1), ('"Medium"', 2), ('"HIGH"', 3), ("30", 1),
                        ("35", 2), ("40", 3), ('"35"', 2), ('"40C"', 3), ("30.0", 1), ('"2"', 3)]:
    car("set_cop_temp", '{"cop_temp": %s}' % spelling, 66, integer(1, value))
for spelling, fields in [("0", VOID), ("1", integer(1, 1)), ("2", integer(1, 2)), ("3", integer(1, 3)), ('"off"', VOID),
                         ('"keep"', integer(1, 1)), ('"dog"', integer(1, 2)), ('"camp"', integer(1, 3))]:
    car("set_climate_keeper_mode", '{"climate_keeper_mode": %s}' % spelling, 44, fields)
car("set_climate_keeper_mode", '{"climate_keeper_mode": 2, "manual_override": true}', 44, integer(1, 2), integer(2, 1))
SEATS = ["front_left", "front_right", "rear_left", "rear_left_back", "rear_center", "rear_right", "rear_right_back",
         "third_row_left", "third_row_right"]
LEVELS = ["off", "low", "medium", "high"]
for seat, seat_name in enumerate(SEATS):
    for level, level_name in enumerate(LEVELS):
        heating = nested(1, nested(2 + level, VOID), nested(7 + seat, VOID))
        car("remote_seat_heater_request", '{"seat_position": %d, "level": %d}' % (seat, level), 36, heating)
        car("remote_seat_heater_request", '{"heater": "%s", "level": "%s"}' % (seat_name, level_name), 36, heating)
for seat, seat_name in [(1, "front_left"), (2, "front_right")]:
    for level, level_name in enumerate(LEVELS):
        cooling = nested(1, integer(1, level + 1), integer(2, seat))
        car("remote_seat_cooler_request", '{"seat_position": %d, "seat_cooler_level": %d}' % (seat, level), 49, cooling)
        car("remote_seat_cooler_request",
            '{"seat_position": "%s", "seat_cooler_level": "%s"}' % (seat_name, level_name), 49, cooling)
    car("remote_auto_seat_climate_request", '{"auto_seat_position": %d, "auto_climate_on": true}' % seat, 48,
        nested(1, integer(1, 1), integer(2, seat)))
car("remote_auto_seat_climate_request", '{"auto_seat_position": "front_left", "auto_climate_on": false}', 48,
    nested(1, integer(2, 1)))
car("remote_steering_wheel_heater_request", '{"on": true}', 13, integer(1, 1))
car("set_low_power_mode", '{"enable": true}', 130, integer(1, 1))
car("keep_accessory_power_mode", '{"enable": true}', 138, integer(1, 1))

# media
car("adjust_volume", '{"volume": 0}', 16, float32(3, 0))
car("adjust_volume", '{"volume": "10.5"}', 16, float32(3, 10.5))
car("adjust_volume", '{"volume": 11}', 16, float32(3, 11))
car("media_volume_up", "", 16, signed(1, 1), repeat="once")
car("media_volume_down", "", 16, signed(1, -1), repeat="once")
car("media_next_track", "", 19, repeat="once")
car("media_prev_track", "", 20, repeat="once")
car("media_next_fav", "", 17, repeat="once")
car("media_prev_fav", "", 18, repeat="once")
car("media_toggle_playback", "", 15, repeat="once")

# limits
car("speed_limit_activate", '{"pin": "1234"}', 9, integer(1, 1), text(2, "1234"))
car("speed_limit_deactivate", '{"pin": "1234"}', 9, text(2, "1234"))
car("speed_limit_clear_pin", '{"pin": "1234"}', 7, text(1, "1234"))
car("speed_limit_clear_pin_admin", "", 79)
car("speed_limit_set_limit", '{"limit_mph": 64.5}', 8, float64(1, 64.5))
car("speed_limit_set_limit", '{"limit_mph": "65.1"}', 8, float64(1, 65.1))
car("parental_controls_activate", '{"pin": "1234"}', 111, integer(1, 1), text(2, "1234"))
car("parental_controls_deactivate", '{"pin": "1234"}', 111, text(2, "1234"))
for number, setting in enumerate(["SpeedLimit", "Acceleration", "SafetyFeatures", "Curfew", "BrowserBlocked",
                                  "TheaterBlocked", "ArcadeBlocked"]):
    car("parental_controls_enable_setting", '{"setting": "%s", "enable": true}' % setting, 112,
        integer(1, number) if number else VOID, integer(2, 1))
car("parental_controls_set_speed_limit", '{"limit_mph": 50}', 113, float64(1, 50))
car("parental_controls_clear_pin", '{"pin": "1234"}', 109, text(1, "1234"))
car("parental_controls_clear_pin_admin", "", 110)

# vehicle
car("cancel_software_update", "", 25)
car("ping", "", 46, integer(1, 1))
car("schedule_software_update", '{"offset_sec": 7200}', 29, integer(1, 7200))
car("set_vehicle_name", '{"vehicle_name": "Dörte \\u2764"}', 54, text(1, "Dörte ❤"))

# experimental
PLACE = '{"lat": 52.52, "long": "-13.405", "order": '
for spelling, fields in [("0", VOID), ("1", integer(3, 1)), ('"prepend"', integer(3, 2)), ('"3"', integer(3, 3))]:
    experimental("navigation_gps_request", PLACE + spelling + "}", 53, float64(1, 52.52), float64(2, -13.405), fields)
experimental("navigation_request", '{"destination": "Büro"}', 21, text(1, "Büro"), integer(2, 1))
experimental("navigation_request", '{"destination": "Büro", "order": "append"}', 21, text(1, "Büro"), integer(2, 3))
experimental("navigation_sc_request", '{"id": "1234", "order": 1}', 22, integer(1, 1234), integer(2, 1))
experimental("navigation_waypoints_request", '{"waypoints": "refId:a,refId:b"}', 90, text(1, "refId:a,refId:b"))
experimental("remote_auto_steering_wheel_heat_climate_request", '{"on": true}', 70, integer(1, 1), repeat="safe")
experimental("remote_auto_steering_wheel_heat_climate_request", '{"on": false}', 70, repeat="safe")
experimental("remote_boombox", '{"sound": 0}', 64)
experimental("remote_boombox", '{"sound": 2000}', 64, integer(1, 2000))
for spelling, level in [("0", 1), ("1", 2), ("3", 3), ('"off"', 1), ('"low"', 2), ('"HIGH"', 3)]:
    experimental("remote_steering_wheel_heat_level_request", '{"level": %s}' % spelling, 71, integer(1, level),
                 repeat="safe")
experimental("take_drivenote", '{"note": "rattles"}', 58, text(1, "rattles"))
experimental("upcoming_calendar_entries", '{"calendar_data": "[]"}', 24, text(1, "[]"), repeat="safe")

# Fleet API's own endpoint
for name in ["navigation_request", "navigation_gps_request", "navigation_sc_request", "navigation_waypoints_request",
             "share", "remote_boombox", "upcoming_calendar_entries", "take_drivenote",
             "remote_auto_steering_wheel_heat_climate_request", "remote_steering_wheel_heat_level_request",
             "set_managed_charge_current_request", "set_managed_charger_location",
             "set_managed_scheduled_charging_time"]:
    forward(name, '{"any": ["thing"]}')

rows = ",\n".join("  " + json.dumps(vector, ensure_ascii=False) for vector in VECTORS)
print(f'{{\n "unix_now": {NOW},\n "vectors": [\n{rows}\n ]\n}}')
