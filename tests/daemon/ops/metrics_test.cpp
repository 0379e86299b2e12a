// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/metrics.h"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace fleetsign::ops {
namespace {

using namespace std::chrono_literals;

bool has_line(const std::string& text, const std::string& line) {
  std::istringstream lines(text);
  for (std::string each; std::getline(lines, each);) {
    if (each == line) return true;
  }
  return false;
}

TEST_CASE("metrics: commands are counted by outcome, their requests by purpose") {
  Metrics metrics("1.2.3");
  metrics.count({.outcome = "ok", .took = 300ms, .upstream_requests = 2, .handshakes = 1});
  metrics.count({.outcome = "ok", .took = 200ms, .upstream_requests = 1});
  metrics.count({.outcome = "no_reply", .took = 10s, .upstream_requests = 1, .vehicle_key_replaced = true});
  const auto text = metrics.text();
  CAPTURE(text);
  CHECK(has_line(text, R"(fleetsign_commands_total{outcome="ok"} 2)"));
  CHECK(has_line(text, R"(fleetsign_commands_total{outcome="no_reply"} 1)"));
  CHECK(has_line(text, R"(fleetsign_upstream_requests_total{for="command"} 3)"));
  CHECK(has_line(text, R"(fleetsign_upstream_requests_total{for="handshake"} 1)"));
  CHECK(has_line(text, "fleetsign_vehicle_keys_replaced_total 1"));
  CHECK(has_line(text, R"(fleetsign_command_seconds_bucket{le="0.25"} 1)"));
  CHECK(has_line(text, "fleetsign_command_seconds_count 3"));
  CHECK(has_line(text, R"(fleetsign_build_info{version="1.2.3"} 1)"));
  CHECK(metrics.commands_by_outcome() == std::map<std::string, std::uint64_t>{{"no_reply", 1}, {"ok", 2}});
}

TEST_CASE("metrics: what is passed on is counted by the class of its status") {
  Metrics metrics("0");
  metrics.count_forwarded(200, 1);
  metrics.count_forwarded(204, 1);
  metrics.count_forwarded(502, 0);
  const auto text = metrics.text();
  CHECK(has_line(text, R"(fleetsign_forwarded_total{status="2xx"} 2)"));
  CHECK(has_line(text, R"(fleetsign_forwarded_total{status="5xx"} 1)"));
  CHECK(has_line(text, R"(fleetsign_upstream_requests_total{for="forwarded"} 2)"));
}

TEST_CASE("metrics: what a diagnosis costs is counted apart from commands") {
  Metrics metrics("0");
  metrics.count_diagnosis(6, 0);
  metrics.count_diagnosis(3, 1);
  CHECK(has_line(metrics.text(), R"(fleetsign_upstream_requests_total{for="diagnosis"} 9)"));
  CHECK(has_line(metrics.text(), "fleetsign_vehicle_keys_replaced_total 1"));
  CHECK(metrics.commands_by_outcome().empty());
}

TEST_CASE("metrics: a wake_up is counted by what came of it, with the looks that it takes") {
  Metrics metrics("0");
  metrics.count_waking({.outcome = "ok", .wakes = 1, .upstream_requests = 3});
  metrics.count_waking({.outcome = "ok"});  // by somebody else's wake_up
  metrics.count_waking({.outcome = "vehicle_unavailable", .wakes = 1, .upstream_requests = 2});
  const auto text = metrics.text();
  CHECK(has_line(text, R"(fleetsign_wakes_total{outcome="ok"} 1)"));
  CHECK(has_line(text, R"(fleetsign_wakes_total{outcome="vehicle_unavailable"} 1)"));
  CHECK(has_line(text, R"(fleetsign_upstream_requests_total{for="waking"} 5)"));
}

TEST_CASE("metrics: totals that are watched are counters, one for each label") {
  Metrics metrics("0");
  double of_wakes = 0.02;
  metrics.watch_totals(
      "billed_dollars_total", "What they cost", "category",
      {{.label = "data", .read = [] { return 3.0; }}, {.label = "wakes", .read = [&] { return of_wakes; }}});
  of_wakes = 0.04;
  const auto text = metrics.text();
  CHECK(has_line(text, "# TYPE fleetsign_billed_dollars_total counter"));
  CHECK(has_line(text, R"(fleetsign_billed_dollars_total{category="data"} 3)"));
  CHECK(has_line(text, R"(fleetsign_billed_dollars_total{category="wakes"} 0.04)"));
}

TEST_CASE("metrics: figures that differ in a label are gauges, which may fall") {
  Metrics metrics("0");
  double of_home = 7;
  metrics.watch_each(
      "account_login_required", "Whether a login is required", "account",
      {{.label = "home", .read = [&] { return of_home; }}, {.label = "work", .read = [] { return 1.0; }}});
  of_home = 0;
  const auto text = metrics.text();
  CHECK(has_line(text, "# TYPE fleetsign_account_login_required gauge"));
  CHECK(has_line(text, R"(fleetsign_account_login_required{account="home"} 0)"));
  CHECK(has_line(text, R"(fleetsign_account_login_required{account="work"} 1)"));
}

TEST_CASE("metrics: a figure that is watched is looked up each time") {
  Metrics metrics("0");
  double lanes = 4;
  metrics.watch("lanes", "Ways to a vehicle's domain", [&] { return lanes; });
  CHECK(has_line(metrics.text(), "fleetsign_lanes 4"));
  lanes = 5;
  CHECK(has_line(metrics.text(), "fleetsign_lanes 5"));
}

TEST_CASE("metrics: many threads count, and nothing is lost") {
  Metrics metrics("0");
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 500; ++n) metrics.count({.outcome = n % 2 == 0 ? "ok" : "rejected"});
      });
    }
  }
  CHECK(metrics.commands_by_outcome() == std::map<std::string, std::uint64_t>{{"ok", 1000}, {"rejected", 1000}});
}

}  // namespace
}  // namespace fleetsign::ops
