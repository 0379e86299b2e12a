// SPDX-License-Identifier: Apache-2.0
#include "daemon/access/policy.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "protocol/catalogue/catalogue.h"
#include "protocol/catalogue/groups.h"

namespace fleetsign::access {
namespace {

using config::CallerEntry;
using protocol::Kind;

const std::string kVin = "5YJS0000000000001";
const std::string kOtherVin = "5YJS0000000000002";

std::string command_path(const std::string& name, const std::string& vehicle = kVin) {
  return "/api/1/vehicles/" + vehicle + "/command/" + name;
}

/// A policy for one caller, and what that one may do.
struct Rig {
  explicit Rig(CallerEntry entry, const std::vector<std::string>& confirm = {})
      : policy(std::vector<CallerEntry>{std::move(entry)}, confirm) {}

  [[nodiscard]] std::string answer(const std::string& method, const std::string& path, bool wakes = false,
                                   const std::string& confirmation = "") const {
    const auto failure = policy.may_do(0, {.method = method, .path = path, .wakes = wakes}, confirmation);
    return failure ? std::string(row_of(failure->kind).error_code) + ": " + failure->message : "ok";
  }
  [[nodiscard]] bool may(const std::string& method, const std::string& path, bool wakes = false) const {
    return answer(method, path, wakes) == "ok";
  }
  [[nodiscard]] bool may_command(const std::string& name, bool wakes = false) const {
    return may("POST", command_path(name), wakes);
  }
  [[nodiscard]] bool may_reach(const std::vector<std::string>& vehicles) const {
    return !policy.may_reach(0, vehicles);
  }

  Policy policy;
};

Rig allowing(std::vector<std::string> rules) {
  return Rig({.name = "charger", .allow = std::move(rules)});
}

}  // namespace

TEST_CASE("policy: without rules a caller may do everything, however it writes it") {
  const Rig rig({.name = "owner"});
  CHECK(rig.may_command("door_unlock", true));
  CHECK(rig.may("DELETE", "/api/1/%61ny//thing/"));
  CHECK(rig.may_reach({kVin, "123"}));
  CHECK_FALSE(Policy({}, {}).may_do({}, {.method = "POST", .path = "/api/1/any"}, ""));
}

TEST_CASE("policy: a command by its name, and no other") {
  const Rig rig = allowing({"honk_horn"});
  CHECK(rig.may_command("honk_horn"));
  CHECK(rig.answer("POST", command_path("door_unlock")) ==
        "not_allowed: this caller may not send the command door_unlock");
  CHECK(rig.answer("POST", command_path("secret_thing")) == "not_allowed: this caller may not send this command");
  CHECK(rig.answer("GET", "/api/1/users/me") == "not_allowed: this caller may not send this request");
}

TEST_CASE("policy: every group allows its commands, and no other") {
  for (const auto& group : catalogue::groups()) {
    const Rig rig = allowing({std::string(group.name)});
    for (const auto& command : catalogue::commands()) {
      CAPTURE(std::string(group.name));
      CAPTURE(std::string(command.name));
      const auto names = catalogue::groups_of(command);
      CHECK(rig.may_command(std::string(command.name)) == (std::ranges::find(names, group.name) != names.end()));
    }
  }
}

TEST_CASE("policy: an empty list allows nothing but the documentation") {
  const Rig rig = allowing({});
  CHECK_FALSE(rig.may_command("honk_horn"));
  CHECK_FALSE(rig.may("GET", "/fleetsign/v1/status"));
  CHECK(rig.may("GET", "/openapi.json"));
  CHECK(rig.may("HEAD", "/fleetsign/v1/commands"));
  CHECK_FALSE(rig.may("POST", "/openapi.json"));
}

TEST_CASE("policy: wake_up is the command and the request, and ?wake=true needs it, too") {
  for (const std::string rule : {"wake", "wake_up", "POST /api/1/vehicles/*/wake_up"}) {
    CAPTURE(rule);
    const Rig rig = allowing({rule, "charging"});
    CHECK(rig.may("POST", "/api/1/vehicles/" + kVin + "/wake_up"));
    CHECK(rig.may_command("charge_start", true));
  }
  const Rig charger = allowing({"charging"});
  CHECK_FALSE(charger.may("POST", "/api/1/vehicles/" + kVin + "/wake_up"));
  CHECK_FALSE(charger.may_command("wake_up"));
  CHECK(charger.may_command("charge_start"));
  CHECK(charger.answer("POST", command_path("charge_start"), true) ==
        "not_allowed: this caller may not wake a vehicle");
}

TEST_CASE("policy: reads and the daemon's status are groups") {
  const Rig reader = allowing({"read"});
  CHECK(reader.may("GET", "/api/1/vehicles/" + kVin + "/vehicle_data"));
  CHECK(reader.may("GET", "/api/1/vehicles"));
  CHECK_FALSE(reader.may("GET", "/api/1/vehicles/" + kVin + "/drivers"));
  CHECK_FALSE(reader.may("GET", "/metrics"));
  CHECK_FALSE(reader.may_command("honk_horn"));
  const Rig monitor = allowing({"status"});
  CHECK(monitor.may("GET", "/metrics"));
  CHECK(monitor.may("GET", "/fleetsign/v1/sessions"));
  CHECK_FALSE(monitor.may("DELETE", "/fleetsign/v1/vehicles/" + kVin + "/sessions"));
  CHECK_FALSE(monitor.may("GET", "/api/1/vehicles/" + kVin + "/vehicle_data"));
}

TEST_CASE("policy: a pattern has a method and a path") {
  const Rig rig = allowing({"GET /api/1/users/me", "POST /api/1/vehicles/*/invitations", "* /api/1/energy_sites/*"});
  CHECK(rig.may("GET", "/api/1/users/me"));
  CHECK(rig.may("HEAD", "/api/1/users/me"));
  CHECK_FALSE(rig.may("POST", "/api/1/users/me"));
  CHECK_FALSE(rig.may("GET", "/api/1/users/me/orders"));
  CHECK(rig.may("POST", "/api/1/vehicles/" + kVin + "/invitations"));
  CHECK_FALSE(rig.may("DELETE", "/api/1/vehicles/" + kVin + "/invitations"));
  CHECK(rig.may("DELETE", "/api/1/energy_sites/1/x/y"));
  CHECK_FALSE(rig.may("GET", "/api/1/energy_sites"));
  CHECK_FALSE(rig.may_command("honk_horn"));
}

TEST_CASE("policy: messages that are no command are for patterns only") {
  const std::string path = "/fleetsign/v1/vehicles/" + kVin + "/action";
  CHECK_FALSE(allowing({"charging", "sensitive", "read", "status", "wake"}).may("POST", path));
  CHECK(allowing({"POST /fleetsign/v1/vehicles/*/action"}).may("POST", path));
  CHECK(Rig({.name = "owner", .vehicles = {{kVin}}}).may("POST", path));
}

TEST_CASE("policy: a list of vehicles is for whatever names one") {
  const Rig rig({.name = "home", .vehicles = {{kVin}}});
  CHECK(rig.may_reach({kVin}));
  CHECK(rig.may_reach({}));
  CHECK_FALSE(rig.may_reach({kOtherVin}));
  CHECK_FALSE(rig.may_reach({kVin, kOtherVin}));
  CHECK_FALSE(rig.may_reach({"123"}));
  CHECK(rig.may_command("door_unlock", true));
  CHECK(rig.may("POST", "/api/1/vehicles/fleet_telemetry_config"));
  const std::string why = "not_allowed: this caller may only send what is for one of its vehicles";
  for (const char* const path : {"/api/1/vehicles", "/api/1/users/me", "/metrics", "/fleetsign/v1/sessions",
                                 "/api/1/vehicles/fleet_status", "/api/1/dx/enterprise/v1/5YJS0000000000001/roles"}) {
    CAPTURE(path);
    CHECK(rig.answer("GET", path) == why);
  }
  CHECK(rig.answer("POST", "/api/1/vehicles/fleet_telemetry_config_jws") == why);
}

TEST_CASE("policy: beside a list of vehicles, a pattern is needed for what names none, and a group does not do") {
  const Rig rig({.name = "home", .vehicles = {{kVin}}, .allow = {{"read", "status", "GET /api/1/users/me"}}});
  CHECK(rig.may("GET", "/api/1/users/me"));
  CHECK(rig.may("GET", "/api/1/vehicles/" + kVin));
  CHECK_FALSE(rig.may("GET", "/api/1/vehicles"));
  CHECK_FALSE(rig.may("GET", "/metrics"));
  CHECK_FALSE(rig.may_command("honk_horn"));
}

TEST_CASE("policy: who may do it is told, and what the rules are is not") {
  const auto failure =
      allowing({"charging"}).policy.may_do(0, {.method = "POST", .path = command_path("honk_horn")}, "");
  REQUIRE(failure);
  CHECK(failure->kind == Kind::not_allowed);
  CHECK(failure->hint == "the entry `charger` of `callers` in the configuration says what this caller may do");
  const Rig rig({.name = "home", .vehicles = {{kVin}}});
  const auto foreign = rig.policy.may_reach(0, std::vector<std::string>{kOtherVin});
  REQUIRE(foreign);
  CHECK(foreign->message == "this caller may not reach this vehicle");
  CHECK((foreign->message + foreign->hint).find(kVin) == std::string::npos);
}

TEST_CASE("policy: the entry \"*\" is for whoever has none, and each entry for its own") {
  const std::vector<CallerEntry> callers = {{.name = "a", .allow = {{"honk_horn"}}},
                                            {.name = "*", .allow = {{"flash_lights"}}},
                                            {.name = "b", .allow = {{"charge_stop"}}}};
  const Policy policy(callers, {});
  const auto may = [&](std::optional<std::size_t> entry, const std::string& name) {
    return !policy.may_do(entry, {.method = "POST", .path = command_path(name)}, "");
  };
  CHECK(may({}, "flash_lights"));
  CHECK_FALSE(may({}, "honk_horn"));
  CHECK(may(0, "honk_horn"));
  CHECK_FALSE(may(0, "flash_lights"));
  CHECK(may(2, "charge_stop"));
}

TEST_CASE("confirmation: a command that needs one is refused without its own name") {
  const Rig rig({.name = "owner", .confirm = {"honk_horn"}}, {"unlock"});
  for (const std::string name : {"door_unlock", "actuate_trunk", "honk_horn"}) {
    CAPTURE(name);
    const auto path = command_path(name);
    const std::string refused = "confirmation_required: the command " + name + " needs to be confirmed";
    CHECK(rig.answer("POST", path) == refused);
    CHECK(rig.answer("POST", path, false, "true") == refused);
    CHECK(rig.answer("POST", path, false, "flash_lights") == refused);
    CHECK(rig.answer("POST", path, false, name) == "ok");
  }
  CHECK(rig.may_command("flash_lights"));
  const auto failure = rig.policy.may_do(0, {.method = "POST", .path = command_path("honk_horn")}, "");
  CHECK(failure->hint == "repeat it with the header `X-Confirm: honk_horn`");
}

TEST_CASE("confirmation: it is asked of callers without an entry, and of any form of the command") {
  const std::vector<std::string> confirm = {"sensitive", "wake"};
  const Policy policy({}, confirm);
  const auto kind = [&](const std::string& method, const std::string& path) {
    const auto failure = policy.may_do({}, {.method = method, .path = path}, "");
    return failure ? std::string(row_of(failure->kind).error_code) : "ok";
  };
  CHECK(kind("POST", command_path("door_unlock")) == "confirmation_required");
  CHECK(kind("POST", command_path("Door_Unlock")) == "confirmation_required");
  CHECK(kind("POST", command_path("door_unlock", "123")) == "confirmation_required");
  CHECK(kind("POST", "/api/1/vehicles/" + kVin + "/wake_up") == "confirmation_required");
  CHECK(kind("POST", "/fleetsign/v1/vehicles/" + kVin + "/action") == "confirmation_required");
  CHECK(kind("POST", command_path("door_unlock.json")) == "confirmation_required");
  CHECK(kind("POST", command_path("door%5Funlock")) == "not_allowed");
  CHECK(kind("POST", command_path("door_unlock") + "/") == "not_allowed");
  CHECK(kind("POST", command_path("honk_horn")) == "ok");
  CHECK(kind("GET", "/api/1/users/me") == "ok");
}

TEST_CASE("confirmation: where waking needs one, a command does not wake beside, confirmed or not") {
  for (const std::string confirm : {"wake", "wake_up"}) {
    const Rig rig({.name = "owner"}, {confirm, "door_unlock"});
    for (const std::string name : {"honk_horn", "door_unlock"}) {
      for (const std::string& confirmation : {std::string(), name, std::string("wake_up")}) {
        CAPTURE(name);
        CHECK(rig.answer("POST", command_path(name), true, confirmation) ==
              "confirmation_required: waking a vehicle needs to be confirmed by itself");
      }
    }
    CHECK(rig.may_command("honk_horn"));
    CHECK(rig.answer("POST", "/api/1/vehicles/" + kVin + "/wake_up", false, "wake_up") == "ok");
    CHECK(rig.answer("POST", command_path("wake_up"), true, "wake_up") == "ok");
  }
  CHECK(Rig({.name = "owner"}, {"door_unlock"}).answer("POST", command_path("door_unlock"), true, "door_unlock") ==
        "ok");
}

TEST_CASE("confirmation: whatever lets somebody in is sensitive") {
  const Rig rig({.name = "owner"}, {"sensitive"});
  for (const std::string name : {"door_unlock", "trigger_homelink", "actuate_trunk", "window_control",
                                 "sun_roof_control", "open_tonneau", "remote_start_drive"}) {
    CAPTURE(name);
    CHECK(rig.answer("POST", command_path(name)).starts_with("confirmation_required"));
  }
  CHECK(rig.may_command("honk_horn"));
}

TEST_CASE("confirmation: what is not allowed cannot be confirmed") {
  const Rig rig({.name = "charger", .allow = {{"charging"}}}, {"door_unlock"});
  CHECK(rig.answer("POST", command_path("door_unlock"), false, "door_unlock") ==
        "not_allowed: this caller may not send the command door_unlock");
}

TEST_CASE("policy: whatever the spelling, who may only charge gets to nothing else") {
  const Rig rig = allowing({"charging"});
  const std::vector<std::string> parts = {"/",
                                          "//",
                                          "/./",
                                          "/../",
                                          "%2F",
                                          "%2e%2e",
                                          ";",
                                          "\\",
                                          ".json",
                                          "api",
                                          "1",
                                          "2",
                                          "vehicles",
                                          "command",
                                          "fleetsign",
                                          "v1",
                                          "action",
                                          "wake_up",
                                          "metrics",
                                          "honk_horn",
                                          "%68onk_horn",
                                          "door_unlock",
                                          "charge_start",
                                          "Charge_Start",
                                          "%20",
                                          "?",
                                          "*",
                                          "123",
                                          "signed_command",
                                          "fleet_telemetry_config",
                                          "5YJS0000000000001",
                                          "5yjs0000000000001",
                                          "\xC3\xA9",
                                          "~"};
  const std::vector<std::string> starts = {"", "/api/1/vehicles/" + kVin, "/api/1/vehicles/" + kVin + "/command",
                                           "/api/1/vehicles/" + kVin + "/command/charge_start",
                                           "/fleetsign/v1/vehicles/" + kVin};
  const std::vector<std::string> methods = {"POST", "PUT", "PATCH", "DELETE", "GET", "HEAD", "OPTIONS"};
  std::mt19937 random(8);
  const auto any = [&](const std::vector<std::string>& of) { return of[random() % of.size()]; };
  std::size_t allowed = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string method = any(methods);
    std::string path = any(starts);
    for (auto n = random() % 7; n > 0; --n) path += (random() % 2 == 0 ? "/" : "") + any(parts);
    if (!rig.may(method, path)) continue;
    ++allowed;
    CAPTURE(method);
    CAPTURE(path);
    CHECK(method == "POST");
    CHECK(path.ends_with("/command/charge_start"));
    CHECK(path.starts_with("/api/1/vehicles/"));
    CHECK(std::count(path.begin(), path.end(), '/') == 6);
  }
  CHECK(allowed > 100);
}

TEST_CASE("policy: names that nothing has are told with what was meant") {
  const std::vector<CallerEntry> callers = {
      {.name = "a", .allow = {{"chargin", "read", "GET /x", "charge_start", "xxxxxxxx"}}, .where = "f:3"},
      {.name = "b", .confirm = {"door_unlok", "read"}, .where = "f:4"}};
  const auto problems = unknown_names(callers, std::vector<std::string>{"unlock", "sensitiv"}, "f:1");
  std::vector<std::string> lines;
  for (const auto& problem : problems) lines.push_back(problem.where + " " + problem.message + " | " + problem.hint);
  const std::string none = " is no command, and no group of commands | ";
  CHECK(lines == std::vector<std::string>{"f:1 confirm: sensitiv" + none + "did you mean sensitive?",
                                          "f:4 callers.confirm: door_unlok" + none + "did you mean door_unlock?",
                                          "f:4 callers.confirm: read" + none + "`fleetsign commands` lists both",
                                          "f:3 callers.allow: chargin" + none + "did you mean charging?",
                                          "f:3 callers.allow: xxxxxxxx" + none + "`fleetsign commands` lists both"});
}

}  // namespace fleetsign::access
