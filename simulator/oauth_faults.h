// SPDX-License-Identifier: Apache-2.0
// What the OAuth server and the partner endpoints can say no with, one row each; and the orders that they should.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "crypto/result.h"
#include "daemon/http/message.h"
#include "simulator/endpoints.h"
#include "simulator/orders.h"
#include "simulator/replies.h"
#include "simulator/vehicle.h"

namespace fleetsign::simulator {

class OAuthFaults;
struct OAuthOrder;

/// Of whom a refusal speaks.
struct Subject {
  std::string client_id;
  std::string domain;
};

/// A request on its way to its endpoint.
struct Passage {
  Endpoint endpoint;
  const http::Request& request;
  Subject subject;
  std::function<http::Reply()> deliver;
};

struct OAuthFault {
  std::string_view name;
  http::Reply (*act)(const OAuthOrder&, const Passage&, OAuthFaults&);
  Endpoint usual;            ///< where an order waits that does not say
  int status = 0;            ///< 0: it is no refusal; so are the texts empty
  std::string_view error{};  ///< {client} and {domain} stand for the subject's
  std::string_view description{};
};

std::span<const OAuthFault> oauth_fault_rows();
/// By its name, where "http_" may be left out; null when there is none.
const OAuthFault* find_oauth_fault(std::string_view name);

/// A refusal in the words of its row; the name must be one of those that have a status. OAuth endpoints have their own
/// shape: `{"error":…,"error_description":…}`.
http::Reply oauth_refusal(std::string_view name, Endpoint endpoint, const Subject& subject = {});

struct OAuthOrder {
  const OAuthFault* fault = nullptr;
  std::optional<Endpoint> on;  ///< nothing: any of these endpoints
  std::uint32_t count = 1;     ///< how many more times
  std::optional<Milliseconds> ms;
  std::optional<std::string> error;  ///< in place of the usual text
  std::optional<int> status;         ///< in place of the usual one
};

/// An order as the control API takes it, or a sentence about what is wrong with it.
crypto::Result<OAuthOrder, std::string> parse_oauth_order(const Json& body);

class OAuthFaults : public OrderQueue<OAuthOrder> {
 public:
  [[nodiscard]] Json report() const;

  /// Lets a request through to its endpoint, past the oldest order for it, which is then done once more.
  http::Reply pass(const Passage& passage);
};

}  // namespace fleetsign::simulator
