// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/request_reader.h"

#include <algorithm>
#include <utility>

namespace fleetsign::http {

/// Calls use(rest) with all that is not understood yet, and keeps what that leaves.
template <class Use>
std::optional<Refusal> RequestReader::use_up(std::string_view bytes, Use use) {
  if (kept_.empty()) {  // the usual case: a request that comes in one piece is never copied as a whole
    auto refusal = use(bytes);
    kept_.assign(bytes);
    return refusal;
  }
  kept_.append(bytes);
  std::string_view rest = kept_;
  auto refusal = use(rest);
  kept_.erase(0, kept_.size() - rest.size());
  return refusal;
}

std::optional<Refusal> RequestReader::feed(std::string_view bytes) {
  return use_up(bytes, [this](std::string_view& rest) { return advance(rest); });
}

std::optional<Refusal> RequestReader::feed_body(std::string_view bytes, std::string& body) {
  return use_up(bytes, [&](std::string_view& rest) { return body_.decode(rest, body, limits_); });
}

std::optional<Refusal> RequestReader::advance(std::string_view& bytes) {
  if (!head_) {
    if (auto refusal = read_head(bytes)) return refusal;
  }
  if (!head_) return std::nullopt;
  auto refusal = head_->streamed ? std::nullopt : body_.decode(bytes, head_->request.body, limits_);
  complete_ = head_->streamed || body_.done();
  return refusal;
}

std::optional<Refusal> RequestReader::read_head(std::string_view& bytes) {
  // RFC 9112 section 2.2: "a server ... SHOULD ignore at least one empty line (CRLF) received prior to the
  // request-line".
  if (!skipped_line_ && bytes == "\r") return std::nullopt;
  if (!skipped_line_ && bytes.starts_with("\r\n")) {
    bytes.remove_prefix(2);
    skipped_line_ = true;
  }
  const auto end = find_head_end(bytes, std::min(searched_, bytes.size()));
  if (!end) {
    searched_ = bytes.size();
    return refuse_unfinished_head(bytes, limits_);
  }
  auto head = parse_head(bytes.substr(0, *end), limits_);
  if (!head.ok()) return std::move(head).error();
  bytes.remove_prefix(*end);
  head_ = std::move(head).value();
  head_->request.endpoint = endpoint_;
  return begin_body();
}

/// A body whose size is told is refused before any of it is read.
std::optional<Refusal> RequestReader::begin_body() {
  const Framing& framing = head_->framing;
  const bool may_exceed = framing.kind == Framing::Kind::chunked || framing.size > limits_.body_bytes;
  head_->streamed = may_exceed && body_limit_ && body_limit_(head_->request) == BodyLimit::streamed;
  const std::size_t most = head_->streamed ? limits_.streamed_body_bytes : limits_.body_bytes;
  if (framing.size > most) return body_too_large();
  body_ = FramedBody(framing, most);
  return std::nullopt;
}

bool RequestReader::take_expectation() {
  return head_ && !complete_ && head_->request.body.empty() && std::exchange(head_->expects_continue, false);
}

Head RequestReader::take() {
  Head head = *std::move(head_);
  head_.reset();
  complete_ = false;
  skipped_line_ = false;
  searched_ = 0;
  if (kept_.empty()) kept_.shrink_to_fit();  // an idle connection holds no buffer
  return head;
}

}  // namespace fleetsign::http
