// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/body_writer.h"

#include <poll.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

namespace fleetsign::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// A piece of a body with room around it for what makes it a chunk (RFC 9112 section 7.1).
class Piece {
 public:
  std::span<char> room() { return std::span(memory_).subspan(kSizeRoom, kRecordBytes); }

  [[nodiscard]] std::string_view plain(std::size_t size) const { return {memory_.data() + kSizeRoom, size}; }

  std::string_view chunk(std::size_t size) {
    std::array<char, kSizeRoom> line{};
    char* const end = std::to_chars(line.data(), line.data() + line.size(), size, 16).ptr;
    const std::string_view digits(line.data(), static_cast<std::size_t>(end - line.data()));
    const std::size_t begin = kSizeRoom - kLineEnd.size() - digits.size();
    digits.copy(memory_.data() + begin, digits.size());
    kLineEnd.copy(memory_.data() + begin + digits.size(), kLineEnd.size());
    kLineEnd.copy(memory_.data() + kSizeRoom + size, kLineEnd.size());
    return {memory_.data() + begin, kSizeRoom + size + kLineEnd.size() - begin};
  }

 private:
  static constexpr std::size_t kSizeRoom = 8;
  std::array<char, kSizeRoom + kRecordBytes + kLineEnd.size()> memory_;
};

}  // namespace

bool BodyWriter::write(const Answer& answer) {
  return send(answer.head) && write_body(*answer.body_source, answer.coding);
}

bool BodyWriter::write_body(BodySource& source, Answer::Coding coding) {
  const bool chunked = coding == Answer::Coding::chunked;
  std::uint64_t left = std::numeric_limits<std::uint64_t>::max();
  if (coding == Answer::Coding::sized) left = source.size().value_or(0);
  Piece piece;  // NOLINT(cppcoreguidelines-pro-type-member-init): read() fills what is used
  for (;;) {
    const auto count = source.read(piece.room());
    // Behind the last byte that was told, only the source's own affairs can go wrong.
    if (!count || *count > left) return left == 0 && !count;
    if (*count == 0) break;
    if (!send(chunked ? piece.chunk(*count) : piece.plain(*count))) return false;
    if (coding == Answer::Coding::sized) left -= *count;
  }
  if (coding == Answer::Coding::sized) return left == 0;
  return !chunked || send(kLastChunk);
}

bool BodyWriter::send(std::string_view bytes) {
  pace_.start();
  const std::size_t sent = send_some(bytes);
  pace_.stop(sent);
  return sent == bytes.size();
}

/// As many of them as go.
std::size_t BodyWriter::send_some(std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto [state, moved] = transport_.write(bytes.substr(sent), {});
    sent += moved;
    if (state == Transport::State::moved) continue;
    const bool waits = state == Transport::State::wants_readable || state == Transport::State::wants_writable;
    const short events = state == Transport::State::wants_readable ? POLLIN : POLLOUT;
    if (!waits || !pace_.wait(transport_.descriptor(), events)) break;
  }
  return sent;
}

}  // namespace fleetsign::http
