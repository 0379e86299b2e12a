// SPDX-License-Identifier: Apache-2.0
// Orders as the control API spells them.
#include <algorithm>
#include <array>
#include <utility>

#include "simulator/faults.h"

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

const FaultRow* find_fault(std::string_view name) {
  const auto rows = fault_rows();
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const FaultRow& candidate) {
    return candidate.name == name || candidate.name == "http_" + std::string(name);
  });
  return row == rows.end() ? nullptr : &*row;
}

/// Each of these reads one member into an order, and says what is wrong with it or nothing.
std::string read_fault(const Json& value, FaultOrder& order) {
  if (!value.is_string()) return "\"fault\" must be a string";
  order.fault = find_fault(value.get_ref<const std::string&>());
  return order.fault == nullptr ? "no such fault" : "";
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

std::string read_span(const Json& value, FaultOrder& order) {
  if (!value.is_number_integer() || value < -kLargestShift.count() || value > kLargestShift.count()) {
    return "\"ms\" must be an integer number of milliseconds";
  }
  order.span = Milliseconds(value.get<std::int64_t>());
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
    {"ms", read_span},     {"host", read_host},   {"error", read_error},
};

std::string check_span(const FaultOrder& order) {
  switch (order.fault->span) {
    case Span::unused:
      return "";
    case Span::shift:
      return order.span ? "" : "\"ms\" is needed: by how much, back when negative";
    case Span::wait:
      break;
  }
  if (!order.span || (*order.span >= Milliseconds(0) && *order.span <= kLongestWait)) return "";
  return "\"ms\" must be from 0 to " + std::to_string(kLongestWait.count());
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
  if (auto problem = check_span(order); !problem.empty()) return problem;
  return order;
}

Json to_json(const FaultOrder& order) {
  const auto* const occasion = std::find_if(kOccasions.begin(), kOccasions.end(),
                                            [&](const auto& candidate) { return candidate.second == order.on; });
  Json json{{"fault", order.fault->name}, {"count", order.count}, {"on", occasion->first}};
  if (order.span) json["ms"] = order.span->count();
  if (!order.host.empty()) json["host"] = order.host;
  if (order.error) json["error"] = *order.error;
  return json;
}

}  // namespace fleetsign::simulator
