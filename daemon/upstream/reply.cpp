// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/reply.h"

#include <charconv>
#include <utility>

#include "daemon/http/syntax.h"

namespace fleetsign::upstream {
namespace {

/// Without what ends the line, and without the blanks around it.
std::string_view trimmed(std::string_view line) {
  return http::trim(line.substr(0, line.find_last_not_of("\r\n") + 1));
}

/// "HTTP/1.1 200 OK", "HTTP/2 200"; 0 when there is no number.
int status_of(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return 0;
  const std::string_view number = trimmed(line.substr(space));
  int status = 0;
  std::from_chars(number.data(), number.data() + number.size(), status);
  return status;
}

}  // namespace

bool Reply::take_line(std::string_view line) {
  head_bytes_ += line.size();
  if (head_bytes_ > kHeadBytes) {
    excess_ = "the head of the reply is too large";
    return false;
  }
  if (expect_ == Expect::body) return true;  // trailers, which nobody here reads

  if (expect_ == Expect::status_line) {
    status_ = status_of(line);
    expect_ = Expect::field;
  } else if (trimmed(line).empty()) {
    expect_ = begun() ? Expect::body : Expect::status_line;
  } else if (begun()) {
    take_field(line);
  }
  return true;
}

void Reply::take_field(std::string_view line) {
  const bool continued = line.front() == ' ' || line.front() == '\t';
  if (continued && !fields_.empty()) {
    // RFC 9112 section 5.2: a folded value is one value with spaces in it.
    fields_.back().value.append(" ").append(trimmed(line));
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  fields_.push_back({std::string(trimmed(line.substr(0, colon))), std::string(trimmed(line.substr(colon + 1)))});
}

bool Reply::take_body(std::string_view piece) {
  if (piece.size() > body_bytes_ - body_.size()) {
    excess_ = "the body of the reply is too large";
    return false;
  }
  body_ += piece;
  return true;
}

Delivered Reply::take() {
  Delivered delivered{.status = status_, .body = std::move(body_)};
  for (http::Header& field : fields_) delivered.headers.add(std::move(field.name), std::move(field.value));
  return delivered;
}

}  // namespace fleetsign::upstream
