// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/framed_body.h"

#include <algorithm>

namespace fleetsign::http {

std::optional<Refusal> FramedBody::decode(std::string_view& bytes, std::string& body, const Limits& limits) {
  if (kind_ == Framing::Kind::chunked) return chunked_.decode(bytes, body, most_, limits);
  const std::size_t taken = std::min(left_, bytes.size());
  body.append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  left_ -= taken;
  return std::nullopt;
}

}  // namespace fleetsign::http
