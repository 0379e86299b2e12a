// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/fleet_api.h"

#include "daemon/upstream/hosts.h"

namespace fleetsign::upstream {

Answer FleetApi::send(const Call& call, const Bearer& token) const {
  const std::string base =
      base_url_ ? *base_url_ : base_url_in_token(token.expose()).value_or(std::string(kNorthAmerica));
  Request request{.method = call.method,
                  .url = base + call.target,
                  .headers = call.headers,
                  .body = call.body,
                  .deadline = call.deadline};
  request.headers.set("Authorization", token.expose_header());
  return client_.send(request);
}

}  // namespace fleetsign::upstream
