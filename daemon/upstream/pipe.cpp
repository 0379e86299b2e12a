// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/pipe.h"

#include <algorithm>

namespace fleetsign::upstream {

bool Pipe::put(std::string_view piece) {
  if (piece.size() > room()) return false;
  if (!ring_) ring_ = std::make_unique_for_overwrite<char[]>(kBytes);
  const std::size_t end = (first_ + size_) % kBytes;
  const std::size_t before_wrap = std::min(piece.size(), kBytes - end);
  std::copy_n(piece.data(), before_wrap, ring_.get() + end);
  std::copy_n(piece.data() + before_wrap, piece.size() - before_wrap, ring_.get());
  size_ += piece.size();
  return true;
}

std::size_t Pipe::take(std::span<char> into) {
  const std::size_t count = std::min(into.size(), size_);
  const std::size_t before_wrap = std::min(count, kBytes - first_);
  std::copy_n(ring_.get() + first_, before_wrap, into.data());
  std::copy_n(ring_.get(), count - before_wrap, into.data() + before_wrap);
  size_ -= count;
  // An empty one begins again where memory has been touched already.
  first_ = size_ == 0 ? 0 : (first_ + count) % kBytes;
  return count;
}

}  // namespace fleetsign::upstream
