// SPDX-License-Identifier: Apache-2.0
// The bytes of a connection: read as requests in one piece and in several, each request answered by a handler that
// sends back what it got. Cutting must make no difference, and no request may write beyond its own fields.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/codec.h"
#include "daemon/http/path.h"
#include "daemon/http/request_reader.h"
#include "tests/support/fuzz.h"

namespace {

using namespace fleetsign::http;

// Small, so that short inputs reach them.
const Limits kLimits{.uri_bytes = 64, .header_bytes = 256, .header_count = 8, .body_bytes = 128};

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::vector<Head> requests;
  bool refused = false;
};

Outcome read(std::string_view bytes, std::size_t piece) {
  Outcome outcome;
  RequestReader reader(kLimits);
  for (std::size_t at = 0; at < bytes.size() && !outcome.refused; at += piece) {
    auto refusal = reader.feed(bytes.substr(at, piece));
    while (!refusal && reader.complete()) {
      outcome.requests.push_back(reader.take());
      refusal = reader.feed({});
    }
    outcome.refused = refusal.has_value();
  }
  return outcome;
}

bool same(const Head& a, const Head& b) {
  return a.request.method == b.request.method && a.request.target == b.request.target &&
         a.request.body == b.request.body && a.keep_alive == b.keep_alive && a.http_1_0 == b.http_1_0 &&
         std::equal(a.request.headers.begin(), a.request.headers.end(), b.request.headers.begin(),
                    b.request.headers.end(),
                    [](const Header& x, const Header& y) { return x.name == y.name && x.value == y.value; });
}

std::size_t lines(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

void check_request(const Head& head) {
  const Request& request = head.request;
  require(!request.method.empty() && request.method.find_first_of(" \r\n") == std::string::npos);
  require(request.target.starts_with('/') || request.target == "*");
  const auto mark = request.target.find('?');
  require(request.path == canonical_path(request.target.substr(0, mark)));
  require(request.path == canonical_path(request.path));
  require(request.query == (mark == std::string::npos ? "" : request.target.substr(mark + 1)));
  require(request.body.size() <= kLimits.body_bytes);
  require(request.headers.size() <= kLimits.header_count + 1);  // an absolute target may add the Host
  require(request.headers.count("Host") == 1 || head.http_1_0);
  for (const Header& field : request.headers) require(field.value.find_first_of("\r\n") == std::string::npos);
}

void check_answer(const Codec& codec, const Head& head) {
  const Answer answer = codec.answer(head);
  require(answer.head.starts_with("HTTP/1.1 200 OK\r\n") && answer.head.ends_with("\r\n\r\n"));
  require(answer.head.find("\r\n\r\n") == answer.head.size() - 4);
  require(answer.body == (head.request.method == "HEAD" ? "" : head.request.body));
  // Status, length, date, perhaps Connection, the empty line; and each field of the request at most once.
  require(lines(answer.head) <= 5 + head.request.headers.size());
}

}  // namespace

void fuzz(std::span<const std::uint8_t> input) {
  static const std::atomic<bool> closing{false};
  static const Codec codec(
      [](const Request& request) { return Reply{.headers = request.headers, .body = request.body}; }, nullptr, closing);
  const std::string bytes(input.begin(), input.end());
  const Outcome whole = read(bytes, std::max<std::size_t>(bytes.size(), 1));
  for (const Head& head : whole.requests) {
    check_request(head);
    check_answer(codec, head);
  }
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
    const Outcome cut = read(bytes, piece);
    require(cut.refused == whole.refused);
    require(std::equal(cut.requests.begin(), cut.requests.end(), whole.requests.begin(), whole.requests.end(), same));
  }
}
