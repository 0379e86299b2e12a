// SPDX-License-Identifier: Apache-2.0
#include "protocol/answer.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "protocol/text.h"

namespace fleetsign::protocol {
namespace {

// A status that Fleet API is not known to use for a command is read as ambiguous, never as harmless.
constexpr std::array kStatuses = {
    StatusRow{100, 399, Executed::unknown}, StatusRow{400, 407, Executed::no},
    StatusRow{408, 408, Executed::unknown},  // unless it says that the vehicle is offline or asleep
    StatusRow{409, 498, Executed::no},      StatusRow{499, 499, Executed::unknown},
    StatusRow{500, 599, Executed::unknown},
};

constexpr bool without_gap() {
  int next = 100;
  for (const auto& row : kStatuses) {
    if (row.first != next || row.last < row.first) return false;
    next = row.last + 1;
  }
  return next == 600;
}
static_assert(without_gap(), "statuses from 100 to 599, in ascending order");

constexpr int kRequestTimeout = 408;

Executed executed_at(int status) {
  const auto* row = std::ranges::find_if(
      kStatuses, [&](const StatusRow& candidate) { return candidate.first <= status && status <= candidate.last; });
  return row == kStatuses.end() ? Executed::unknown : row->executed;
}

Failure malformed(std::string message) {
  return {.kind = Kind::upstream_malformed, .message = std::move(message)};
}

}  // namespace

std::span<const StatusRow> statuses() {
  return kStatuses;
}

Failure read_status(const HttpAnswer& answer) {
  if (answer.status == kRequestTimeout && says(answer.body, Phrase::asleep)) {
    return {.kind = Kind::vehicle_unavailable, .message = "vehicle unavailable: vehicle is offline or asleep"};
  }
  return {.kind = Kind::upstream_error,
          .message = "Fleet API answered with status " + std::to_string(answer.status),
          .executed = executed_at(answer.status)};
}

Result<crypto::Bytes> read_message(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return malformed("Fleet API's answer is not a JSON object");
  const auto response = json.find("response");
  if (response == json.end() || !response->is_string()) return malformed("Fleet API's answer has no vehicle message");
  auto bytes = crypto::parse_base64(response->get_ref<const std::string&>());
  if (!bytes || bytes->empty()) return malformed("the vehicle message in Fleet API's answer is not base64");
  return *std::move(bytes);
}

std::string write_message(crypto::ByteView message) {
  return R"({"routable_message":")" + crypto::to_base64(message) + R"("})";
}

}  // namespace fleetsign::protocol
