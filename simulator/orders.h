// SPDX-License-Identifier: Apache-2.0
// Orders that something should go wrong, of whichever kind: how their members are read, and how they wait for their
// turn.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulator/replies.h"
#include "simulator/vehicle.h"

namespace fleetsign::simulator {

inline constexpr std::int64_t kMostTimes = 1'000'000;
inline constexpr std::size_t kLongestText = 1'000;

/// A member of an order as the control API takes it.
template <class Order>
struct OrderMember {
  std::string_view name;
  /// Reads it into the order, and says what is wrong with it or nothing.
  std::string (*read)(const Json&, Order&);
};

/// Of an order with a `count`.
template <class Order>
std::string read_count(const Json& value, Order& order) {
  if (!value.is_number_integer() || value < 1 || value > kMostTimes) {
    return "\"count\" must be an integer from 1 to " + std::to_string(kMostTimes);
  }
  order.count = value.get<std::uint32_t>();
  return "";
}

/// Of an order with an `error`: the text that is said in place of the usual one.
template <class Order>
std::string read_error(const Json& value, Order& order) {
  if (!value.is_string() || value.get_ref<const std::string&>().size() > kLongestText) {
    return "\"error\" must be a string of at most " + std::to_string(kLongestText) + " bytes";
  }
  order.error = value.get<std::string>();
  return "";
}

/// Reads all members of the body, `fault` among them; a sentence about what is wrong with it, or nothing.
template <class Order>
std::string read_members(const Json& body, std::span<const OrderMember<Order>> members, Order& order) {
  if (!body.is_object()) return "the body must be a JSON object";
  for (const auto& [name, value] : body.items()) {
    const auto member = std::ranges::find(members, std::string_view(name), &OrderMember<Order>::name);
    if (member == members.end()) return "no such member: \"" + name + "\"";
    if (auto problem = member->read(value, order); !problem.empty()) return problem;
  }
  return order.fault == nullptr ? "\"fault\" is needed" : "";
}

/// The row of that name, where "http_" may be left out; null when there is none.
template <class Row>
const Row* find_fault_in(std::span<const Row> rows, std::string_view name) {
  const auto row = std::ranges::find_if(
      rows, [&](const Row& each) { return each.name == name || each.name == "http_" + std::string(name); });
  return row == rows.end() ? nullptr : &*row;
}

/// Orders, carried out in turn. Any thread may call; none holds the lock while it waits.
template <class Order>
class OrderQueue {
 public:
  static constexpr std::size_t kMost = 1'000;

  /// False when the queue is full.
  [[nodiscard]] bool add(Order order) {
    const std::lock_guard lock(mutex_);
    if (orders_.size() == kMost) return false;
    orders_.push_back(std::move(order));
    return true;
  }

  /// Also ends every pause().
  void clear() {
    const std::lock_guard lock(mutex_);
    orders_.clear();
    ++clearings_;
    cleared_.notify_all();
  }

  [[nodiscard]] std::vector<Order> pending() const {
    const std::lock_guard lock(mutex_);
    return {orders_.begin(), orders_.end()};
  }

  /// Blocks the caller for so long, or until the orders are cleared.
  void pause(Milliseconds time) {
    std::unique_lock lock(mutex_);
    cleared_.wait_for(lock, time, [this, then = clearings_] { return clearings_ != then; });
  }

 protected:
  /// The oldest order that `concerns` takes, which is then done once more.
  template <class Concerns>
  std::optional<Order> take_first(const Concerns& concerns) {
    const std::lock_guard lock(mutex_);
    const auto order = std::ranges::find_if(orders_, concerns);
    if (order == orders_.end()) return std::nullopt;
    if (--order->count > 0) return *order;
    auto last = std::move(*order);
    orders_.erase(order);
    return last;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable cleared_;
  std::uint64_t clearings_ = 0;
  std::deque<Order> orders_;
};

}  // namespace fleetsign::simulator
