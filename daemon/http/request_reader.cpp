// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/request_reader.h"

#include <algorithm>
#include <utility>

namespace fleetsign::http {

std::optional<Refusal> RequestReader::feed(std::string_view bytes) {
  if (kept_.empty()) {  // the usual case: a request that comes in one piece is never copied as a whole
    auto refusal = advance(bytes);
    kept_.assign(bytes);
    return refusal;
  }
  kept_.append(bytes);
  std::string_view rest = kept_;
  auto refusal = advance(rest);
  kept_.erase(0, kept_.size() - rest.size());
  return refusal;
}

std::optional<Refusal> RequestReader::advance(std::string_view& bytes) {
  if (!head_) {
    if (auto refusal = read_head(bytes)) return refusal;
  }
  return head_ ? read_body(bytes) : std::nullopt;
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
  return limit_body();
}

/// A body whose size is told is refused before any of it is read.
std::optional<Refusal> RequestReader::limit_body() {
  const Framing& framing = head_->framing;
  body_bytes_ = limits_.body_bytes;
  const bool may_exceed = framing.kind == Framing::Kind::chunked || framing.size > body_bytes_;
  if (!may_exceed) return std::nullopt;
  if (body_limit_ && body_limit_(head_->request) == BodyLimit::large) body_bytes_ = limits_.large_body_bytes;
  if (framing.size > body_bytes_) return body_too_large();
  return std::nullopt;
}

std::optional<Refusal> RequestReader::read_body(std::string_view& bytes) {
  const Framing& framing = head_->framing;
  std::string& body = head_->request.body;
  if (framing.kind == Framing::Kind::chunked) {
    auto refusal = chunked_.decode(bytes, body, body_bytes_, limits_);
    complete_ = chunked_.done();
    return refusal;
  }
  const std::size_t taken = std::min(framing.size - body.size(), bytes.size());
  body.append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  complete_ = body.size() == framing.size;
  return std::nullopt;
}

bool RequestReader::take_expectation() {
  return head_ && !complete_ && head_->request.body.empty() && std::exchange(head_->expects_continue, false);
}

Head RequestReader::take() {
  Head head = *std::move(head_);
  head_.reset();
  chunked_ = {};
  complete_ = false;
  skipped_line_ = false;
  searched_ = 0;
  if (kept_.empty()) kept_.shrink_to_fit();  // an idle connection holds no buffer
  return head;
}

}  // namespace fleetsign::http
