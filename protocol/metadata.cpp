// SPDX-License-Identifier: Apache-2.0
#include "protocol/metadata.h"

#include <array>
#include <stdexcept>
#include <utility>

namespace fleetsign::protocol {
namespace {

constexpr std::uint8_t kEnd = 0xFF;

}  // namespace

Metadata& Metadata::add(Tag tag, std::uint8_t value) {
  return add(tag, crypto::ByteView(&value, 1));
}

Metadata& Metadata::add(Tag tag, std::uint32_t value) {
  const std::array<std::uint8_t, 4> big_endian = {
      static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
      static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
  return add(tag, big_endian);
}

Metadata& Metadata::add(Tag tag, crypto::ByteView value) {
  if (value.size() > 0xFF) throw std::length_error("a metadata value is longer than 255 bytes");
  bytes_.push_back(static_cast<std::uint8_t>(tag));
  bytes_.push_back(static_cast<std::uint8_t>(value.size()));
  bytes_.insert(bytes_.end(), value.begin(), value.end());
  return *this;
}

crypto::Bytes Metadata::finish() {
  bytes_.push_back(kEnd);
  return std::move(bytes_);
}

}  // namespace fleetsign::protocol
