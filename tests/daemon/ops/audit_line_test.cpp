// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/audit_line.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace fleetsign::ops {
namespace {

const WallTime kTime{std::chrono::milliseconds(1'700'000'000'007)};

AuditEntry entry() {
  return {.caller = "charger",
          .vehicles = {"5YJS0000000000001"},
          .command = "set_charge_limit",
          .parameters = {"percent"},
          .outcome = "ok",
          .executed = "yes",
          .upstream_requests = 1,
          .took = std::chrono::milliseconds(12),
          .request_id = "abc"};
}

TEST_CASE("audit line: what became of a request, its place, and the hash of the line before") {
  const std::string first =
      R"({"seq":1,"time":"2023-11-14T22:13:20.007Z","caller":"charger","vehicle":"000001",)"
      R"("command":"set_charge_limit","parameters":["percent"],"outcome":"ok","executed":"yes","upstream_requests":1,)"
      R"("ms":12,"request_id":"abc",)"
      R"("prev":"0000000000000000000000000000000000000000000000000000000000000000"})";
  CHECK(audit_line(entry(), kTime, {}) == first);
  const auto end = end_at(1, first);
  const auto second = audit_line(entry(), kTime, end);
  CHECK(second.starts_with(R"({"seq":2,)"));
  const auto read = read_audit_line(second);
  REQUIRE(read);
  CHECK(read->seq == 2);
  CHECK(read->prev == end.hash);
  CHECK_FALSE(read->broken);
  CHECK(read->lost == 0);
}

TEST_CASE("audit line: several vehicles stand there by their ends, and of very many the first") {
  auto several = entry();
  several.vehicles = {"5YJS0000000000001", "5YJS0000000000002"};
  CHECK(audit_line(several, kTime, {}).find(R"("vehicle":"000001,000002")") != std::string::npos);
  several.more_vehicles = 3;
  CHECK(audit_line(several, kTime, {}).find(R"(000002,+3")") != std::string::npos);
  several = entry();
  several.vehicles = {};
  CHECK(audit_line(several, kTime, {}).find(R"("vehicle":"")") != std::string::npos);
}

TEST_CASE("audit line: no whole VIN stands in it, whatever is called so") {
  const std::string vin = "LRWYGCEK000123456";
  auto odd = entry();
  odd.caller = "cert:" + vin;
  odd.vehicles = {vin};
  odd.command = vin;
  odd.parameters = {"percent", vin, "for_" + vin};
  odd.request_id = vin;
  const auto line = audit_line(odd, kTime, {});
  CHECK(line.find(vin) == std::string::npos);
  CHECK(line.find(R"("vehicle":"123456")") != std::string::npos);
  CHECK(line.find(R"("parameters":["percent","\u2026123456","for_\u2026123456"])") != std::string::npos);
}

TEST_CASE("audit line: a line stays a line, and is JSON, whatever a caller is called") {
  auto odd = entry();
  odd.caller = "a\n\"\xFF\xC3\xA4";
  odd.upstream_requests.reset();
  const auto line = audit_line(odd, kTime, {});
  CHECK(line.find('\n') == std::string::npos);
  CHECK(read_audit_line(line));
  CHECK(line.find(R"("upstream_requests":null)") != std::string::npos);
}

TEST_CASE("audit line: lost lines and a break are lines of the chain") {
  const ChainEnd before{.seq = 7, .hash = {1}};
  const auto lost = read_audit_line(lost_line(3, kTime, before));
  REQUIRE(lost);
  CHECK(lost->seq == 8);
  CHECK(lost->lost == 3);
  const auto broken = read_audit_line(broken_line(kTime, before));
  REQUIRE(broken);
  CHECK(broken->broken);
  CHECK(broken->prev == before.hash);
}

TEST_CASE("audit line: what is none is not read") {
  const std::string hash(64, '0');
  for (const auto& text : {std::string(), std::string("{}"), std::string("[1]"), R"({"seq":1})" + std::string(),
                           R"({"seq":0,"prev":")" + hash + "\"}", R"({"seq":-1,"prev":")" + hash + "\"}",
                           R"({"seq":"1","prev":")" + hash + "\"}", R"({"seq":1,"prev":")" + hash.substr(1) + "\"}",
                           R"({"seq":1,"prev":1})" + std::string(), R"({"seq":1,"prev":")" + hash + "\""}) {
    CAPTURE(text);
    CHECK_FALSE(read_audit_line(text));
  }
}

}  // namespace
}  // namespace fleetsign::ops
