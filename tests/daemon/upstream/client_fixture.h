// SPDX-License-Identifier: Apache-2.0
// What all tests of the client need: requests with a deadline, and answers of the expected kind.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "daemon/ops/clock.h"
#include "daemon/upstream/client.h"
#include "tests/support/scripted_server.h"

namespace fleetsign::upstream {

/// Long enough for the slowest machine; no test waits for it.
constexpr std::chrono::seconds kAmple{25};

/// A client that is not in a hurry to connect either.
inline std::unique_ptr<Client> start(Options options = {}) {
  options.connect = kAmple;
  return Client::start(std::move(options));
}

inline Request request(std::string method, std::string url, std::string body = {}) {
  return Request{.method = std::move(method),
                 .url = std::move(url),
                 .body = std::move(body),
                 .deadline = ops::boot_now() + kAmple};
}

inline std::string http_url(const tests::ScriptedServer& server, const std::string& path = "/") {
  return "http://" + server.place() + path;
}

/// The reply of an answer that must be one.
inline Delivered delivered(Answer answer) {
  if (const auto* const undelivered = std::get_if<Undelivered>(&answer)) FAIL(undelivered->cause);
  return std::get<Delivered>(std::move(answer));
}

/// The failure of an answer that must be one.
inline Undelivered undelivered(Answer answer) {
  if (const auto* const delivered = std::get_if<Delivered>(&answer)) FAIL("a reply with status ", delivered->status);
  return std::get<Undelivered>(std::move(answer));
}

/// Sends with a short deadline, which must pass and be kept, in that phase. A busy machine may be late or not get so
/// far now and then, so each try has twice the time of the one before; a client that is wrong is wrong each time.
inline void check_times_out(Client& client, Request request, Undelivered::Sent sent, Undelivered::Phase phase,
                            const std::string& place, const std::string& where) {
  using namespace std::chrono_literals;
  Undelivered answer;
  auto delay = 0ns;
  for (auto time = 300ms; time < 10s; time *= 2) {
    request.deadline = ops::boot_now() + time;
    answer = undelivered(client.send(request));
    delay = ops::boot_now() - request.deadline;
    REQUIRE(delay >= 0ns);
    if (delay <= 20ms && answer.phase == phase) break;
  }
  CHECK(delay <= 20ms);
  CHECK(answer.timed_out);
  CHECK(answer.sent == sent);
  CHECK(answer.phase == phase);
  CHECK(answer.cause.starts_with("no answer from " + place + " within "));
  CHECK(answer.cause.ends_with(" s " + where));
}

/// Answers every request of a connection with 200 and this body, until the other side closes.
inline tests::ScriptedServer::Script serve(std::string body) {
  return [body = std::move(body)](tests::Peer& peer) {
    while (!peer.read_request().empty()) peer.write(tests::http_reply(200, body));
  };
}

}  // namespace fleetsign::upstream
