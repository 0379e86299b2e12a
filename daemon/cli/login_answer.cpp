// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/login_answer.h"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/url.h"
#include "daemon/http/path.h"

namespace fleetsign::cli {
namespace {

using Reason = accounts::AuthorizationError::Reason;

constexpr std::chrono::milliseconds kTimeForTheLastReply{1'000};

struct RedirectUri {
  config::Origin origin;
  std::string path;  ///< with its slash, without query
};

std::optional<RedirectUri> read_uri(std::string_view uri) {
  const auto scheme_end = uri.find("://");
  if (scheme_end == std::string_view::npos) return std::nullopt;
  const auto path = uri.find_first_of("/?#", scheme_end + 3);
  const auto origin = config::parse_origin(uri.substr(0, path));
  if (!std::holds_alternative<config::Origin>(origin)) return std::nullopt;
  const auto behind = path == std::string_view::npos ? std::string_view() : uri.substr(path);
  const auto only_path = behind.substr(0, behind.find_first_of("?#"));
  return RedirectUri{.origin = std::get<config::Origin>(origin),
                     .path = http::canonical_path(only_path.empty() ? "/" : only_path)};
}

/// Where browsers look for an origin of this machine; IPv6 comes last.
std::vector<http::Endpoint> places_of(const config::Origin& origin) {
  auto other = origin;
  other.host = "::1";
  std::vector<http::Endpoint> places{{.url = config::to_text(origin)}};
  // Of port 0 nobody knows yet which one it is, so that another could not have the same.
  if (origin.host == "localhost" && origin.port != 0) places.push_back({.url = config::to_text(other)});
  return places;
}

http::Reply page(int status, const std::string& text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"},
                      {"Cache-Control", "no-store"},
                      {"Referrer-Policy", "no-referrer"},
                      {"X-Content-Type-Options", "nosniff"}},
          .body = text + "\n"};
}

}  // namespace

struct LoginAnswer::Impl {
  std::string path{};
  std::string state{};
  std::string redirect_uri{};
  std::mutex mutex{};
  std::condition_variable changed{};
  std::optional<Code> code{};  // with mutex held
  std::unique_ptr<http::Listener> listener{};

  http::Reply answer(const http::Request& request);
};

http::Reply LoginAnswer::Impl::answer(const http::Request& request) {
  if (request.path != path) return page(404, "There is nothing here.");
  if (request.method != "GET") return page(405, "This is for a browser that comes back from a login.");
  auto found = accounts::read_code(request.query, state);
  if (!found && found.error().reason == Reason::foreign) {
    return page(400,
                "This is not the answer to the login that fleetsign waits for. Open the link that it has printed.");
  }
  const bool is_code = found.ok();
  {
    const std::lock_guard lock(mutex);
    // Only the first one counts: whoever repeats it has nothing to add.
    if (!code) code = std::move(found);
  }
  changed.notify_all();
  return page(200, is_code ? "Thank you. The terminal says how it goes on; this page can be closed."
                           : "This login was refused. The terminal says what to do; this page can be closed.");
}

std::optional<std::string> LoginAnswer::obstacle_to(const std::string& redirect_uri) {
  const auto uri = read_uri(redirect_uri);
  if (!uri || !config::is_loopback(uri->origin.host)) return "which is not this machine";
  if (uri->origin.scheme != "http") return "for which fleetsign has no certificate";
  return std::nullopt;
}

crypto::Result<std::unique_ptr<LoginAnswer>, http::ListenError> LoginAnswer::open(const std::string& redirect_uri,
                                                                                  const std::string& state) {
  auto uri = read_uri(redirect_uri).value();
  constexpr std::uint16_t kPortOfHttp = 80;
  uri.origin.port = uri.origin.port.value_or(kPortOfHttp);
  auto impl = std::make_unique<Impl>();
  impl->path = uri.path;
  impl->state = state;
  const auto listen = [&](std::vector<http::Endpoint> endpoints) {
    return http::Listener::open(
        {.endpoints = std::move(endpoints),
         .limits = {.connections = 100, .workers = 4},
         .handler = [impl = impl.get()](const auto& request) { return impl->answer(request); }});
  };
  auto places = places_of(uri.origin);
  auto listener = listen(places);
  // A machine may do without IPv6; but what another program took there, browsers would bring the answer to.
  if (!listener && listener.error().reason == http::ListenError::Reason::unavailable && places.size() > 1) {
    places.pop_back();
    listener = listen(places);
  }
  if (!listener) return listener.error();
  impl->listener = *std::move(listener);
  const bool is_any_port = uri.origin.port == 0;
  impl->redirect_uri = is_any_port ? impl->listener->urls().front() + uri.path : redirect_uri;
  return std::unique_ptr<LoginAnswer>(new LoginAnswer(std::move(impl)));
}

LoginAnswer::LoginAnswer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

LoginAnswer::~LoginAnswer() {
  impl_->listener->shut_down(kTimeForTheLastReply);
}

const std::string& LoginAnswer::redirect_uri() const {
  return impl_->redirect_uri;
}

std::optional<Code> LoginAnswer::wait(std::chrono::seconds longest) {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait_for(lock, longest, [this] { return impl_->code.has_value(); });
  return std::exchange(impl_->code, std::nullopt);
}

}  // namespace fleetsign::cli
