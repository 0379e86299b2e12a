// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/relay.h"

namespace fleetsign::api {

crypto::Result<std::size_t, std::string> CountedBody::read(std::span<char> into) {
  auto count = body_->read(into);
  if (count) count_ += *count;
  return count;
}

crypto::Result<std::size_t, std::string> RelayedBody::read(std::span<char> into) {
  auto count = body_->read(into);
  if (!count) {
    end(count.error());
    return count;
  }
  bytes_ += *count;
  if (*count == 0 || size() == bytes_) end({});
  return count;
}

void RelayedBody::end(std::string failure) {
  if (const auto on_end = std::exchange(on_end_, nullptr)) on_end({.bytes = bytes_, .failure = std::move(failure)});
}

}  // namespace fleetsign::api
