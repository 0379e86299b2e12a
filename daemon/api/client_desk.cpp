// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/client_desk.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "config/callers.h"
#include "daemon/access/local_key.h"

namespace fleetsign::api {
namespace {

using Json = nlohmann::ordered_json;
using protocol::Failure;
using protocol::Kind;
using Refusal = state::Clients::Refusal;

/// Ten years, in seconds: who wants more gives none.
constexpr std::int64_t kLongestLifetime = std::int64_t{3'650} * 86'400;
constexpr const char* kStateHint = "make the folder of the state writable again: `fleetsign status` says what is wrong";

Failure describe(Refusal refusal, const std::string& name) {
  switch (refusal) {
    case Refusal::exists:
      return {.kind = Kind::bad_request,
              .message = "there is a client " + name + " already, if only an expired one",
              .hint = "`fleetsign client revoke " + name + "` takes its key away, and then it can get a new one"};
    case Refusal::unknown:
      return {.kind = Kind::not_found,
              .message = "there is no client " + name,
              .hint = "`fleetsign client list` shows them"};
    case Refusal::full:
      return {.kind = Kind::bad_request,
              .message = "there are as many clients as there can be",
              .hint = "`fleetsign client revoke NAME` makes room"};
    case Refusal::unwritable:
      return {.kind = Kind::state_unavailable, .message = "it cannot be written just now", .hint = kStateHint};
    case Refusal::unreadable:
      break;
  }
  return {.kind = Kind::state_unavailable,
          .message = "it cannot be read just now which clients there are",
          .hint = kStateHint};
}

Failure bad_name() {
  return {.kind = Kind::bad_request, .message = "that is not a client's name", .hint = config::kCallerNameHint};
}

Failure bad_lifetime() {
  return {.kind = Kind::bad_request,
          .message = "that is not how long a key can be good",
          .hint = "give `lifetime` as a whole number of seconds, up to 315360000"};
}

Json describe(const state::Client& client, std::int64_t unix_now) {
  Json described = {{"name", client.name}, {"created", client.created}, {"expires", nullptr}};
  if (client.expires) described["expires"] = *client.expires;
  described["expired"] = client.has_expired(unix_now);
  described["revoked"] = client.is_revoked;
  return described;
}

}  // namespace

protocol::Result<Json> ClientDesk::add(std::string_view body) const {
  const auto wanted = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  const bool has_name = wanted.is_object() && wanted.contains("name") && wanted["name"].is_string();
  if (!has_name) return bad_name();
  const auto name = wanted["name"].get<std::string>();
  if (!config::is_caller_name(name)) return bad_name();

  const auto key = access::make_local_key();
  const auto parts = access::read_local_key(key).value();
  state::Client client{.name = name, .secret = parts.secret, .created = unix_now_()};
  const auto lifetime = wanted.find("lifetime");
  if (lifetime != wanted.end()) {
    const bool is_time = lifetime->is_number_unsigned() && *lifetime >= 1 && *lifetime <= kLongestLifetime;
    if (!is_time) return bad_lifetime();
    client.expires = client.created + lifetime->get<std::int64_t>();
  }
  if (const auto refusal = clients_.add(parts.id, client)) return describe(*refusal, name);
  return Json{{"name", name}, {"key", key}};
}

protocol::Result<Json> ClientDesk::all() const {
  const auto clients = clients_.all();
  if (!clients) return describe(clients.error(), {});
  Json list = Json::array();
  for (const auto& client : *clients) list.push_back(describe(client, unix_now_()));
  return Json{{"clients", std::move(list)}};
}

protocol::Result<Json> ClientDesk::revoke(const std::string& name) const {
  if (!config::is_caller_name(name)) return bad_name();
  const auto refusal = clients_.revoke(name, unix_now_());
  if (!refusal) return Json{{"name", name}};
  auto failure = describe(*refusal, name);
  if (*refusal == Refusal::unwritable) {
    failure.message = "the key of " + name +
                      " is refused from now on, but that could not be written, so that a restart would undo it";
    failure.hint = "make the folder of the state writable again, and then revoke it once more";
  }
  return failure;
}

}  // namespace fleetsign::api
