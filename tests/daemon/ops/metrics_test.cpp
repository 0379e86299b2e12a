// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/metrics.h"

#include <doctest/doctest.h>

#include <array>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
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

Metrics::Command taking(Took took) {
  return {.outcome = "ok", .executed = "yes", .took = took};
}

TEST_CASE("metrics: commands are counted by outcome and effect, their requests by purpose") {
  Metrics metrics("1.2.3", "0a1b2c");
  metrics.count(Metrics::Command{.outcome = "ok", .executed = "yes", .upstream_requests = 2, .handshakes = 1});
  metrics.count(Metrics::Command{.outcome = "ok", .executed = "yes", .upstream_requests = 1});
  metrics.count(Metrics::Command{
      .outcome = "no_reply", .executed = "unknown", .upstream_requests = 1, .vehicle_key_replaced = true});
  const auto text = metrics.text();
  CAPTURE(text);
  CHECK(has_line(text, R"(fleetsign_commands_total{outcome="ok"} 2)"));
  CHECK(has_line(text, R"(fleetsign_commands_total{outcome="no_reply"} 1)"));
  CHECK(has_line(text, R"(fleetsign_command_effects_total{executed="yes"} 2)"));
  CHECK(has_line(text, R"(fleetsign_command_effects_total{executed="unknown"} 1)"));
  CHECK(has_line(text, R"(fleetsign_upstream_requests_total{for="command"} 3)"));
  CHECK(has_line(text, R"(fleetsign_upstream_requests_total{for="handshake"} 1)"));
  CHECK(has_line(text, "fleetsign_vehicle_keys_replaced_total 1"));
  CHECK(text.find(R"(version="1.2.3")") != std::string::npos);
  CHECK(text.find(R"(commit="0a1b2c")") != std::string::npos);
  CHECK(metrics.commands_by_outcome() == std::map<std::string, std::uint64_t>{{"no_reply", 1}, {"ok", 2}});
  CHECK(metrics.commands_by_effect() == std::map<std::string, std::uint64_t>{{"no", 0}, {"unknown", 1}, {"yes", 2}});
}

TEST_CASE("metrics: every effect of a command is there from the start, so that an increase can be seen") {
  const Metrics metrics("0");
  CHECK(has_line(metrics.text(), R"(fleetsign_command_effects_total{executed="unknown"} 0)"));
}

TEST_CASE("metrics: what is neither upstream nor waiting time of a command is its own") {
  Metrics metrics("0");
  metrics.count(taking({.all = 2s + 302ms, .upstream = 300ms, .waiting = 2s}));
  const auto text = metrics.text();
  CAPTURE(text);
  CHECK(has_line(text, R"(fleetsign_command_seconds_bucket{le="1"} 0)"));
  CHECK(has_line(text, R"(fleetsign_command_seconds_bucket{le="2.5"} 1)"));
  CHECK(has_line(text, R"(fleetsign_command_own_seconds_bucket{le="0.001"} 0)"));
  CHECK(has_line(text, R"(fleetsign_command_own_seconds_bucket{le="0.0025"} 1)"));
  CHECK(has_line(text, R"(fleetsign_command_upstream_seconds_bucket{le="0.25"} 0)"));
  CHECK(has_line(text, R"(fleetsign_command_upstream_seconds_bucket{le="0.5"} 1)"));
  CHECK(has_line(text, R"(fleetsign_command_waiting_seconds_bucket{le="1"} 0)"));
  CHECK(has_line(text, R"(fleetsign_command_waiting_seconds_bucket{le="2.5"} 1)"));
}

TEST_CASE("metrics: a session out of step is counted by the fault that told of it") {
  Metrics metrics("0");
  const std::array<std::string_view, 2> desyncs = {"INCORRECT_EPOCH", "TIME_EXPIRED"};
  metrics.count(Metrics::Command{.outcome = "ok", .desyncs = desyncs});
  CHECK(has_line(metrics.text(), R"(fleetsign_desyncs_total{fault="INCORRECT_EPOCH"} 1)"));
  CHECK(has_line(metrics.text(), R"(fleetsign_desyncs_total{fault="TIME_EXPIRED"} 1)"));
}

TEST_CASE("metrics: what is passed on is counted by the class of its status, with its times") {
  Metrics metrics("0");
  metrics.count(Metrics::Forwarded{
      .status = 200, .upstream_requests = 1, .took = {.all = 203ms, .upstream = 150ms, .waiting = 50ms}});
  metrics.count(Metrics::Forwarded{.status = 204, .upstream_requests = 1});
  metrics.count(Metrics::Forwarded{.status = 502});
  const auto text = metrics.text();
  CHECK(has_line(text, R"(fleetsign_forwarded_total{status="2xx"} 2)"));
  CHECK(has_line(text, R"(fleetsign_forwarded_total{status="5xx"} 1)"));
  CHECK(has_line(text, R"(fleetsign_upstream_requests_total{for="forwarded"} 2)"));
  CHECK(has_line(text, R"(fleetsign_forwarded_upstream_seconds_bucket{le="0.1"} 2)"));
  CHECK(has_line(text, R"(fleetsign_forwarded_own_seconds_bucket{le="0.005"} 3)"));
  CHECK(has_line(text, R"(fleetsign_forwarded_own_seconds_bucket{le="0.0025"} 2)"));
}

TEST_CASE("metrics: every reply is counted by its status") {
  Metrics metrics("0");
  for (const int status : {200, 401, 200}) metrics.count_reply(status);
  CHECK(has_line(metrics.text(), R"(fleetsign_http_requests_total{code="200"} 2)"));
  CHECK(metrics.replies_by_status() == std::map<std::string, std::uint64_t>{{"200", 2}, {"401", 1}});
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

TEST_CASE("metrics: figures that are watched are of the type that their row says, one for each label") {
  Metrics metrics("0");
  double of_wakes = 0.02;
  double of_home = 7;
  metrics.watch("fleetsign_billed_dollars_total",
                {{.label = "data", .read = [] { return 3.0; }}, {.label = "wakes", .read = [&] { return of_wakes; }}});
  metrics.watch("fleetsign_account_login_required",
                {{.label = "home", .read = [&] { return of_home; }}, {.label = "work", .read = [] { return 1.0; }}});
  of_wakes = 0.04;
  of_home = 0;
  const auto text = metrics.text();
  CHECK(has_line(text, "# TYPE fleetsign_billed_dollars_total counter"));
  CHECK(has_line(text, R"(fleetsign_billed_dollars_total{category="data"} 3)"));
  CHECK(has_line(text, R"(fleetsign_billed_dollars_total{category="wakes"} 0.04)"));
  CHECK(has_line(text, "# TYPE fleetsign_account_login_required gauge"));
  CHECK(has_line(text, R"(fleetsign_account_login_required{account="home"} 0)"));
  CHECK(has_line(text, R"(fleetsign_account_login_required{account="work"} 1)"));
}

TEST_CASE("metrics: a figure that is watched is looked up each time") {
  Metrics metrics("0");
  double lanes = 4;
  metrics.watch("fleetsign_lanes", [&] { return lanes; });
  CHECK(has_line(metrics.text(), "fleetsign_lanes 4"));
  lanes = 5;
  CHECK(has_line(metrics.text(), "fleetsign_lanes 5"));
}

TEST_CASE("metrics: what the table does not have, or has as a histogram, cannot be watched") {
  Metrics metrics("0");
  const auto nothing = [] { return 0.0; };
  CHECK_THROWS_AS(metrics.watch("fleetsign_nothing", nothing), std::logic_error);
  CHECK_THROWS_AS(metrics.watch("fleetsign_command_seconds", nothing), std::logic_error);
}

TEST_CASE("metrics: many threads count, and nothing is lost") {
  Metrics metrics("0");
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 500; ++n) {
          metrics.count(Metrics::Command{.outcome = n % 2 == 0 ? "ok" : "rejected"});
          metrics.count_reply(200 + n % 4);
        }
      });
    }
  }
  CHECK(metrics.commands_by_outcome() == std::map<std::string, std::uint64_t>{{"ok", 1000}, {"rejected", 1000}});
  CHECK(metrics.replies_by_status().at("203") == 500);
}

}  // namespace
}  // namespace fleetsign::ops
