// SPDX-License-Identifier: Apache-2.0
#include "tests/protocol/ordeal.h"

#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "tests/protocol/core_kinds.h"
#include "tests/protocol/misfortunes.h"

namespace fleetsign::protocol::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostCommands = 4;
constexpr int kMostStepsAtTheEnd = 1000;  // once nothing more happens; a vehicle may then still ask to wait
constexpr Duration kWaits[] = {10s, 1s, 2s, 5s, 30s, 60s};

/// One exchange, and what is known of it without looking into it.
struct Command {
  Exchange exchange;
  Instant deadline;
  Repeat repeat;
  std::optional<RoutableMessage> under_way{};
  std::set<std::string> uuids{};
  int handshakes = 0;
  int signings = 0;
  int signings_out_of_step = 0;
  bool repeated = false;
  bool in_doubt = false;
  bool lied_to = false;
  Meaning last_meaning = Meaning::settled;
  Instant answered_at{};
  int executions = 0;
  std::optional<Executed> told{};
};

class Trial {
 public:
  explicit Trial(std::span<const std::uint8_t> input) : choices_(input) {}

  Ordeal run() {
    int steps_at_the_end = 0;
    do {
      if (commands_.size() < kMostCommands && (commands_.empty() || choices_.once_in(6))) start();
      misfortunes_.happen();
      count_executions();
      if (auto* command = choose()) advance(*command);
      if (choices_.exhausted()) promise(++steps_at_the_end < kMostStepsAtTheEnd, "an exchange ends");
    } while (ordeal_.broken.empty() && choose() != nullptr);
    return ordeal_;
  }

 private:
  void promise(bool kept, const char* what) {
    if (!kept && ordeal_.broken.empty()) ordeal_.broken = what;
  }

  void start() {
    const auto repeat = choices_.once_in(2) ? Repeat::once : Repeat::safe;
    const auto deadline = between_.now + choices_.among(kWaits);
    const auto rule = choices_.below(8);
    const ExchangeRules rules{.require_authenticated_replies = rule == 1,
                              .key_change = rule == 2 ? KeyChange::refuse : KeyChange::follow};
    commands_.push_back(
        {.exchange = Exchange(between_.payload(repeat), deadline, rules), .deadline = deadline, .repeat = repeat});
  }

  /// One that is not done.
  Command* choose() {
    std::vector<Command*> going_on;
    for (auto& command : commands_) {
      if (!command.told) going_on.push_back(&command);
    }
    return going_on.empty() ? nullptr : going_on[choices_.below(going_on.size())];
  }

  void advance(Command& command) {
    const auto generation = session().generation();
    const auto epoch = session().epoch();
    const auto counter = session().counter();
    if (command.under_way) {
      answer(command);
    } else {
      step(command);
    }
    promise(session().generation() >= generation, "a session's generation only rises");
    promise(session().epoch() != epoch || session().counter() >= counter,
            "within an epoch the counter never moves back");
  }

  void step(Command& command) {
    const bool handshake_foreseen = command.exchange.wants_handshake(session(), between_.now);
    const bool counter_foreseen = command.exchange.wants_counter(session(), between_.now);
    const auto step = between_.next(command.exchange);
    const auto* send = std::get_if<Send>(&step);
    promise(handshake_foreseen == (send != nullptr && send->what == Send::What::handshake), "a handshake is foreseen");
    promise(counter_foreseen || send == nullptr || send->what == Send::What::handshake, "a signing is foreseen");
    if (send != nullptr) {
      promise(between_.now < command.deadline, "nothing is sent after the deadline");
      command.under_way = to_message(send->message);
      command.uuids.insert(command.under_way->uuid());
      send->what == Send::What::handshake ? check_handshake(command) : check_signing(command);
    } else if (const auto* pause = std::get_if<Pause>(&step)) {
      promise(pause->until < command.deadline, "no pause reaches the deadline");
      if (!choices_.once_in(2)) between_.pass(pause->until - between_.now);
    } else {
      check_result(command, std::get<Done>(step).outcome);
    }
  }

  void answer(Command& command) {
    const auto request = *std::exchange(command.under_way, std::nullopt);
    const auto delivery = misfortunes_.deliver(request);
    count_executions();
    between_.receive(command.exchange, delivery.arrival);
    if (request.has_session_info_request()) {
      if (delivery.meaning == Meaning::busy) --command.handshakes;
      return;
    }
    command.lied_to |= delivery.lie;
    command.last_meaning = delivery.meaning;
    command.answered_at = between_.now;
    command.in_doubt |= delivery.meaning == Meaning::repeatable || delivery.meaning == Meaning::doubtful;
  }

  void check_handshake(Command& command) {
    promise(++command.handshakes <= Exchange::kHandshakes,
            "at most two handshakes, but for those met by a busy vehicle");
  }

  void check_signing(Command& command) {
    if (command.signings++ > 0) check_signing_again(command);
    const auto& request = *command.under_way;
    const auto& data = request.signature_data().hmac_personalized_data();
    promise(request.flags() == 2, "every command asks for an encrypted reply");
    promise(data.counter() != 0, "no command has the counter 0");
    promise(data.counter() > highest_counters_[data.epoch()], "within an epoch counters rise and never repeat");
    highest_counters_[data.epoch()] = data.counter();
    promise(data.expires_at() != 0 && data.expires_at() <= 1U << 30, "every command expires");
    if (data.epoch() != between_.vehicle.epoch() || misfortunes_.clock_was_set_back()) return;
    const auto vehicle_now = between_.vehicle.time();
    const auto vehicle_at_deadline = vehicle_now + (command.deadline - between_.now);
    const auto last_moment = std::chrono::seconds(data.expires_at()) + 1s;  // the vehicle counts whole seconds
    promise(last_moment <= vehicle_at_deadline, "a command expires before its deadline on the vehicle's clock");
    promise(last_moment <= vehicle_now + 31s, "a command expires within 30 s");
  }

  void check_signing_again(Command& command) {
    const bool doubted_before = command.in_doubt && command.last_meaning != Meaning::repeatable;
    switch (command.last_meaning) {
      case Meaning::busy:
        promise(!doubted_before, "after doubt nothing is signed, busy or not");
        promise(between_.now - command.answered_at >= 1s, "a busy vehicle has a second's rest");
        return;
      case Meaning::out_of_step:
        promise(!doubted_before, "after doubt nothing is signed, out of step or not");
        promise(++command.signings_out_of_step <= (misfortunes_.key_rotations() > 0 ? 2 : 1),
                "one signing after a desync, two when the vehicle's key was rotated");
        return;
      case Meaning::repeatable:
        promise(command.repeat == Repeat::safe, "what must not be repeated is never signed again in doubt");
        promise(!std::exchange(command.repeated, true), "there is one repeat");
        return;
      case Meaning::settled:
      case Meaning::doubtful:
        return promise(false, "nothing is signed after a final or doubtful answer");
    }
  }

  void check_result(Command& command, const Result<Outcome>& outcome) {
    ordeal_.results.insert(to_text(outcome));
    command.told = outcome ? outcome->executed : outcome.error().was_executed();
    check_told(command);
    promise(command.told != Executed::no || !command.in_doubt || command.lied_to, "doubt stays");
    if (outcome) {
      promise(outcome->accepted == (outcome->executed == Executed::yes), "accepted is executed");
      promise(!outcome->accepted || !outcome->authenticated || command.executions > 0,
              "nobody can forge an authenticated success");
    } else {
      promise(may_come_of_an_exchange(outcome.error().kind), "a failure is of a kind that exchanges have");
      promise(!outcome.error().message.empty(), "a failure says why");
      promise(!command.in_doubt || command.told == Executed::unknown, "a failure after doubt leaves the doubt");
    }
    const auto again = between_.next(command.exchange);
    promise(std::holds_alternative<Done>(again), "what is done stays done");
  }

  /// Compares what a command was told with what has happened to it so far.
  void check_told(const Command& command) {
    if (command.lied_to || !command.told) return;
    promise(command.told != Executed::no || command.executions == 0, "what is told as not executed is not executed");
    promise(command.told != Executed::yes || command.executions > 0, "what is told as executed is executed");
  }

  void count_executions() {
    const auto& executions = misfortunes_.executions();
    for (; executions_seen_ < executions.size(); ++executions_seen_) {
      const auto& execution = executions[executions_seen_];
      for (auto& command : commands_) {
        if (!command.uuids.contains(execution.uuid)) continue;
        ++command.executions;
        promise(execution.at < command.deadline || misfortunes_.clock_was_set_back(),
                "nothing is executed after its deadline");
        promise(command.lied_to || command.executions <= (command.repeat == Repeat::safe ? 2 : 1),
                "nothing is executed more often than it may be");
        check_told(command);
      }
    }
  }

  [[nodiscard]] const Session& session() const { return between_.session; }

  Choices choices_;
  Conversation between_{choices_.once_in(3) ? Domain::vehicle_security : Domain::infotainment};
  Misfortunes misfortunes_{between_, choices_};
  std::deque<Command> commands_{};
  std::map<std::string, std::uint32_t> highest_counters_{};  // by epoch
  std::size_t executions_seen_ = 0;
  Ordeal ordeal_{};
};

}  // namespace

Ordeal undergo(std::span<const std::uint8_t> input) {
  return Trial(input).run();
}

}  // namespace fleetsign::protocol::test
