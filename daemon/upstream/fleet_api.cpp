// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/fleet_api.h"

#include "daemon/upstream/hosts.h"

namespace fleetsign::upstream {

std::string FleetApi::base_url_for(const Bearer& token) const {
  return base_url_ ? *base_url_ : base_url_in_token(token.expose()).value_or(std::string(kNorthAmerica));
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
                  .reply_bytes = call.reply_bytes};
  request.headers.set("Authorization", token.expose_header());
  return request;
}

Answer FleetApi::send(const Call& call, const Bearer& token) const {
  return client_.send(request_of(call, token));
}

Opening FleetApi::open(const Call& call, const Bearer& token) const {
  return client_.open(request_of(call, token));
}

}  // namespace fleetsign::upstream
