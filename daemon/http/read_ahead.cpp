// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/read_ahead.h"

#include <utility>

namespace fleetsign::http {

ReadAhead::ReadAhead(std::unique_ptr<BodySource> body, std::size_t most) : body_(std::move(body)) {
  beginning_.resize(most);
  std::size_t size = 0;
  while (size < most && !whole_ && !failure_) {
    const auto count = body_->read(std::span(beginning_).subspan(size));
    if (!count) {
      failure_ = count.error();
      continue;
    }
    size += *count;
    whole_ = *count == 0;
  }
  beginning_.resize(size);
}

crypto::Result<std::size_t, std::string> ReadAhead::read(std::span<char> into) {
  if (taken_ == beginning_.size()) return body_->read(into);
  const auto count = beginning_.copy(into.data(), into.size(), taken_);
  taken_ += count;
  return count;
}

}  // namespace fleetsign::http
