// SPDX-License-Identifier: Apache-2.0
#include "simulator/fault_orders.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>
#include <variant>

namespace fleetsign::simulator {
namespace {

using Parsed = crypto::Result<FaultOrder, std::string>;

constexpr std::int64_t kMostTimes = 1'000'000;
constexpr Milliseconds kLongestWait = std::chrono::minutes(10);
// An epoch ends long before.
constexpr Milliseconds kLargestShift = std::chrono::seconds(std::int64_t{1} << 30);
constexpr std::size_t kLongestText = 1'000;

constexpr std::array<std::pair<std::string_view, Occasion>, 3> kOccasions{
    {{"command", Occasion::command}, {"handshake", Occasion::handshake}, {"any", Occasion::any}}};

/// Each of these reads one member into an order, and says what is wrong with it or nothing.
std::string read_fault(const Json& value, FaultOrder& order) {
  if (!value.is_string()) return "\"fault\" must be a string";
  order.fault = find_fault(value.get_ref<const std::string&>());
  if (order.fault != nullptr) return "";
  std::string names;
  for (const FaultRow& row : fault_rows()) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return "no such fault: " + value.dump(-1, ' ', false, Json::error_handler_t::replace) + "; there are: " + names;
}

std::string read_occasion(const Json& value, FaultOrder& order) {
  const auto* const found =
      std::find_if(kOccasions.begin(), kOccasions.end(), [&](const auto& occasion) { return value == occasion.first; });
  if (found == kOccasions.end()) return "\"on\" must be \"command\", \"handshake\" or \"any\"";
  order.on = found->second;
  return "";
}

std::string read_count(const Json& value, FaultOrder& order) {
  if (!value.is_number_integer() || value < 1 || value > kMostTimes) {
    return "\"count\" must be an integer from 1 to " + std::to_string(kMostTimes);
  }
  order.count = value.get<std::uint32_t>();
  return "";
}

std::string read_ms(const Json& value, FaultOrder& order) {
  if (!value.is_number_integer() || value < -kLargestShift.count() || value > kLargestShift.count()) {
    return "\"ms\" must be an integer number of milliseconds";
  }
  order.ms = Milliseconds(value.get<std::int64_t>());
  return "";
}

std::string read_host(const Json& value, FaultOrder& order) {
  if (!value.is_string() || value.get_ref<const std::string&>().size() > kLongestText) {
    return "\"host\" must be a host name or a base URL";
  }
  const auto& host = value.get_ref<const std::string&>();
  order.host = host.find("://") == std::string::npos ? "https://" + host : host;
  return "";
}

std::string read_error(const Json& value, FaultOrder& order) {
  if (!value.is_string() || value.get_ref<const std::string&>().size() > kLongestText) {
    return "\"error\" must be a string of at most " + std::to_string(kLongestText) + " bytes";
  }
  order.error = value.get<std::string>();
  return "";
}

struct Member {
  std::string_view name;
  std::string (*read)(const Json&, FaultOrder&);
};

constexpr Member kMembers[] = {
    {"fault", read_fault}, {"count", read_count}, {"on", read_occasion},
    {"ms", read_ms},       {"host", read_host},   {"error", read_error},
};

std::string check_ms(const FaultOrder& order) {
  switch (order.fault->ms) {
    case MsUse::none:
      return "";
    case MsUse::shift:
      return order.ms ? "" : "\"ms\" is needed: by how much, back when negative";
    case MsUse::wait:
      break;
  }
  if (!order.ms || (*order.ms >= Milliseconds(0) && *order.ms <= kLongestWait)) return "";
  return "\"ms\" must be from 0 to " + std::to_string(kLongestWait.count());
}

bool concerns(const FaultOrder& order, Errand errand) {
  const bool is_envelope = errand == Errand::signed_command || errand == Errand::handshake;
  if (std::holds_alternative<ActOnMessage>(order.fault->act) && !is_envelope) return false;
  switch (order.on) {
    case Occasion::any:
      return true;
    case Occasion::handshake:
      return errand == Errand::handshake;
    case Occasion::command:
      return errand == Errand::signed_command || errand == Errand::unsigned_command;
  }
  return false;
}

}  // namespace

Parsed parse_order(const Json& body) {
  if (!body.is_object()) return std::string("the body must be a JSON object");
  FaultOrder order;
  for (const auto& [name, value] : body.items()) {
    const auto* const member = std::find_if(std::begin(kMembers), std::end(kMembers),
                                            [&key = name](const Member& candidate) { return candidate.name == key; });
    if (member == std::end(kMembers)) return "no such member: \"" + name + "\"";
    if (auto problem = member->read(value, order); !problem.empty()) return problem;
  }
  if (order.fault == nullptr) return std::string("\"fault\" is needed");
  if (auto problem = check_ms(order); !problem.empty()) return problem;
  return order;
}

Json to_json(const FaultOrder& order) {
  const auto* const occasion = std::find_if(kOccasions.begin(), kOccasions.end(),
                                            [&](const auto& candidate) { return candidate.second == order.on; });
  Json json{{"fault", order.fault->name}, {"count", order.count}, {"on", occasion->first}};
  if (order.ms) json["ms"] = order.ms->count();
  if (!order.host.empty()) json["host"] = order.host;
  if (order.error) json["error"] = *order.error;
  return json;
}

bool FaultQueue::add(FaultOrder order) {
  const std::lock_guard lock(mutex_);
  if (orders_.size() == kMost) return false;
  orders_.push_back(std::move(order));
  return true;
}

std::optional<FaultOrder> FaultQueue::take(Errand errand) {
  const std::lock_guard lock(mutex_);
  const auto order = std::find_if(orders_.begin(), orders_.end(),
                                  [errand](const FaultOrder& candidate) { return concerns(candidate, errand); });
  if (order == orders_.end()) return std::nullopt;
  if (--order->count > 0) return *order;
  auto last = std::move(*order);
  orders_.erase(order);
  return last;
}

void FaultQueue::clear() {
  const std::lock_guard lock(mutex_);
  orders_.clear();
  ++clearings_;
  cleared_.notify_all();
}

std::vector<FaultOrder> FaultQueue::pending() const {
  const std::lock_guard lock(mutex_);
  return {orders_.begin(), orders_.end()};
}

void FaultQueue::pause(Milliseconds time) {
  std::unique_lock lock(mutex_);
  cleared_.wait_for(lock, time, [this, then = clearings_] { return clearings_ != then; });
}

}  // namespace fleetsign::simulator
