// SPDX-License-Identifier: Apache-2.0
// Fleet API as the daemon calls it: paths and tokens in, answers out; the host is chosen here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "daemon/http/message.h"
#include "daemon/upstream/client.h"
#include "daemon/upstream/learned_hosts.h"
#include "protocol/time.h"

namespace fleetsign::upstream {

/// What each local key begins with, and no Tesla token. They are for us alone, so that none is a Bearer's.
inline constexpr std::string_view kLocalKey = "fsk_";

class Bearer;

/// Where another token comes from when Fleet API does not take one any more. Safe to call from many threads.
class Renewal {
 public:
  virtual ~Renewal() = default;

  /// The token of now, without waiting; nothing when there is none.
  [[nodiscard]] virtual std::optional<Bearer> newest() = 0;

  /// The token that has taken the place of the one that was refused, or that does so by the deadline; nothing
  /// otherwise. All who have been refused the same one share what that takes. With a deadline that has passed, it
  /// waits for nothing, but sees to it that there is another one later.
  [[nodiscard]] virtual std::optional<Bearer> renew(const Bearer& refused, protocol::Instant deadline) = 0;
};

/// A Tesla access token. Printed nowhere: it has no conversion to text but the header that carries it.
class Bearer {
 public:
  /// Without a renewal, it is all there is.
  explicit Bearer(std::string token, std::shared_ptr<Renewal> renewal = {})
      : token_(std::move(token)), renewal_(std::move(renewal)) {}
  /// Nothing for a text that is no token (RFC 6750 section 2.1), or one of ours.
  static std::optional<Bearer> read(std::string_view text) {
    const bool is_visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
    return is_visible && !text.empty() && !text.starts_with(kLocalKey) ? std::optional(Bearer(std::string(text)))
                                                                       : std::nullopt;
  }
  [[nodiscard]] std::string expose_header() const { return "Bearer " + token_; }
  [[nodiscard]] std::string_view expose() const { return token_; }

  /// The one that has taken its place meanwhile, or itself.
  [[nodiscard]] Bearer newest() const;
  /// As Renewal::renew() for this one.
  [[nodiscard]] std::optional<Bearer> renewed(protocol::Instant deadline) const;

 private:
  std::string token_;
  std::shared_ptr<Renewal> renewal_;
};

/// Where Fleet API has a vehicle; its VIN in upper case.
inline std::string vehicle_path(const std::string& vin) {
  return "/api/1/vehicles/" + vin;
}

/// One request below a base URL.
struct Call {
  std::string method;
  std::string target;  ///< path and query, as they go on the wire
  http::Headers headers = {};
  std::string body = {};
  std::shared_ptr<http::BodySource> body_source = {};  ///< in place of `body`, as in Request
  protocol::Instant deadline;
  std::size_t reply_bytes = kReplyBytes;   ///< as in Request
  std::string vehicle = {};                ///< as in Request
  std::function<bool()> caller_gone = {};  ///< as in Request
};

/// How many requests were made for an answer: all that Fleet API can have seen, with those before
/// it that were answered with another host or a refused token.
int requests_made(const Answer& answer);
int requests_made(const Opening& opening);

/// Whether Fleet API turned the caller away: 401 or 403. Nothing was executed then, and anybody can have that happen.
inline bool turns_away(int status) {
  return status == 401 || status == 403;
}

/// How many of requests_made() are held against the vehicle's local rates: none when the caller was turned away.
int requests_counted(const Answer& answer);
int requests_counted(const Opening& opening);

/// How many of requests_made() Fleet API bills, where it bills such requests at all, as Ledger has it: those without an
/// answer, too.
int requests_billed(const Answer& answer);
int requests_billed(const Opening& opening);

/// What Fleet API calls the transaction by (`x-txid`), for logs: letters, digits, `-` and `_`, 64 at most. Empty for
/// anything else, which an upstream may have put there, and where there is no answer.
std::string transaction_in(const http::Headers& headers);
std::string transaction_of(const Answer& answer);
std::string transaction_of(const Opening& opening);

/// Safe to use from many threads.
class FleetApi {
 public:
  /// `base_url` overrides what tokens and Fleet API say; without a trailing slash.
  FleetApi(Client& client, std::optional<std::string> base_url, KeptHosts kept = {})
      : client_(client), base_url_(std::move(base_url)), learned_(std::move(kept)) {}

  /// Sends it once, and once more when a 421 names another host of Fleet API's, which is learned; all that once more
  /// when a 401 refuses the token and it can be renewed, for then nothing was executed. Authorization is set from the
  /// token; nothing else is added to the headers.
  [[nodiscard]] Answer send(const Call& call, const Bearer& token) const;

  /// The same, until the head of the reply is there; Client::open() says for how long. A body that is streamed cannot
  /// be sent again: the 421 or 401 is the reply then, and the next request goes to the right host, or with a new token.
  [[nodiscard]] Opening open(const Call& call, const Bearer& token) const;

  /// Where a request with this token goes.
  [[nodiscard]] std::string base_url_for(const Bearer& token) const;

  /// Where requests have gone so far, at most kMostKnown of them.
  [[nodiscard]] std::set<std::string> known_base_urls() const;

 private:
  /// A token may name any host of Tesla's; there are far fewer.
  static constexpr std::size_t kMostKnown = 16;

  /// Whatever becomes of the token.
  [[nodiscard]] Answer send_with(const Bearer& token, const Call& call) const;
  [[nodiscard]] Opening open_with(const Bearer& token, const Call& call) const;
  [[nodiscard]] Request request_of(const Call& call, const Bearer& token) const;
  /// The base URL that a 421 names for the request; nothing when it is to be passed on.
  [[nodiscard]] std::optional<std::string> named_in(const http::Headers& headers, std::string_view body,
                                                    const Request& refused) const;
  void learn(const Bearer& token, const std::string& base_url) const;
  /// Forgets the learned host that the request could not be sent to: the token's own region may know where to go.
  void doubt(const Bearer& token, const Request& request, const Undelivered& undelivered) const;
  void remember(const std::string& base_url) const;

  Client& client_;
  std::optional<std::string> base_url_;
  mutable LearnedHosts learned_;
  mutable std::mutex mutex_;
  mutable std::set<std::string> known_{};  ///< with mutex_ held
};

}  // namespace fleetsign::upstream
