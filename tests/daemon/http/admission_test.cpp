// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/admission.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace fleetsign::http {
namespace {

using std::chrono::milliseconds;

Peer at(const std::string& address) {
  return {.address = address};
}

/// As many as get in, out of so many.
std::vector<Admission::Ticket> enter(Admission& admission, const std::vector<Peer>& peers) {
  std::vector<Admission::Ticket> inside;
  for (const Peer& peer : peers) {
    static int descriptor = 1'000;
    if (auto ticket = admission.enter(descriptor++, peer)) inside.push_back(*std::move(ticket));
  }
  return inside;
}

TEST_CASE("admission: places are limited in total, whoever comes, and come back") {
  const Limits limits{.connections = 3};
  Admission admission(limits);
  auto inside = enter(admission, {at("127.0.0.1"), at("::1"), {.address = "unix", .uid = 1}});
  CHECK(inside.size() == 3);
  CHECK(enter(admission, {at("127.0.0.1"), at("192.0.2.1"), {.address = "unix", .uid = 2}}).empty());
  inside.pop_back();
  CHECK(enter(admission, {at("127.0.0.1"), at("127.0.0.1")}).size() == 1);
}

TEST_CASE("admission: who was let in, who was not and who is inside is counted") {
  const Limits limits{.connections = 2};
  Admission admission(limits);
  auto inside = enter(admission, {at("127.0.0.1"), at("::1"), at("::1")});
  inside.pop_back();
  const auto figures = admission.figures();
  CHECK(figures.open == 1);
  CHECK(figures.admitted == 2);
  CHECK(figures.refused == 1);
}

TEST_CASE("admission: an address of another machine gets its share of places and no more, however it is written") {
  const Limits limits{.connections_per_peer = 2};
  Admission admission(limits);
  auto inside = enter(admission, {at("192.0.2.1"), at("::ffff:192.0.2.1"), at("192.0.2.1")});
  CHECK(inside.size() == 2);
  CHECK(enter(admission, {at("192.0.2.2"), at("2001:db8::1")}).size() == 2);
  inside.pop_back();
  CHECK(enter(admission, {at("192.0.2.1"), at("192.0.2.1")}).size() == 1);
}

TEST_CASE("admission: users of a Unix socket have shares of their own") {
  const Limits limits{.connections_per_peer = 1};
  Admission admission(limits);
  const auto inside = enter(admission, {{.address = "unix", .uid = 1}, {.address = "unix", .uid = 1}});
  CHECK(inside.size() == 1);
  CHECK(enter(admission, {{.address = "unix", .uid = 2}, {.address = "unix"}}).size() == 2);
}

TEST_CASE("admission: the programs of this machine share an address, so it has no share") {
  const Limits limits{.connections_per_peer = 1};
  Admission admission(limits);
  for (const char* const address : {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"}) {
    CAPTURE(address);
    CHECK(enter(admission, {at(address), at(address), at(address)}).size() == 3);
  }
}

TEST_CASE("admission: other machines together get half of the places, so callers here always get in") {
  const Limits limits{.connections = 5};
  Admission admission(limits);
  auto strangers = enter(admission, {at("192.0.2.1"), at("2001:db8::1"), at("192.0.2.3"), at("192.0.2.4")});
  CHECK(strangers.size() == 2);
  const auto inside = enter(admission, {at("127.0.0.1"), at("::1"), {.address = "unix", .uid = 1}});
  CHECK(inside.size() == 3);
  strangers.pop_back();
  CHECK(enter(admission, {at("192.0.2.3"), at("192.0.2.4")}).size() == 1);
}

TEST_CASE("admission: it is empty when the last one has left") {
  const Limits limits{};
  Admission admission(limits);
  CHECK(admission.wait_until_empty(std::chrono::steady_clock::now() + milliseconds(0)));
  {
    const auto ticket = admission.enter(100, {.address = "a"});
    auto moved = admission.enter(101, {.address = "a"});
    const auto other = std::move(moved);
    CHECK_FALSE(admission.wait_until_empty(std::chrono::steady_clock::now() + milliseconds(1)));
  }
  CHECK(admission.wait_until_empty(std::chrono::steady_clock::now() + milliseconds(0)));
}

}  // namespace
}  // namespace fleetsign::http
