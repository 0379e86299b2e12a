// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/fleet_api.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <variant>

#include "daemon/http/read_ahead.h"
#include "daemon/upstream/hosts.h"
#include "daemon/upstream/ledger.h"
#include "daemon/upstream/token.h"
#include "protocol/text.h"

namespace fleetsign::upstream {
namespace {

constexpr int kTokenRefused = 401;
constexpr int kMisdirected = 421;
/// What is looked at of a refusal's body: far more than the words that tell what it means.
constexpr std::size_t kRefusalBytes = std::size_t{64} * 1024;

/// Whether another token may help.
bool refuses_token(int status, std::string_view body) {
  return status == kTokenRefused && !protocol::says(body, protocol::Phrase::mobile_access_off);
}

/// Likewise, of a reply whose body stays to be read.
bool refuses_token(Incoming& incoming) {
  if (incoming.status != kTokenRefused) return false;
  auto body = std::make_unique<http::ReadAhead>(std::move(incoming.body), kRefusalBytes);
  const bool is_refused = refuses_token(incoming.status, body->beginning());
  incoming.body = std::move(body);
  return is_refused;
}

template <class Reply>
int count_requests(const std::variant<Reply, Undelivered>& reply) {
  const auto* undelivered = std::get_if<Undelivered>(&reply);
  const bool was_sent = undelivered == nullptr || undelivered->sent == Undelivered::Sent::maybe;
  return std::visit([](const auto& any) { return any.earlier + any.repeats; }, reply) + (was_sent ? 1 : 0);
}

template <class Reply>
int count_against_rates(const std::variant<Reply, Undelivered>& reply) {
  const auto* got = std::get_if<Reply>(&reply);
  return got != nullptr && turns_away(got->status) ? 0 : count_requests(reply);
}

template <class Reply>
std::string find_transaction(const std::variant<Reply, Undelivered>& reply) {
  const auto* got = std::get_if<Reply>(&reply);
  return got == nullptr ? std::string() : transaction_in(got->headers);
}

/// All but the last were answered with another host, or may have been answered.
template <class Reply>
int count_billed(const std::variant<Reply, Undelivered>& reply) {
  const auto* got = std::get_if<Reply>(&reply);
  return count_requests(reply) - (got != nullptr && billed_for(got->status) == Billed::no ? 1 : 0);
}

/// The reply to a request that had been made in vain before, by so many requests.
template <class Reply>
Reply after(int requests, Reply reply) {
  std::visit([&](auto& any) { any.earlier += requests; }, reply);
  return reply;
}

}  // namespace

Bearer Bearer::newest() const {
  auto newest = renewal_ ? renewal_->newest() : std::nullopt;
  return newest ? *std::move(newest) : *this;
}

std::optional<Bearer> Bearer::renewed(protocol::Instant deadline) const {
  return renewal_ ? renewal_->renew(*this, deadline) : std::nullopt;
}

int requests_made(const Answer& answer) {
  return count_requests(answer);
}

int requests_made(const Opening& opening) {
  return count_requests(opening);
}

int requests_counted(const Answer& answer) {
  return count_against_rates(answer);
}

int requests_counted(const Opening& opening) {
  return count_against_rates(opening);
}

int requests_billed(const Answer& answer) {
  return count_billed(answer);
}

int requests_billed(const Opening& opening) {
  return count_billed(opening);
}

std::string transaction_in(const http::Headers& headers) {
  constexpr std::size_t kLongest = 64;
  const auto* text = headers.find("x-txid");
  const auto is_usual = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; };
  if (text == nullptr || text->size() > kLongest || !std::ranges::all_of(*text, is_usual)) return {};
  return *text;
}

std::string transaction_of(const Answer& answer) {
  return find_transaction(answer);
}

std::string transaction_of(const Opening& opening) {
  return find_transaction(opening);
}

std::string FleetApi::base_url_for(const Bearer& token) const {
  if (base_url_) return *base_url_;
  if (auto learned = learned_.find(account_of(token.expose()))) return *std::move(learned);
  return base_url_in_token(token.expose()).value_or(std::string(kNorthAmerica));
}

void FleetApi::remember(const std::string& base_url) const {
  const std::lock_guard lock(mutex_);
  if (known_.size() < kMostKnown) known_.insert(base_url);
}

std::set<std::string> FleetApi::known_base_urls() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

Request FleetApi::request_of(const Call& call, const Bearer& token) const {
  const auto base_url = base_url_for(token);
  remember(base_url);
  Request request{.method = call.method,
                  .url = base_url + call.target,
                  .headers = call.headers,
                  .body = call.body,
                  .body_source = call.body_source,
                  .deadline = call.deadline,
                  .reply_bytes = call.reply_bytes,
                  .vehicle = call.vehicle,
                  .caller_gone = call.caller_gone};
  request.headers.set("Authorization", token.expose_header());
  return request;
}

std::optional<std::string> FleetApi::named_in(const http::Headers& headers, std::string_view body,
                                              const Request& refused) const {
  if (base_url_) return std::nullopt;
  auto named = base_url_in_redirect(headers, body);
  if (!named || refused.url.starts_with(*named + '/')) return std::nullopt;  // the very host that has refused it
  return named;
}

void FleetApi::learn(const Bearer& token, const std::string& base_url) const {
  learned_.learn(account_of(token.expose()), base_url);
  remember(base_url);
}

void FleetApi::doubt(const Bearer& token, const Request& request, const Undelivered& undelivered) const {
  using Phase = Undelivered::Phase;
  const auto phase = undelivered.phase;
  const bool was_reached = undelivered.sent == Undelivered::Sent::maybe || phase == Phase::refused ||
                           phase == Phase::shutdown || phase == Phase::caller_gone;
  if (was_reached || base_url_) return;
  const auto account = account_of(token.expose());
  const auto learned = learned_.find(account);
  if (learned && request.url.starts_with(*learned + '/')) learned_.forget(account, *learned);
}

Answer FleetApi::send(const Call& call, const Bearer& token) const {
  const auto newest = token.newest();
  auto answer = send_with(newest, call);
  const auto* delivered = std::get_if<Delivered>(&answer);
  if (delivered == nullptr || !refuses_token(delivered->status, delivered->body)) return answer;
  const auto renewed = newest.renewed(call.deadline);
  return renewed ? after(requests_made(answer), send_with(*renewed, call)) : std::move(answer);
}

Opening FleetApi::open(const Call& call, const Bearer& token) const {
  const auto newest = token.newest();
  auto opening = open_with(newest, call);
  auto* incoming = std::get_if<Incoming>(&opening);
  if (incoming == nullptr || !refuses_token(*incoming)) return opening;
  const auto renewed = newest.renewed(call.body_source ? protocol::Instant::min() : call.deadline);
  if (!renewed || call.body_source) return opening;
  const int requests = requests_made(opening);
  opening = open_with(*renewed, call);
  return after(requests, std::move(opening));
}

Answer FleetApi::send_with(const Bearer& token, const Call& call) const {
  auto request = request_of(call, token);
  auto answer = client_.send(request);
  const auto* delivered = std::get_if<Delivered>(&answer);
  if (delivered == nullptr) doubt(token, request, std::get<Undelivered>(answer));
  if (delivered == nullptr || delivered->status != kMisdirected) return answer;
  const auto base_url = named_in(delivered->headers, delivered->body, request);
  if (!base_url) return answer;
  request.url = *base_url + call.target;
  auto second = after(requests_made(answer), client_.send(request));
  // Not one that does not answer: the account would be without any.
  if (std::holds_alternative<Delivered>(second)) learn(token, *base_url);
  return second;
}

Opening FleetApi::open_with(const Bearer& token, const Call& call) const {
  auto request = request_of(call, token);
  auto opening = client_.open(request);
  auto* incoming = std::get_if<Incoming>(&opening);
  if (incoming == nullptr) doubt(token, request, std::get<Undelivered>(opening));
  if (incoming == nullptr || incoming->status != kMisdirected || base_url_) return opening;
  auto body = std::make_unique<http::ReadAhead>(std::move(incoming->body), kRefusalBytes);
  const auto base_url = named_in(incoming->headers, body->beginning(), request);
  incoming->body = std::move(body);
  if (!base_url) return opening;
  if (request.body_source) {
    learn(token, *base_url);
    return opening;
  }
  request.url = *base_url + call.target;
  auto second = after(requests_made(opening), client_.open(request));
  if (std::holds_alternative<Incoming>(second)) learn(token, *base_url);
  return second;
}

}  // namespace fleetsign::upstream
