// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/chunked_body.h"

#include <algorithm>
#include <charconv>

#include "daemon/http/syntax.h"

namespace fleetsign::http {
namespace {

/// Of all chunks of a body together. Nobody uses extensions; without a bound they are bytes that no limit counts.
constexpr std::size_t kExtensionBytes = 1024;
constexpr std::size_t kSizeDigits = 16;
constexpr std::string_view kLineEnd = "\r\n";

Refusal bad_framing() {
  return {400, "the chunked body is malformed"};
}

}  // namespace

std::optional<Refusal> ChunkedBody::decode(std::string_view& bytes, std::string& body, std::size_t body_bytes,
                                           const Limits& limits) {
  while (!done() && !bytes.empty()) {
    if (state_ == State::data) {
      const std::size_t taken = std::min(left_, bytes.size());
      body.append(bytes.substr(0, taken));
      bytes.remove_prefix(taken);
      left_ -= taken;
      if (left_ == 0) state_ = State::data_end;
      continue;
    }
    if (state_ == State::data_end) {
      if (!kLineEnd.starts_with(bytes.substr(0, kLineEnd.size()))) return bad_framing();
      if (bytes.size() < kLineEnd.size()) return std::nullopt;
      bytes.remove_prefix(kLineEnd.size());
      state_ = State::size;
      continue;
    }
    const bool in_trailer = state_ == State::trailer;
    const auto feed = bytes.find('\n');
    const std::size_t line_bytes = std::min(feed, bytes.size());
    if (in_trailer && trailer_bytes_ + line_bytes > limits.header_bytes) {
      return Refusal{431, "the trailer fields are too large"};
    }
    if (!in_trailer && line_bytes > kSizeDigits + kExtensionBytes) return bad_framing();
    if (feed == bytes.npos) return std::nullopt;
    if (feed == 0 || bytes[feed - 1] != '\r') return bad_framing();
    const std::string_view line = bytes.substr(0, feed - 1);
    bytes.remove_prefix(feed + 1);
    if (auto refusal = in_trailer ? read_trailer(line, limits) : read_size(line, body_bytes - announced_)) {
      return refusal;
    }
  }
  return std::nullopt;
}

std::optional<Refusal> ChunkedBody::read_size(std::string_view line, std::size_t room) {
  const std::string_view digits = line.substr(0, line.find(';'));
  const std::string_view extension = line.substr(digits.size());
  extension_bytes_ += extension.size();
  // from_chars takes a minus sign for unsigned types, so the digits are looked at first.
  if (digits.empty() || digits.size() > kSizeDigits ||
      digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos) {
    return bad_framing();
  }
  if (!is_field_value(extension) || extension_bytes_ > kExtensionBytes) return bad_framing();
  std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  if (left_ > room) return body_too_large();
  announced_ += left_;
  state_ = left_ == 0 ? State::trailer : State::data;
  return std::nullopt;
}

std::optional<Refusal> ChunkedBody::read_trailer(std::string_view line, const Limits& limits) {
  if (line.empty()) {
    state_ = State::done;
    return std::nullopt;
  }
  std::string_view name;
  std::string_view value;
  if (!split_field(line, name, value)) return bad_framing();
  trailer_bytes_ += line.size();
  if (++trailer_count_ > limits.header_count) return Refusal{431, "there are too many trailer fields"};
  return std::nullopt;
}

}  // namespace fleetsign::http
