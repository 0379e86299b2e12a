// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/client.h"

#include <curl/curl.h>

#include <stdexcept>
#include <utility>

#include "daemon/ops/clock.h"
#include "daemon/upstream/exchange.h"
#include "daemon/upstream/loop.h"
#include "daemon/upstream/request_rules.h"
#include "daemon/upstream/url_rules.h"

namespace fleetsign::upstream {
namespace {

Undelivered not_sent(std::string cause) {
  return {.sent = Undelivered::Sent::no, .phase = Undelivered::Phase::connect, .cause = std::move(cause)};
}

class CurlClient final : public Client {
 public:
  explicit CurlClient(Options options) : loop_(std::move(options)) {}

  Answer send(const Request& request) override {
    if (auto why = refusal(request)) return not_sent(std::move(*why));
    auto target = judge_url(request.url);
    if (!target) return not_sent(std::move(target).error());
    if (ops::boot_now() >= request.deadline) {
      Undelivered late = not_sent("the deadline had passed before anything was sent to " + target->place);
      late.timed_out = true;
      return late;
    }
    const auto exchange = std::make_shared<Exchange>(request, std::move(target).value());
    loop_.submit(exchange);
    return exchange->wait();
  }

  Opening open(const Request& request) override {
    Request whole = request;
    if (request.body_source) {
      auto body = http::read_all(*request.body_source);
      if (!body) return not_sent(std::move(body).error().cause);
      whole.body = *std::move(body);
    }
    Answer answer = send(whole);
    if (auto* undelivered = std::get_if<Undelivered>(&answer)) return std::move(*undelivered);
    auto& delivered = std::get<Delivered>(answer);
    return Incoming{.status = delivered.status,
                    .headers = std::move(delivered.headers),
                    .body = std::make_unique<http::WholeBody>(std::move(delivered.body))};
  }

  [[nodiscard]] std::optional<std::string> why_stopped() const override { return loop_.why_stopped(); }

  void shut_down() override { loop_.stop(); }

 private:
  Loop loop_;
};

/// Once for the process, and never undone: other users of libcurl in it may go on.
void initialise_libcurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw std::runtime_error(std::string("libcurl cannot start: ") + curl_easy_strerror(code));
}

}  // namespace

std::unique_ptr<Client> Client::start(Options options) {
  initialise_libcurl();
  return std::make_unique<CurlClient>(std::move(options));
}

}  // namespace fleetsign::upstream
