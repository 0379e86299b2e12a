// SPDX-License-Identifier: Apache-2.0
// A client, a vehicle and what becomes of the messages between them, on a clock that only the test moves.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/exchange.h"
#include "tests/protocol/fake_vehicle.h"

namespace fleetsign::protocol::test {

struct Http {
  int status = 200;
  std::string body = {};
};
/// An Answer that owns its body.
using Arrival = std::variant<Http, NoAnswer>;

class Conversation;
/// What becomes of one post.
using Fate = std::function<Arrival(Conversation&, const RoutableMessage& request)>;

/// The request reaches the vehicle and the reply us.
Arrival honest(Conversation& between, const RoutableMessage& request);
Fate lost_request();
Fate lost_reply();
/// Nothing was sent.
Fate unreachable(Kind called = Kind::unreachable);
Fate status(int code, std::string body = {});
/// Of a 200.
Fate body(std::string text);
/// What the vehicle says in place of doing anything.
Fate excused(Excuse excuse);
Fate faulted(int fault, Attach attach = Attach::nothing);
/// The honest reply, altered on its way.
Fate altered(std::function<void(RoutableMessage&)> alter);
/// The honest reply, so much later.
Fate late(Duration delay);
/// Something happens, then the request arrives.
Fate after(std::function<void(Conversation&)> event, Fate then = honest);

/// A message of the vehicle, as Fleet API hands it on.
Http wrapped(const RoutableMessage& message);

/// What came of one exchange.
struct Report {
  std::string sent;    ///< in order: h for a handshake, c for a command
  std::string result;  ///< "accepted", "refused" or the error_code; a space; whether it was executed
  std::vector<RoutableMessage> messages;
  std::size_t executions = 0;  ///< by the vehicle, in the meantime
  Duration took{};
  Outcome outcome;  ///< of a verdict
  Failure failure;  ///< otherwise
};

class Conversation {
 public:
  explicit Conversation(Domain domain = Domain::infotainment);

  Session session;
  FakeVehicle vehicle;
  Instant now{std::chrono::hours(1)};

  void pass(Duration time);
  static Nonces fresh_nonces();

  /// Runs an exchange to its end; the posts beyond the fates are honest.
  Report run(Exchange exchange, const std::vector<Fate>& fates = {});
  Report run(const Payload& payload, const std::vector<Fate>& fates = {}, ExchangeRules rules = {});
  [[nodiscard]] Payload payload(Repeat repeat = Repeat::safe) const;
  [[nodiscard]] Exchange exchange(Repeat repeat = Repeat::safe, Duration wait = std::chrono::seconds(10)) const;
  /// A first command, so that there is a session.
  void warm_up();

  /// One step of one exchange, where several overlap.
  Step next(Exchange& exchange) { return exchange.next(session, fresh_nonces(), now); }
  /// The message of a Send; fails the test when it is none.
  RoutableMessage send(Exchange& exchange);
  void receive(Exchange& exchange, const Arrival& arrival);
};

std::string to_text(const Result<Outcome>& result);

}  // namespace fleetsign::protocol::test
