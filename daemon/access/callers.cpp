// SPDX-License-Identifier: Apache-2.0
#include "daemon/access/callers.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "config/callers.h"
#include "crypto/bytes.h"
#include "daemon/access/local_key.h"

namespace fleetsign::access {
namespace {

using protocol::Failure;
using protocol::Kind;

constexpr std::array kForwardedHeaders = {"X-Forwarded-For", "Forwarded", "X-Real-IP"};

/// The one answer to every key that lets nobody in: whoever tries keys learns nothing from it.
Failure bad_key() {
  return {.kind = Kind::not_authenticated,
          .message = "this local key is not known",
          .hint = "`fleetsign client list` shows which keys there are, and `fleetsign client add` makes one"};
}

Failure for_known_only() {
  return {.kind = Kind::not_authenticated,
          .message = "this address is for callers that are known here",
          .hint =
              "send a local key in `X-Authorization: Bearer KEY`: `fleetsign client add` makes one; or give its "
              "certificate or "
              "user an entry in `callers`"};
}

/// getpwnam_r and getgrnam_r alike, with as much room as the entry needs.
template <class Record, class Find>
std::optional<Record> find_record(const std::string& name, Find find) {
  constexpr std::size_t kMost = std::size_t{1024} * 1024;
  for (std::size_t size = 4096; size <= kMost; size *= 4) {
    std::vector<char> room(size);
    Record record{};
    Record* found = nullptr;
    const int failed = find(name.c_str(), &record, room.data(), room.size(), &found);
    if (failed == ERANGE) continue;
    return failed == 0 && found != nullptr ? std::optional(record) : std::nullopt;
  }
  return std::nullopt;
}

template <class Number>
std::optional<Number> number_in(const std::string& text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::optional<uid_t> user_of(const std::string& text) {
  if (const auto number = number_in<uid_t>(text)) return number;
  const auto record = find_record<passwd>(text, getpwnam_r);
  return record ? std::optional(record->pw_uid) : std::nullopt;
}

std::optional<gid_t> group_of(const std::string& text) {
  if (const auto number = number_in<gid_t>(text)) return number;
  const auto record = find_record<group>(text, getgrnam_r);
  return record ? std::optional(record->gr_gid) : std::nullopt;
}

/// What could be a fingerprint is nothing else: anybody may be given a name that looks like another's.
bool is_of(const http::PeerCertificate& certificate, const std::string& wanted) {
  const bool is_fingerprint = wanted.size() == certificate.sha256.size() && crypto::parse_hex(wanted);
  return wanted == (is_fingerprint ? certificate.sha256 : certificate.common_name);
}

/// A common name as far as it is one word of a log line; else what the certificate is told by.
std::string name_of(const http::PeerCertificate& certificate) {
  constexpr std::size_t kDigits = 16;
  const auto is_plain = [](unsigned char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; };
  const auto& name = certificate.common_name;
  const bool is_usable = !name.empty() && name.size() <= 64 && std::ranges::all_of(name, is_plain);
  return "cert:" + (is_usable ? name : certificate.sha256.substr(0, kDigits));
}

}  // namespace

Callers::Callers(const std::vector<config::CallerEntry>& entries, const state::Clients& clients,
                 std::function<std::int64_t()> unix_now)
    : entries_(entries), clients_(clients), unix_now_(std::move(unix_now)) {
  for (const auto& entry : entries_) {
    if (entry.name == config::kAnybody) anybody_ = peers_.size();
    peers_.push_back({.certificate = entry.certificate,
                      .user = entry.user ? user_of(*entry.user) : std::nullopt,
                      .group = entry.group ? group_of(*entry.group) : std::nullopt});
  }
}

Caller Callers::caller_of_entry(std::size_t index) const {
  const auto& entry = entries_[index];
  return {.name = entry.name, .is_known = true, .borrows = true, .account = entry.account.value_or(""), .entry = index};
}

Caller Callers::other(std::string name) const {
  return {.name = std::move(name), .entry = anybody_};
}

protocol::Result<Caller> Callers::caller_of_key(std::string_view text) const {
  const auto key = read_local_key(text);
  const auto client = clients_.find(key ? key->id : state::ClientId{});
  if (!client) {
    return Failure{.kind = Kind::state_unavailable, .message = "it cannot be read just now which local keys are good"};
  }
  const auto& given = key ? key->secret : crypto::Sha256Digest{};
  const auto& wanted = *client ? (*client)->secret : crypto::Sha256Digest{};
  const bool is_right = crypto::equal_in_constant_time(given, wanted);
  if (!is_right || !key || !*client || (*client)->has_expired(unix_now_())) return bad_key();

  const auto& name = (*client)->name;
  const auto entry = std::ranges::find(entries_, name, &config::CallerEntry::name);
  if (entry != entries_.end()) return caller_of_entry(static_cast<std::size_t>(entry - entries_.begin()));
  auto caller = other(name);
  caller.is_known = caller.borrows = true;
  return caller;
}

std::optional<Caller> Callers::caller_of_peer(const http::Peer& peer, const Door& door) const {
  const auto find = [&](auto is_peer) -> std::optional<Caller> {
    const auto found = std::ranges::find_if(peers_, is_peer);
    if (found == peers_.end()) return std::nullopt;
    return caller_of_entry(static_cast<std::size_t>(found - peers_.begin()));
  };
  if (peer.certificate) {
    auto caller = find([&](const Peer& own) { return own.certificate && is_of(*peer.certificate, *own.certificate); });
    if (caller) return caller;
  }
  if (peer.uid) {
    if (auto caller = find([&](const Peer& own) { return own.user == peer.uid; })) return caller;
  }
  if (peer.gid) {
    if (auto caller = find([&](const Peer& own) { return own.group == peer.gid; })) return caller;
  }
  if (!peer.certificate || door.known_only) return std::nullopt;
  auto caller = other(name_of(*peer.certificate));
  caller.is_known = true;
  return caller;
}

protocol::Result<Caller> Callers::identify(const http::Request& request, const Door& door) const {
  const auto shown = credentials_in(request);
  if (!shown) return shown.error();
  std::optional<Caller> known;
  if (shown->key) {
    auto caller = caller_of_key(*shown->key);
    if (!caller) return caller.error();
    known = *std::move(caller);
  } else if (!door.behind_proxy) {
    known = caller_of_peer(request.peer, door);
  }
  if (known) {
    known->token = shown->token;
    return *std::move(known);
  }
  if (door.known_only) return for_known_only();
  if (!shown->token) return Failure{.kind = Kind::not_authenticated, .message = "the request carries no token"};
  auto caller = other(name_of(*shown->token));
  caller.token = shown->token;
  return caller;
}

std::vector<config::Problem> find_unknown_peers(const std::vector<config::CallerEntry>& entries) {
  std::vector<config::Problem> problems;
  const auto complain = [&](const config::CallerEntry& entry, const std::string& what, const std::string& name) {
    problems.push_back({.where = entry.where,
                        .message = "callers." + what + ": this machine has no " + what + " \"" + name + "\"",
                        .hint = "`getent " + std::string(what == "user" ? "passwd" : "group") + "` lists them"});
  };
  for (const auto& entry : entries) {
    if (entry.user && !user_of(*entry.user)) complain(entry, "user", *entry.user);
    if (entry.group && !group_of(*entry.group)) complain(entry, "group", *entry.group);
  }
  return problems;
}

std::optional<Failure> refuse_forwarded(const http::Request& request, const Door& door) {
  if (door.behind_proxy) return std::nullopt;
  const auto* const header =
      std::ranges::find_if(kForwardedHeaders, [&](const char* name) { return request.headers.find(name) != nullptr; });
  if (header == kForwardedHeaders.end()) return std::nullopt;
  return Failure{.kind = Kind::not_allowed,
                 .message = std::string("the header `") + *header +
                            "` says that a proxy has passed this on, and none is expected here",
                 .hint = "where a proxy is in front of fleetsign, say so in `listen`: {url: URL, behind_proxy: true}"};
}

}  // namespace fleetsign::access
