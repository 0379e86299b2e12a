// SPDX-License-Identifier: Apache-2.0
// Everything that may happen to a message on its way and to a vehicle in the meantime, by choice.
#pragma once

#include <optional>
#include <vector>

#include "tests/protocol/choices.h"
#include "tests/protocol/conversation.h"

namespace fleetsign::protocol::test {

/// What an arrival entitles a client to, read from the protocol's description and not from the tables of protocol/.
enum class Meaning : std::uint8_t {
  settled,      ///< nothing further may be sent
  busy,         ///< to sign again, a second later
  out_of_step,  ///< to renew the session and to sign again, within the budget
  repeatable,   ///< to sign again once, where a repeat is safe: the command may have been executed
  doubtful,     ///< to nothing: the command may have been executed
};

struct Delivery {
  Arrival arrival;
  Meaning meaning = Meaning::doubtful;
  bool lie = false;  ///< says of an execution what the vehicle did not say
};

class Misfortunes {
 public:
  Misfortunes(Conversation& between, Choices& choices) : between_(between), choices_(choices) {}

  Delivery deliver(const RoutableMessage& request);
  /// Something that has nothing to do with a message under way; usually nothing.
  void happen();

  struct Execution {
    std::string uuid;  ///< of the request
    Instant at;
  };
  /// What the vehicle has done, in order.
  [[nodiscard]] const std::vector<Execution>& executions() const { return executions_; }
  [[nodiscard]] int key_rotations() const { return key_rotations_; }
  /// Whether the vehicle has set its clock back in this epoch, after which no promise about its time can be kept.
  [[nodiscard]] bool clock_was_set_back() const { return clock_was_set_back_; }

 private:
  Delivery fail(const RoutableMessage& request);
  Delivery disturb(const RoutableMessage& request);
  Delivery falsify(const RoutableMessage& request);
  Delivery arrive(const RoutableMessage& request, RoutableMessage reply, bool lie = false);
  RoutableMessage answer(const RoutableMessage& request);
  RoutableMessage excuse(const RoutableMessage& request);
  void change_vehicle();
  void change_clock();

  Conversation& between_;
  Choices& choices_;
  std::vector<RoutableMessage> held_{};      // requests that the network may still deliver
  std::vector<RoutableMessage> recorded_{};  // replies that it may replay
  std::vector<Execution> executions_{};
  int key_rotations_ = 0;
  bool clock_was_set_back_ = false;
};

}  // namespace fleetsign::protocol::test
