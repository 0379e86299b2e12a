// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/tesla_app.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <variant>

#include "crypto/key_file.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/key.h"
#include "daemon/ops/clock.h"

namespace fleetsign::cli {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::size_t kMostOfReply = std::size_t{64} * 1024;
constexpr const char* kSecretHint =
    "write the client secret of developer.tesla.com, alone and in one line, into a file of mode 0600, and set "
    "`oauth.client_secret_file` to it";
constexpr const char* kUserAgent = "fleetsign/" FLEETSIGN_VERSION;

RemoteError told(const accounts::Advice& advice) {
  return {.exit = kFailed, .message = advice.message, .hint = advice.hint};
}

std::optional<RemoteError> told(const std::optional<accounts::Advice>& advice) {
  return advice ? std::optional(told(*advice)) : std::nullopt;
}

RemoteError unanswered(const std::string& place, const upstream::Undelivered& none, const char* hint) {
  const bool is_lost = none.sent == upstream::Undelivered::Sent::maybe;
  return {.exit = is_lost ? kFailed : kUnavailable,
          .message = (is_lost ? "no answer came from " : "nobody can be reached at ") + place + ": " + none.cause,
          .hint = hint};
}

/// Without hints for the keys that sign commands.
RemoteError unreadable_secret(const crypto::KeyError& error) {
  using Reason = crypto::KeyError::Reason;
  auto told = describe(error);
  if (error.reason != Reason::exposed && error.reason != Reason::unreadable) told.hint = kSecretHint;
  return told;
}

}  // namespace

RemoteError describe(const accounts::TokenError& error) {
  using Kind = accounts::TokenError::Kind;
  const bool is_away = error.kind == Kind::unreachable || error.kind == Kind::unavailable;
  std::string hint = error.hint;
  if (error.retry_after) hint = "try again in " + std::to_string(error.retry_after->count()) + " s";
  if (hint.empty()) hint = "try again; if it stays so, look at `oauth.token_url`, the network, and Tesla's status page";
  return {.exit = is_away ? kUnavailable : kFailed, .message = error.message, .hint = std::move(hint)};
}

accounts::AppKey app_key(const vehicles::ClientKeys& keys) {
  return {.point = keys.hosted().public_point(), .is_next = keys.next() != nullptr};
}

std::optional<RemoteError> check_hosted_key(const std::string& url, const accounts::AppKey& ours) {
  const auto client = upstream::Client::start({.http2 = false, .user_agent = kUserAgent});
  const auto answer =
      client->send({.method = "GET", .url = url, .deadline = ops::boot_now() + kPatience, .reply_bytes = kMostOfReply});
  if (const auto* none = std::get_if<upstream::Undelivered>(&answer)) {
    return unanswered(url, *none,
                      ours.is_next
                          ? "have a web server show there what `fleetsign pubkey --next` prints, for the whole internet"
                          : "have a web server show there what `fleetsign pubkey` prints, for the whole internet");
  }
  const auto& reply = std::get<upstream::Delivered>(answer);
  return told(accounts::fault_in_hosted_key(reply.status, reply.body, ours, url));
}

TeslaApp::TeslaApp(const config::Config& config, std::string client_id)
    : config_(config),
      client_id_(std::move(client_id)),
      client_(upstream::Client::start(
          {.ca_file = config.fleet_api.ca_file, .http2 = config.fleet_api.http2, .user_agent = kUserAgent})) {}

RemoteResult<TeslaApp> TeslaApp::open(const config::Config& config) {
  if (config.oauth.client_id) return TeslaApp(config, *config.oauth.client_id);
  return RemoteError{.exit = kBadConfig,
                     .message = config::name_of(config) + " names no app",
                     .hint = "set `oauth.client_id` to the client id that developer.tesla.com shows for your app"};
}

accounts::TokenEndpoint TeslaApp::tokens(bool in_china) const {
  return {*client_, accounts::oauth_urls(config_.oauth, in_china), client_id_};
}

RemoteResult<accounts::ClientSecret> TeslaApp::secret() const {
  const auto& file = config_.oauth.client_secret_file;
  if (!file) {
    return RemoteError{.exit = kBadConfig,
                       .message = config::name_of(config_) + " does not say where the app's secret is",
                       .hint = kSecretHint};
  }
  const auto text = crypto::read_protected(*file, credentials_directory());
  if (!text) return unreadable_secret(text.error());
  const auto content = crypto::view(*text);
  // One that has lost its line ends could pass for a secret, and would go to Tesla.
  if (content.find("-----BEGIN") != std::string_view::npos) {
    return RemoteError{.exit = kBadConfig,
                       .message = file->string() + " holds a key or a certificate, not an app's secret",
                       .hint = kSecretHint};
  }
  auto secret = accounts::ClientSecret::read(content.substr(0, content.find_last_not_of(" \t\r\n") + 1));
  if (secret) return *std::move(secret);
  return RemoteError{
      .exit = kBadConfig, .message = file->string() + " does not hold an app's secret", .hint = kSecretHint};
}

RemoteResult<upstream::Bearer> TeslaApp::partner_token(const accounts::Region& region) const {
  const auto proof = secret();
  if (!proof) return proof.error();
  auto grant = tokens(region.in_china).partner(*proof, region.base_url, {}, ops::boot_now() + kPatience);
  if (!grant) return describe(grant.error());
  return std::move(grant->access);
}

RemoteResult<std::string> TeslaApp::ask(const accounts::Region& region, const upstream::Bearer& token,
                                        const std::string& domain, const PartnerCall& call) const {
  const auto answer =
      client_->send({.method = call.method,
                     .url = region.base_url + call.target,
                     .headers = {{"Authorization", token.expose_header()}, {"Content-Type", "application/json"}},
                     .body = call.body,
                     .deadline = ops::boot_now() + kPatience,
                     .reply_bytes = kMostOfReply});
  if (const auto* none = std::get_if<upstream::Undelivered>(&answer)) {
    return unanswered(region.base_url, *none, "look at the network and `fleet_api.*`, and run this again");
  }
  const auto& reply = std::get<upstream::Delivered>(answer);
  if (reply.status == 200 || reply.status == 204) return reply.body;
  return told(accounts::describe_refusal(reply.status, reply.body, domain, call.asker));
}

std::optional<RemoteError> TeslaApp::enter(const accounts::Region& region, const upstream::Bearer& token,
                                           const std::string& domain) const {
  const auto body = nlohmann::json{{"domain", domain}}.dump();
  const auto entered = ask(
      region, token, domain,
      {.method = "POST", .target = accounts::kPartnerAccounts, .asker = accounts::Asker::registration, .body = body});
  return entered ? std::nullopt : std::optional(entered.error());
}

std::optional<RemoteError> TeslaApp::check_registered(const accounts::Region& region, const upstream::Bearer& token,
                                                      const std::string& domain, const accounts::AppKey& ours,
                                                      accounts::Asker asker) const {
  const auto body =
      ask(region, token, domain,
          {.method = "GET", .target = accounts::kPartnerAccounts + ("/public_key?domain=" + domain), .asker = asker});
  if (!body) return body.error();
  const auto key = accounts::registered_key(*body);
  return key ? told(accounts::fault_in_registered_key(*key, ours, domain, asker)) : std::optional(told(key.error()));
}

}  // namespace fleetsign::cli
