// SPDX-License-Identifier: Apache-2.0
#include "simulator/token_book.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace {

using fleetsign::simulator::Issued;
using fleetsign::simulator::split_scopes;
using fleetsign::simulator::TokenBook;
using std::chrono_literals::operator""h;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

/// A grant, and what time it is.
struct Book {
  Issued log_in(const std::string& subject = "anna", const std::string& client = "app") {
    const auto code = tokens.issue_code({.client_id = client,
                                         .subject = subject,
                                         .redirect_uri = "http://a",
                                         .state = "s",
                                         .nonce = {},
                                         .scopes = {"offline_access"}},
                                        now);
    auto issued = tokens.redeem(
        {.client_id = client, .code = code, .redirect_uri = "http://a", .audience = "http://b", .scopes = {}}, now);
    REQUIRE(issued);
    return *issued;
  }
  TokenBook::Result refresh(const std::string& token) { return tokens.refresh("app", token, {}, now); }
  [[nodiscard]] bool is_good(const Issued& issued) const {
    const auto bearer = tokens.find(issued.access_token, now);
    return bearer && !bearer->expired;
  }

  TokenBook tokens{};
  std::chrono::milliseconds now = 1'000'000s;
};

}  // namespace

TEST_CASE("tokens: scopes are separated by spaces") {
  CHECK(split_scopes(" a  b ") == std::vector<std::string>{"a", "b"});
  CHECK(split_scopes("").empty());
}

TEST_CASE("tokens: an access token is good until it expires, and known beyond") {
  Book book;
  const auto issued = book.log_in();
  book.now += 28'800s - 1ms;
  CHECK(book.is_good(issued));
  book.now += 1ms;
  CHECK_FALSE(book.is_good(issued));
  CHECK(book.tokens.find(issued.access_token, book.now)->expired);
  CHECK_FALSE(book.tokens.find("", book.now));
}

TEST_CASE("tokens: each refresh gives another refresh token, and ends the access token of before") {
  Book book;
  const auto first = book.log_in();
  const auto second = book.refresh(first.refresh_token);
  REQUIRE(second);
  CHECK(second->refresh_token != first.refresh_token);
  CHECK_FALSE(book.is_good(first));
  CHECK(book.is_good(*second));
}

TEST_CASE("tokens: the refresh token that was used last can be used for a day, those before it never again") {
  Book book;
  const auto first = book.log_in();
  REQUIRE(book.refresh(first.refresh_token));
  book.now += 24h - 1ms;
  const auto again = book.refresh(first.refresh_token);
  REQUIRE(again);
  book.now += 1ms;
  CHECK(book.refresh(first.refresh_token).error() == "login_required");
  const auto next = book.refresh(again->refresh_token);
  REQUIRE(next);
  REQUIRE(book.refresh(next->refresh_token));
  CHECK(book.refresh(again->refresh_token).error() == "login_required");
}

TEST_CASE("tokens: a refresh token that nobody uses expires after 90 days, and is another app's never") {
  Book book;
  const auto issued = book.log_in();
  CHECK(book.tokens.refresh("other", issued.refresh_token, {}, book.now).error() == "login_required");
  CHECK(book.tokens.refresh("app", "", {}, book.now).error() == "login_required");
  book.now += 90 * 24h;
  CHECK(book.refresh(issued.refresh_token).error() == "login_required");
}

TEST_CASE("tokens: a login ends all tokens of the same user's earlier logins with the same app") {
  Book book;
  const auto of_another_user = book.log_in("bert");
  const auto of_another_app = book.log_in("anna", "other");
  const auto of_the_app = book.tokens.issue_partner("app", "http://b", {}, book.now);
  const auto first = book.log_in();
  const auto second = book.refresh(first.refresh_token);
  REQUIRE(second);
  const auto third = book.log_in();
  CHECK_FALSE(book.is_good(*second));
  CHECK(book.refresh(first.refresh_token).error() == "login_required");
  CHECK(book.refresh(second->refresh_token).error() == "login_required");
  for (const auto& issued : {of_another_user, of_another_app, of_the_app, third}) CHECK(book.is_good(issued));

  book.tokens.set_ends_earlier(false);
  book.log_in();
  CHECK(book.is_good(third));
  CHECK(book.refresh(third.refresh_token));
}

TEST_CASE("tokens: of too many grants the oldest is forgotten, and so are codes") {
  Book book;
  const auto first = book.log_in();
  const auto second = book.log_in("bert");
  for (std::size_t i = 1; i < TokenBook::kMost; ++i) book.tokens.issue_partner("app", "http://b", {}, book.now);
  CHECK_FALSE(book.is_good(first));
  CHECK(book.is_good(second));
  CHECK(book.tokens.report().size() == TokenBook::kMost);

  const auto code = book.tokens.issue_code({.client_id = "app"}, book.now);
  for (std::size_t i = 0; i < TokenBook::kMost; ++i) book.tokens.issue_code({.client_id = "app"}, book.now);
  CHECK(book.tokens.redeem({.client_id = "app", .code = code}, book.now).error() == "invalid_auth_code");
}
