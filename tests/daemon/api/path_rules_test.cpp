// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/path_rules.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "daemon/http/path.h"

namespace fleetsign::api {
namespace {

std::optional<protocol::Failure> refusal_of(const std::string& as_written) {
  return refuse_path(http::canonical_path(as_written));
}

/// Each of them is refused, with these words in the hint.
void check_refused(const std::vector<std::string>& paths, const std::string& hint) {
  for (const auto& path : paths) {
    CAPTURE(path);
    const auto refusal = refusal_of(path);
    REQUIRE(refusal);
    CHECK(refusal->kind == protocol::Kind::bad_request);
    CHECK(refusal->hint.find(hint) != std::string::npos);
  }
}

TEST_CASE("path_rules: a path that means the same to everyone may be passed on") {
  for (const std::string path :
       {"/", "/api/1/vehicles", "/api/1/vehicles/", "/a.b/..c/d../...", "/a%20b/%25", "/a;b=c", "/%2e%2e%2e",
        "/a:b@c!$&'()*+,=-_~", "/{}|^[]`\"<>", "/api/1/vehicles/5YJS0000000000001/vehicle%5fdata/",
        "/api/1/vehicles/5YJS0000000000001/%63ommand/honk_horn//", "/api/1/vehicles/7/invitations/a%20b/revoke",
        "/api/1/vehicles/fleet_telemetry_config", "/api/1/energy_sites/7/Command", "/api/1/users/me"}) {
    CAPTURE(path);
    CHECK_FALSE(refusal_of(path));
  }
}

TEST_CASE("path_rules: a slash inside a segment is refused: whoever decodes it sees one segment more than we do") {
  check_refused({"/api/1/..%2fx", "/api/1/%2e%2e%2F%2e%2e%2Fx", "/api/1/a%2Fb", "/api/1/vehicles/7%2fwake_up",
                 "/api/1/vehicles/7/command%2Fhonk_horn", "/api/1/..%5cx", "/api/1/%5C", "/api/1/a\\..\\b"},
                "write / between segments");
}

TEST_CASE("path_rules: characters that no path has are refused") {
  check_refused({"", "a", "*", "http://evil.com/api/1/x", "/api/1/a#b", "/api/1/a?b", "/api/1/a b", "/api/1/a\tb",
                 "/api/1/a\r\nb", "/api/1/\x7F", "/api/1/\xC3\xA9", std::string("/api/1/a\0b", 10), "/api/1/a%00b",
                 "/api/1/a%0d%0ab", "/api/1/%1f", "/api/1/%7f"},
                "control characters");
}

TEST_CASE("path_rules: what climbs is refused, however it is written") {
  check_refused({"/.", "/..", "/../x", "/api/1/..", "/api/1/./x", "/api/1/%2e%2e/x", "/api/1/%2E%2e/x", "/api/1/.%2e/x",
                 "/api/1/%2e./x", "/api/1/%2E", "/api/1/%2e%2e//", "/api/1/..;/x"},
                "without them");
}

TEST_CASE("path_rules: an empty segment between others is refused: some servers take two slashes for one") {
  check_refused({"//api/1/vehicles", "/api//1/x", "/api/1//vehicles/7/wake_up", "/api/1/vehicles/7//command/x",
                 "/api/1/vehicles/7/command//x"},
                "one / between segments");
}

TEST_CASE("path_rules: the words that decide about a vehicle's request have one case") {
  check_refused({"/api/1/Vehicles/7/wake_up", "/api/1/vehicles/7/Command/x", "/api/1/vehicles/7/%43OMMAND/x",
                 "/api/1/vehicles/7/Wake_Up", "/api/1/vehicles/7/vehicle_DATA", "/api/1/vehicles/7/signed_Command"},
                "lower case");
}

TEST_CASE("path_rules: nothing is put behind these words, or behind a vehicle's name") {
  check_refused({"/api/1/vehicles/7/command;x/honk_horn", "/api/1/vehicles/7/%2563ommand/x",
                 "/api/1/vehicles/7/command%3Bx/y", "/api/1/vehicles/7;x/wake_up", "/api/1/vehicles/7%20/wake_up"},
                "percent-encoding");
}

TEST_CASE("path_rules: whose request it is can be told: by a VIN, or Fleet API's number") {
  for (const std::string tag : {"000000001492931337002", "1492931337002-x", "1492931337002.0", "1492931337002.json",
                                "1492931337002~", "5YJS0000000000001.", "5YJSI000000000001", "A"}) {
    for (const std::string rest : {"/wake_up", "/vehicle_data", ""}) {
      CAPTURE(tag);
      const auto refusal = refuse_path("/api/1/vehicles/" + tag + rest);
      REQUIRE(refusal);
      CHECK(refusal->kind == protocol::Kind::bad_vin);
    }
  }
  for (const std::string tag : {"1492931337002", "5YJS0000000000001", "5yjs0000000000001", "fleet_status"}) {
    CAPTURE(tag);
    CHECK_FALSE(refuse_path("/api/1/vehicles/" + tag + "/wake_up"));
    CHECK_FALSE(refuse_path("/api/1/vehicles/" + tag));
  }
}

}  // namespace
}  // namespace fleetsign::api
