// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/fleet_api.h"

#include "daemon/upstream/hosts.h"

namespace fleetsign::upstream {

std::string FleetApi::base_url_for(const Bearer& token) const {
  std::string url = base_url_ ? *base_url_ : base_url_in_token(token.expose()).value_or(std::string(kNorthAmerica));
  const std::lock_guard lock(mutex_);
  if (known_.size() < kMostKnown) known_.insert(url);
  return url;
}

std::set<std::string> FleetApi::known_base_urls() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

Answer FleetApi::send(const Call& call, const Bearer& token) const {
  Request request{.method = call.method,
                  .url = base_url_for(token) + call.target,
                  .headers = call.headers,
                  .body = call.body,
                  .deadline = call.deadline};
  request.headers.set("Authorization", token.expose_header());
  return client_.send(request);
}

}  // namespace fleetsign::upstream
