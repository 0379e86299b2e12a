// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/head.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "daemon/http/path.h"
#include "daemon/http/syntax.h"

namespace fleetsign::http {
namespace {

using MaybeRefusal = std::optional<Refusal>;

constexpr std::size_t kMethodBytes = 32;
/// What a request line holds beside its target: method, two spaces, version, line end.
constexpr std::size_t kBesideTarget = kMethodBytes + 12;
constexpr std::size_t kEmptyLine = 2;

Refusal bad(std::string reason) {
  return {400, std::move(reason)};
}
Refusal target_too_long() {
  return {414, "the request target is too long"};
}
Refusal fields_too_large() {
  return {431, "the header fields are too large"};
}

/// Takes the next line off the front, without its CRLF. False when it ends in a line feed alone.
bool take_line(std::string_view& bytes, std::string_view& line) {
  const auto feed = bytes.find('\n');
  if (feed == bytes.npos || feed == 0 || bytes[feed - 1] != '\r') return false;
  line = bytes.substr(0, feed - 1);
  bytes.remove_prefix(feed + 1);
  return true;
}

/// Calls use(member) for each member of a comma-separated list (RFC 9110 section 5.6.1).
template <class Use>
void for_each_member(std::string_view list, Use use) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    use(trim(list.substr(0, comma)));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

void set_target(std::string_view target, Request& request) {
  const auto mark = target.find('?');
  request.target = target;
  request.path = canonical_path(target.substr(0, mark));
  if (mark != target.npos) request.query = target.substr(mark + 1);
}

/// "http://host/path?query": the host goes to `authority`, the rest is the target.
MaybeRefusal read_absolute_target(std::string_view target, Request& request, std::string& authority) {
  const auto scheme_end = target.find("://");
  const std::string_view scheme = target.substr(0, scheme_end);
  if (scheme_end == target.npos || !(equal_ignoring_case(scheme, "http") || equal_ignoring_case(scheme, "https"))) {
    return bad("the request target is neither a path nor an http URL");
  }
  target.remove_prefix(scheme_end + 3);
  const std::string_view host = target.substr(0, target.find_first_of("/?"));
  if (!is_authority(host)) return bad("the request target has a malformed host");
  authority = host;
  target.remove_prefix(host.size());
  set_target(target.starts_with('/') ? std::string(target) : "/" + std::string(target), request);
  return std::nullopt;
}

MaybeRefusal read_target(std::string_view target, Request& request, std::string& authority) {
  if (!is_target(target)) return bad("the request target has characters that are not allowed there");
  const bool asterisk = target == "*" && request.method == "OPTIONS";
  if (!target.starts_with('/') && !asterisk) return read_absolute_target(target, request, authority);
  set_target(target, request);
  return std::nullopt;
}

MaybeRefusal read_version(std::string_view version, Head& head) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != 8 || !version.starts_with("HTTP/") || !digit(version[5]) || version[6] != '.' ||
      !digit(version[7])) {
    return bad("the request line does not end in an HTTP version");
  }
  if (version[5] != '1') return Refusal{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  head.http_1_0 = version[7] == '0';
  head.keep_alive = !head.http_1_0;
  return std::nullopt;
}

MaybeRefusal read_request_line(std::string_view line, const Limits& limits, Head& head, std::string& authority) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == line.npos || first == last) return bad("the request line is malformed");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (method.size() > kMethodBytes || !is_token(method)) return bad("the request method is malformed");
  if (target.size() > limits.uri_bytes) return target_too_long();
  head.request.method = method;
  if (auto refusal = read_version(line.substr(last + 1), head)) return refusal;
  return read_target(target, head.request, authority);
}

MaybeRefusal read_fields(std::string_view bytes, const Limits& limits, Headers& headers) {
  if (bytes.size() > limits.header_bytes + kEmptyLine) return fields_too_large();
  for (;;) {
    std::string_view line;
    if (!take_line(bytes, line)) return bad("a header line does not end in CR LF");
    if (line.empty()) return std::nullopt;
    std::string_view name;
    std::string_view value;
    if (!split_field(line, name, value)) return bad("a header field is malformed");
    if (headers.size() == limits.header_count) return Refusal{431, "there are too many header fields"};
    headers.add(std::string(name), std::string(value));
  }
}

MaybeRefusal judge_host(Head& head, std::string authority) {
  Headers& headers = head.request.headers;
  const std::size_t hosts = headers.count("Host");
  if (hosts > 1) return bad("there is more than one Host field");
  if (hosts == 0 && !head.http_1_0) return bad("the Host field is missing");
  if (hosts == 1) {
    const std::string& host = *headers.find("Host");
    if (!host.empty() && !is_authority(host)) return bad("the Host field is malformed");
  }
  if (!authority.empty()) headers.set("Host", std::move(authority));
  return std::nullopt;
}

MaybeRefusal read_content_length(const std::string& text, Framing& framing) {
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return bad("Content-Length is not a number");
  if (std::from_chars(text.data(), text.data() + text.size(), framing.size).ec != std::errc{}) {
    framing.size = std::numeric_limits<std::size_t>::max();
  }
  framing.kind = Framing::Kind::sized;
  return std::nullopt;
}

MaybeRefusal judge_framing(Head& head) {
  const Headers& headers = head.request.headers;
  const std::size_t lengths = headers.count("Content-Length");
  const std::size_t codings = headers.count("Transfer-Encoding");
  if (lengths > 0 && codings > 0) return bad("both Content-Length and Transfer-Encoding are given");
  if (lengths > 1 || codings > 1) return bad("the length of the body is given more than once");
  if (lengths == 1) return read_content_length(*headers.find("Content-Length"), head.framing);
  if (codings == 0) return std::nullopt;
  if (head.http_1_0) return bad("HTTP/1.0 has no Transfer-Encoding");
  if (!equal_ignoring_case(*headers.find("Transfer-Encoding"), "chunked")) {
    return bad("the only Transfer-Encoding accepted is chunked");
  }
  head.framing.kind = Framing::Kind::chunked;
  return std::nullopt;
}

void read_persistence(Head& head) {
  bool close = false;
  for (const Header& field : head.request.headers) {
    if (!equal_ignoring_case(field.name, "Connection")) continue;
    for_each_member(field.value, [&](std::string_view option) {
      if (equal_ignoring_case(option, "close")) close = true;
      if (equal_ignoring_case(option, "keep-alive")) head.keep_alive = true;
    });
  }
  if (close) head.keep_alive = false;
}

}  // namespace

std::optional<std::size_t> find_head_end(std::string_view bytes, std::size_t searched) {
  // An end found now may have begun up to two bytes before what is new: LF, CR, then LF.
  for (auto feed = bytes.find('\n', searched - std::min<std::size_t>(searched, 2)); feed != bytes.npos;
       feed = bytes.find('\n', feed + 1)) {
    const std::string_view rest = bytes.substr(feed + 1, 2);
    if (rest.starts_with('\n')) return feed + 2;
    if (rest == "\r\n") return feed + 3;
  }
  return std::nullopt;
}

std::optional<Refusal> refuse_unfinished_head(std::string_view bytes, const Limits& limits) {
  if (!bytes.empty() && !is_token(bytes.substr(0, 1))) {
    return bad("this is not an HTTP request; does the client speak TLS to a plain port?");
  }
  const std::size_t line = std::min(bytes.find('\n'), bytes.size());
  if (line > limits.uri_bytes + kBesideTarget) return target_too_long();
  const std::size_t fields = bytes.size() - std::min(line + 1, bytes.size());
  if (fields > limits.header_bytes + kEmptyLine) return fields_too_large();
  return std::nullopt;
}

crypto::Result<Head, Refusal> parse_head(std::string_view bytes, const Limits& limits) {
  Head head;
  std::string authority;
  std::string_view line;
  if (!take_line(bytes, line)) return bad("the request line does not end in CR LF");
  if (auto refusal = read_request_line(line, limits, head, authority)) return *std::move(refusal);
  if (auto refusal = read_fields(bytes, limits, head.request.headers)) return *std::move(refusal);
  if (auto refusal = judge_host(head, std::move(authority))) return *std::move(refusal);
  if (auto refusal = judge_framing(head)) return *std::move(refusal);
  read_persistence(head);
  const std::string* expect = head.request.headers.find("Expect");
  head.expects_continue = expect != nullptr && !head.http_1_0 && equal_ignoring_case(*expect, "100-continue");
  return head;
}

}  // namespace fleetsign::http
