// SPDX-License-Identifier: Apache-2.0
#include "simulator/authority.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "simulator/replies.h"

namespace fleetsign::simulator {
namespace {

/// The app of all tokens that were not issued here.
constexpr const char* kUsualApp = "simulated-client";

struct Need {
  Endpoint endpoint = Endpoint::other;
  std::array<std::string_view, 2> scopes;  ///< one of them
};

// fleet_api.md, section A.0: charging commands pass with less, and what a signed command is, nobody here looks at.
constexpr Need kNeeds[] = {
    {Endpoint::vehicle_data, {"vehicle_device_data", "vehicle_device_data"}},
    {Endpoint::signed_command, {"vehicle_cmds", "vehicle_charging_cmds"}},
    {Endpoint::command, {"vehicle_cmds", "vehicle_charging_cmds"}},
    {Endpoint::telemetry_config_jws, {"vehicle_device_data", "vehicle_device_data"}},
};

/// A partner has no vehicles.
bool may_use(Endpoint endpoint, const Bearer& bearer) {
  const auto* const need =
      std::find_if(std::begin(kNeeds), std::end(kNeeds), [&](const Need& row) { return row.endpoint == endpoint; });
  return need == std::end(kNeeds) ||
         (bearer.holder == Holder::user &&
          std::find_first_of(bearer.scopes.begin(), bearer.scopes.end(), need->scopes.begin(), need->scopes.end()) !=
              bearer.scopes.end());
}

}  // namespace

std::string_view bearer_of(const http::Request& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string* const value = request.headers.find("Authorization");
  if (value == nullptr || !http::equal_ignoring_case(std::string_view(*value).substr(0, kScheme.size()), kScheme)) {
    return {};
  }
  return std::string_view(*value).substr(kScheme.size());
}

bool Authority::knows(std::string_view client_id) const {
  return !client_id.empty() &&
         (clients_.empty() ||
          std::any_of(clients_.begin(), clients_.end(), [&](const auto& client) { return client.id == client_id; }));
}

bool Authority::knows(std::string_view client_id, std::string_view secret) const {
  if (clients_.empty()) return knows(client_id) && !secret.empty();
  return std::any_of(clients_.begin(), clients_.end(),
                     [&](const auto& client) { return client.id == client_id && client.secret == secret; });
}

std::optional<http::Reply> Authority::refuse(const http::Request& request, Endpoint endpoint, Milliseconds now) const {
  if (!require_tokens) return std::nullopt;
  const auto bearer = tokens.find(bearer_of(request), now);
  if (!bearer || bearer->expired) return error_reply(401, usual_error(401));
  if (bearer->holder == Holder::user && require_registration && !accounts.knows(bearer->client_id)) {
    return oauth_refusal("not_registered", Endpoint::public_key, {.client_id = bearer->client_id, .domain = {}});
  }
  if (!may_use(endpoint, *bearer)) return error_reply(403, usual_error(403));
  return std::nullopt;
}

std::string Authority::client_of(const http::Request& request, Milliseconds now) const {
  const auto bearer = tokens.find(bearer_of(request), now);
  return bearer ? bearer->client_id : kUsualApp;
}

bool Authority::admit(const std::string& client_id, Milliseconds now) {
  const std::lock_guard lock(mutex_);
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  constexpr std::size_t kMostApps = 1'000;
  if (second != second_ || requests_.size() == kMostApps) requests_.clear();
  second_ = second;
  return ++requests_[client_id] <= requests_per_second;
}

}  // namespace fleetsign::simulator
