// SPDX-License-Identifier: Apache-2.0
#include "tests/protocol/conversation.h"

#include <memory>
#include <stdexcept>
#include <utility>

#include "crypto/random.h"

#include "tests/crypto/known_answers.h"

namespace fleetsign::protocol::test {
namespace {

using namespace std::chrono_literals;

constexpr Duration kOneWay = 50ms;
constexpr int kMostSteps = 500;

const std::shared_ptr<const crypto::PrivateKey>& client_key() {
  static const auto key =
      std::make_shared<const crypto::PrivateKey>(crypto::test::key_of(crypto::test::known("/client_private_scalar")));
  return key;
}

Parties parties(Domain domain) {
  return {.client = client_key(),
          .client_point = client_key()->public_point(),
          .vin = crypto::test::known("/vin"),
          .domain = domain};
}

}  // namespace

Http wrapped(const RoutableMessage& message) {
  return {.body = R"({"response":")" + crypto::to_base64(to_bytes(message)) + R"("})"};
}

Arrival honest(Conversation& between, const RoutableMessage& request) {
  between.pass(kOneWay);
  const auto reply = between.vehicle.answer(request);
  between.pass(kOneWay);
  return wrapped(reply);
}

Fate lost_request() {
  return [](Conversation&, const RoutableMessage&) -> Arrival { return NoAnswer{.cause = "the line was cut"}; };
}

Fate lost_reply() {
  return [](Conversation& between, const RoutableMessage& request) -> Arrival {
    between.vehicle.answer(request);
    return NoAnswer{.cause = "the line was cut"};
  };
}

Fate unreachable(Kind called) {
  return [called](Conversation&, const RoutableMessage&) -> Arrival {
    return NoAnswer{.sent = NoAnswer::Sent::no, .cause = "no route", .unsent = called};
  };
}

Fate status(int code, std::string body) {
  return [http = Http{.status = code, .body = std::move(body)}](Conversation&, const RoutableMessage&) -> Arrival {
    return http;
  };
}

Fate body(std::string text) {
  return status(200, std::move(text));
}

Fate excused(Excuse excuse) {
  return [excuse](Conversation& between, const RoutableMessage& request) -> Arrival {
    between.pass(kOneWay);
    return wrapped(between.vehicle.decline(request, excuse));
  };
}

Fate faulted(int fault, Attach attach) {
  return excused({.fault = static_cast<UniversalMessage::MessageFault_E>(fault), .attach = attach});
}

Fate altered(std::function<void(RoutableMessage&)> alter) {
  return [alter = std::move(alter)](Conversation& between, const RoutableMessage& request) -> Arrival {
    auto reply = between.vehicle.answer(request);
    alter(reply);
    return wrapped(reply);
  };
}

Fate late(Duration delay) {
  return [delay](Conversation& between, const RoutableMessage& request) -> Arrival {
    const auto reply = between.vehicle.answer(request);
    between.pass(delay);
    return wrapped(reply);
  };
}

Fate after(std::function<void(Conversation&)> event, Fate then) {
  return [event = std::move(event), then = std::move(then)](Conversation& between, const RoutableMessage& request) {
    event(between);
    return then(between, request);
  };
}

std::string to_text(const Result<Outcome>& result) {
  if (result) {
    return (result->accepted ? "accepted " : "refused ") + std::string(to_string(result->executed));
  }
  const auto& failure = result.error();
  return std::string(row_of(failure.kind).error_code) + ' ' + std::string(to_string(failure.was_executed()));
}

Conversation::Conversation(Domain domain)
    : session(parties(domain)),
      vehicle(static_cast<UniversalMessage::Domain>(domain), session.parties().vin, session.parties().client_point) {}

void Conversation::pass(Duration time) {
  now += time;
  vehicle.pass(time);
}

Nonces Conversation::fresh_nonces() {
  return {.uuid = {crypto::random_bytes<16>()}, .routing_address = {crypto::random_bytes<16>()}};
}

Payload Conversation::payload(Repeat repeat) const {
  const auto domain = session.parties().domain;
  const auto* action = domain == Domain::infotainment ? "120452020801" : "1001";  // climate on; lock
  return {.domain = domain, .bytes = crypto::test::hex(action), .repeat = repeat};
}

Exchange Conversation::exchange(Repeat repeat, Duration wait) const {
  return Exchange(payload(repeat), now + wait);
}

void Conversation::warm_up() {
  if (run(exchange()).result != "accepted yes") throw std::logic_error("a plain command must work");
}

Report Conversation::run(const Payload& payload, const std::vector<Fate>& fates, ExchangeRules rules) {
  return run(Exchange(payload, now + 10s, rules), fates);
}

Report Conversation::run(Exchange exchange, const std::vector<Fate>& fates) {
  Report report;
  const auto executions_before = vehicle.executed().size();
  const auto began = now;
  for (int steps = 0; steps < kMostSteps; ++steps) {
    const auto step = next(exchange);
    if (const auto* pause = std::get_if<Pause>(&step)) {
      pass(pause->until - now);
      continue;
    }
    if (const auto* done = std::get_if<Done>(&step)) {
      report.result = to_text(done->outcome);
      if (done->outcome) report.outcome = *done->outcome;
      if (!done->outcome) report.failure = done->outcome.error();
      report.executions = vehicle.executed().size() - executions_before;
      report.took = now - began;
      return report;
    }
    const auto& send = std::get<Send>(step);
    const auto& fate = report.sent.size() < fates.size() ? fates[report.sent.size()] : Fate(honest);
    report.sent += send.what == Send::What::handshake ? 'h' : 'c';
    report.messages.push_back(to_message(send.message));
    receive(exchange, fate(*this, report.messages.back()));
  }
  throw std::logic_error("the exchange does not end");
}

RoutableMessage Conversation::send(Exchange& exchange) {
  return to_message(std::get<Send>(next(exchange)).message);
}

void Conversation::receive(Exchange& exchange, const Arrival& arrival) {
  if (const auto* http = std::get_if<Http>(&arrival)) {
    exchange.receive(session, HttpAnswer{.status = http->status, .body = http->body}, now);
  } else {
    exchange.receive(session, std::get<NoAnswer>(arrival), now);
  }
}

}  // namespace fleetsign::protocol::test
