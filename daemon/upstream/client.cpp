// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/client.h"

#include <curl/curl.h>

#include <stdexcept>
#include <utility>

#include "crypto/result.h"
#include "daemon/ops/clock.h"
#include "daemon/upstream/exchange.h"
#include "daemon/upstream/loop.h"
#include "daemon/upstream/opening.h"
#include "daemon/upstream/request_rules.h"
#include "daemon/upstream/stream.h"
#include "daemon/upstream/url_rules.h"

namespace fleetsign::upstream {
namespace {

Undelivered not_sent(std::string cause) {
  return {.sent = Undelivered::Sent::no, .phase = Undelivered::Phase::refused, .cause = std::move(cause)};
}

/// Where it goes, if it may.
crypto::Result<Target, Undelivered> admit(const Request& request) {
  if (auto why = refusal(request)) return not_sent(std::move(*why));
  auto target = judge_url(request.url);
  if (!target) return not_sent(std::move(target).error());
  if (ops::boot_now() < request.deadline) return std::move(target).value();
  Undelivered late = not_sent("the deadline had passed before anything was sent to " + target->place);
  late.timed_out = true;
  return late;
}

/// The body of the request that open() is to stream. None where there is none to tell of.
std::optional<Upload> upload_of(const Request& request) {
  if (!request.body_source) return std::nullopt;
  const auto size = request.body_source->size();
  if (size == 0 && !tells_length(request.method)) return std::nullopt;
  return Upload{.size = size};
}

class CurlClient final : public Client {
 public:
  explicit CurlClient(const Options& options) : loop_(options) {
    if (!options.http2) return;
    Options over_http1 = options;
    over_http1.http2 = false;
    streams_.emplace(std::move(over_http1));
  }

  Answer send(const Request& request) override {
    auto target = admit(request);
    if (!target) return std::move(target).error();
    const auto exchange = std::make_shared<Exchange>(request, std::move(target).value());
    loop_.submit(exchange);
    Answer answer = exchange->wait();
    if (exchange->given_up()) loop_.inbox()->nudge(exchange);
    return answer;
  }

  Opening open(const Request& request) override {
    auto target = admit(request);
    if (!target) return std::move(target).error();
    Loop& loop = streams_ ? *streams_ : loop_;
    const auto stream = std::make_shared<Stream>(request, std::move(target).value(), upload_of(request), loop.inbox());
    loop.submit(stream);
    return await_opening(stream, request.body_source.get());
  }

  [[nodiscard]] std::optional<std::string> why_stopped() const override {
    auto why = loop_.why_stopped();
    return why || !streams_ ? why : streams_->why_stopped();
  }

  [[nodiscard]] bool responds_within(std::chrono::milliseconds patience) const override {
    return loop_.inbox()->is_taken_within(patience) && (!streams_ || streams_->inbox()->is_taken_within(patience));
  }

  void wind_down() override {
    loop_.wind_down();
    if (streams_) streams_->wind_down();
  }

  void shut_down() override {
    loop_.stop();
    if (streams_) streams_->stop();
  }

 private:
  Loop loop_;
  /// Where there is HTTP/2: a pool of connections of its own for what goes over HTTP/1.1 all the same. In one pool with
  /// both, libcurl 7.88 has put a request on an HTTP/1.1 connection in use, and its reply went to somebody else.
  std::optional<Loop> streams_;
};

/// Once for the process, and never undone: other users of libcurl in it may go on.
void initialise_libcurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw std::runtime_error(std::string("libcurl cannot start: ") + curl_easy_strerror(code));
}

}  // namespace

std::unique_ptr<Client> Client::start(const Options& options) {
  initialise_libcurl();
  return std::make_unique<CurlClient>(options);
}

}  // namespace fleetsign::upstream
