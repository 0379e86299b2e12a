// SPDX-License-Identifier: Apache-2.0
#include "tests/daemon/upstream/http2_peer.h"

namespace fleetsign::upstream {
namespace {

// RFC 9113 section 6.
enum Type : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kResetStream = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8
};
constexpr std::uint8_t kAcknowledged = 1;
constexpr std::uint8_t kEndStream = 1;
constexpr std::uint8_t kEndHeaders = 4;

std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
  return bytes;
}

std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t number = 0;
  for (const char byte : bytes.substr(at, size)) number = number << 8 | static_cast<std::uint8_t>(byte);
  return number;
}

}  // namespace

Http2Peer::Http2Peer(tests::Peer& peer) : peer_(peer) {
  peer_.read(24);  // "PRI * HTTP/2.0 …"
  write_frame({.type = kSettings});
  // As much as all tests' bodies together; nobody gives it back.
  write_frame({.type = kWindowUpdate, .payload = big_endian(100'000'000)});
}

std::optional<std::uint32_t> Http2Peer::next_request() {
  while (const auto frame = read_frame()) {
    if (frame->type == kHeaders) ++opened_;
    if (frame->type == kResetStream) cancelled_.insert(frame->stream);
    if (frame->type == kData) bodies_[frame->stream] += frame->payload;
    const bool is_request = frame->type == kHeaders || frame->type == kData;
    if (is_request && (frame->flags & kEndStream) != 0) return frame->stream;
    const bool wants_answer = frame->type == kSettings || frame->type == kPing;
    if (!wants_answer || (frame->flags & kAcknowledged) != 0) continue;
    write_frame({.type = frame->type, .flags = kAcknowledged, .payload = frame->type == kPing ? frame->payload : ""});
  }
  return std::nullopt;
}

std::string Http2Peer::take_body(std::uint32_t stream) {
  const auto body = bodies_.extract(stream);
  return body.empty() ? "" : body.mapped();
}

void Http2Peer::reply(std::uint32_t stream, std::string_view body) {
  // RFC 7541 appendix A: entry 8 of the static table is ":status: 200".
  write_frame({.type = kHeaders, .flags = kEndHeaders, .stream = stream, .payload = "\x88"});
  write_frame({.type = kData, .flags = kEndStream, .stream = stream, .payload = std::string(body)});
}

void Http2Peer::reset(std::uint32_t stream, std::uint32_t error) {
  write_frame({.type = kResetStream, .stream = stream, .payload = big_endian(error)});
}

void Http2Peer::go_away(std::uint32_t last_stream) {
  write_frame({.type = kGoAway, .payload = big_endian(last_stream) + big_endian(0)});
}

std::optional<Http2Peer::Frame> Http2Peer::read_frame() {
  const std::string head = peer_.read(9);
  if (head.size() < 9) return std::nullopt;
  Frame frame{.type = static_cast<std::uint8_t>(head[3]),
              .flags = static_cast<std::uint8_t>(head[4]),
              .stream = number_at(head, 5, 4)};
  const std::size_t size = number_at(head, 0, 3);
  frame.payload = peer_.read(size);
  if (frame.payload.size() < size) return std::nullopt;
  return frame;
}

void Http2Peer::write_frame(const Frame& frame) {
  std::string bytes = big_endian(static_cast<std::uint32_t>(frame.payload.size())).substr(1);
  bytes += static_cast<char>(frame.type);
  bytes += static_cast<char>(frame.flags);
  peer_.write(bytes + big_endian(frame.stream) + frame.payload);
}

}  // namespace fleetsign::upstream
