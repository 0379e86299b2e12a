// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/opening.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace fleetsign::upstream {
namespace {

/// Broken off when it ends before the reply does.
class ReplyBody final : public http::BodySource {
 public:
  explicit ReplyBody(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
  ~ReplyBody() override { stream_->break_off("the reply was given up"); }
  ReplyBody(const ReplyBody&) = delete;
  ReplyBody& operator=(const ReplyBody&) = delete;

  void set_size(std::optional<std::uint64_t> size) { size_ = size; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }
  crypto::Result<std::size_t, std::string> read(std::span<char> into) override { return stream_->read(into); }

 private:
  const std::shared_ptr<Stream> stream_;
  std::optional<std::uint64_t> size_;
};

/// RFC 9112 section 6.3.
std::optional<std::uint64_t> body_size(const std::string& method, const Delivered& head) {
  if (method == "HEAD" || http::has_no_content(head.status)) return 0;
  if (head.headers.find("Transfer-Encoding") != nullptr) return std::nullopt;
  return http::content_length(head.headers);
}

/// Why the body could not be read as far as it says that it goes; nothing when it could, or was not wanted.
std::optional<std::string> pump(http::BodySource& source, Stream& stream) {
  constexpr std::size_t kPiece = std::size_t{16} * 1024;
  std::array<char, kPiece> piece{};
  const auto& size = stream.upload()->size;
  std::uint64_t total = 0;
  while (size != total) {
    if (!stream.wants_more()) return std::nullopt;
    const std::uint64_t most = size ? std::min<std::uint64_t>(*size - total, kPiece) : kPiece;
    const auto count = source.read(std::span(piece).first(most));
    if (!count) return "the body of the request broke off: " + count.error();
    if (*count == 0) break;
    total += *count;
    stream.send_piece({piece.data(), *count});
  }
  if (size && total < *size) return "the body of the request is shorter than it said";
  stream.end_upload();
  return std::nullopt;
}

}  // namespace

Opening await_opening(const std::shared_ptr<Stream>& stream, http::BodySource* source) {
  auto body = std::make_unique<ReplyBody>(stream);
  if (source != nullptr && stream->upload()) {
    source->ask_while_waiting([stream] { return stream->awaits_piece(); });
    if (const auto failure = pump(*source, *stream)) stream->fail_upload(*failure);
  }
  auto head = stream->await_head();
  if (auto* const undelivered = std::get_if<Undelivered>(&head)) return std::move(*undelivered);
  auto& delivered = std::get<Delivered>(head);
  body->set_size(body_size(stream->request().method, delivered));
  return Incoming{.status = delivered.status,
                  .headers = std::move(delivered.headers),
                  .body = std::move(body),
                  .repeats = delivered.repeats};
}

}  // namespace fleetsign::upstream
