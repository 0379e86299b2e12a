// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/relay.h"

namespace fleetsign::api {

crypto::Result<Beginning, http::BodyFailure> read_ahead(http::BodySource& source, std::size_t most) {
  Beginning beginning{.bytes = std::string(most, '\0')};
  std::size_t size = 0;
  while (size < most && !beginning.whole) {
    const auto count = source.read(std::span(beginning.bytes).subspan(size));
    if (!count) return http::BodyFailure{count.error()};
    size += *count;
    beginning.whole = *count == 0;
  }
  beginning.bytes.resize(size);
  return beginning;
}

crypto::Result<std::size_t, std::string> CountedBody::read(std::span<char> into) {
  auto count = body_->read(into);
  if (count) count_ += *count;
  return count;
}

crypto::Result<std::size_t, std::string> RelayedBody::read(std::span<char> into) {
  auto count = read_next(into);
  if (!count) {
    end(count.error());
    return count;
  }
  bytes_ += *count;
  if (*count == 0 || size() == bytes_) end({});
  return count;
}

crypto::Result<std::size_t, std::string> RelayedBody::read_next(std::span<char> into) {
  if (bytes_ >= beginning_.size()) return rest_->read(into);
  return beginning_.copy(into.data(), into.size(), bytes_);
}

void RelayedBody::end(std::string failure) {
  if (const auto on_end = std::exchange(on_end_, nullptr)) on_end({.bytes = bytes_, .failure = std::move(failure)});
}

}  // namespace fleetsign::api
