// SPDX-License-Identifier: Apache-2.0
#include "simulator/jwt.h"

namespace fleetsign::simulator {
namespace {

std::string part(const Json& json) {
  // Texts in it may come from a client and need not be UTF-8.
  return crypto::to_base64url(crypto::as_bytes(json.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

}  // namespace

std::string make_jwt(const Json& claims, crypto::ByteView signature) {
  const Json header{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "simulated"}};
  return part(header) + '.' + part(claims) + '.' + crypto::to_base64url(signature);
}

}  // namespace fleetsign::simulator
