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

constexpr Milliseconds kLongestWait = std::chrono::minutes(10);
// An epoch ends long before.
constexpr Milliseconds kLargestShift = std::chrono::seconds(std::int64_t{1} << 30);

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

constexpr OrderMember<FaultOrder> kMembers[] = {
    {"fault", read_fault}, {"count", read_count<FaultOrder>}, {"on", read_occasion}, {"ms", read_ms},
    {"host", read_host},   {"error", read_error<FaultOrder>},
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
  FaultOrder order;
  if (auto problem = read_members<FaultOrder>(body, kMembers, order); !problem.empty()) return problem;
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

std::optional<FaultOrder> FaultQueue::take(Errand errand) {
  return take_first([errand](const FaultOrder& order) { return concerns(order, errand); });
}

}  // namespace fleetsign::simulator
