// SPDX-License-Identifier: Apache-2.0
#include "config/oauth.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/config/loading.h"

using namespace fleetsign::config;

TEST_CASE("oauth: an app has an id, a secret's file, scopes and its URLs") {
  const Loaded loaded = load({.file = "/etc/fleetsign/fleetsign.yaml", .file_text = R"(
oauth:
  client_id: 0123-abc
  client_secret_file: secret
  redirect_uri: https://Example.com/back?x=1
  scopes: [openid, vehicle_cmds]
  token_url: HTTP://127.0.0.1:4481/oauth2/v3/token
  authorize_url: https://auth.example/oauth2/v3/authorize
)"});
  CHECK(lines(loaded) == Lines{});
  const auto& oauth = loaded.config.oauth;
  CHECK(oauth.client_id == "0123-abc");
  CHECK(oauth.client_secret_file == "/etc/fleetsign/secret");
  CHECK(oauth.redirect_uri == "https://Example.com/back?x=1");
  CHECK(oauth.scopes == std::vector<std::string>{"openid", "vehicle_cmds"});
  CHECK(oauth.token_url == "http://127.0.0.1:4481/oauth2/v3/token");
  CHECK(oauth.authorize_url == "https://auth.example/oauth2/v3/authorize");
}

TEST_CASE("oauth: the usual scopes have what a refresh needs") {
  const auto& scopes = load_text("").config.oauth.scopes;
  CHECK(std::ranges::find(scopes, "offline_access") != scopes.end());
}

TEST_CASE("oauth: a secret goes over TLS only, or stays on this machine") {
  const std::string where = "fleetsign.yaml:1: oauth.token_url: ";
  CHECK(problems_of("oauth: {token_url: 'http://auth.example/token'}") ==
        Lines{where + "the URL is not https | write https://HOST/PATH; http only leads to this machine, as in "
                      "http://127.0.0.1:4481/PATH"});
  CHECK(problems_of("oauth: {token_url: 'https://user:word@auth.example/token'}").size() == 1);
  for (const std::string end : {"", "/", "?x=/y", "/t?x"}) {
    CAPTURE(end);
    CHECK(problems_of("oauth: {token_url: 'https://auth.example" + end + "'}") ==
          Lines{where + "the URL is to have a path, and no query | write https://HOST/PATH"});
  }
  CHECK(problems_of("oauth: {token_url: 'https://auth.example/t#x'}") ==
        Lines{where + "the URL has characters that it cannot have | write https://HOST/PATH"});
}

TEST_CASE("oauth: what is no app, scope or address is told") {
  CHECK(problems_of("oauth: {client_id: 'a b'}") ==
        Lines{"fleetsign.yaml:1: oauth.client_id: is not an app's id | copy the client id from Tesla's developer "
              "portal"});
  CHECK(problems_of("oauth: {scopes: []}") ==
        Lines{"fleetsign.yaml:1: oauth.scopes: names no scope | leave the key out for the usual ones"});
  CHECK(problems_of("oauth: {scopes: ['a b']}").front() ==
        "fleetsign.yaml:1: oauth.scopes: \"a b\" is not a scope | write names such as vehicle_cmds");
  CHECK(problems_of("oauth: {redirect_uri: 'ftp://example.com/'}") ==
        Lines{"fleetsign.yaml:1: oauth.redirect_uri: the URL is neither https nor http | write it as Tesla's developer "
              "portal has it, such as https://example.com/callback"});
}
