// SPDX-License-Identifier: Apache-2.0
#include "config/listen.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/config/loading.h"

using namespace fleetsign::config;

namespace {

const std::string kForms = " | write http://HOST:PORT, https://HOST:PORT, unix:/PATH or systemd:NAME";

/// What is said about one entry, a map in flow style or a URL.
Lines problems_of_entry(const std::string& entry) {
  return problems_of("listen:\n  - " + entry + "\n");
}

/// One line, as it begins for an entry in line 2.
Lines one(const std::string& message) {
  return {"fleetsign.yaml:2: listen" + message};
}

std::vector<Listen> listen_of(const std::string& yaml) {
  const Loaded loaded = load_text("listen: " + yaml + "\n");
  CHECK(lines(loaded) == Lines{});
  return loaded.config.listen;
}

}  // namespace

TEST_CASE("listen: one URL, a list, or URLs with commas") {
  const std::vector<Listen> both = {{.url = "http://127.0.0.1:4480"}, {.url = "unix:/run/api.sock"}};
  CHECK(listen_of("unix:/run/api.sock") == std::vector<Listen>{both[1]});
  CHECK(listen_of("[http://127.0.0.1:4480, unix:/run/api.sock]") == both);
  CHECK(listen_of("http://127.0.0.1:4480, unix:/run/api.sock") == both);
  CHECK(load({.environment = {{"FLEETSIGN_LISTEN", "http://127.0.0.1:4480,unix:/run/api.sock"}}}).config.listen ==
        both);
  CHECK(load({.flags = {{"listen", "http://127.0.0.1:4480,unix:/run/api.sock"}}}).config.listen == both);
}

TEST_CASE("listen: the later source replaces the whole list") {
  const Loaded loaded =
      load({.file = "f", .flags = {{"listen", "http://127.0.0.1:0"}}, .file_text = "listen: unix:/x"});
  CHECK(loaded.config.listen == std::vector<Listen>{{.url = "http://127.0.0.1:0"}});
}

TEST_CASE("listen: an entry with everything it can have") {
  const Loaded loaded = load({.file = "/etc/fleetsign/fleetsign.yaml", .file_text = R"(
listen:
  - url: https://Example.com:8443/
    serve: public_key
    tls:
      cert_file: cert.pem
      key_file: /etc/ssl/key.pem
      client_ca_file: ca.pem
  - {url: "unix:/run/api.sock", mode: "0660", group: fleetsign, serve: metrics}
  - {url: "systemd:api", tls: {cert_file: c, key_file: k}}
)"});
  CHECK(lines(loaded) == Lines{});
  REQUIRE(loaded.config.listen.size() == 3);
  const ListenTls tls = {.cert_file = "/etc/fleetsign/cert.pem",
                         .key_file = "/etc/ssl/key.pem",
                         .client_ca_file = "/etc/fleetsign/ca.pem"};
  CHECK(loaded.config.listen[0] == Listen{.url = "https://example.com:8443", .serve = Serve::public_key, .tls = tls});
  CHECK(loaded.config.listen[1] ==
        Listen{.url = "unix:/run/api.sock", .serve = Serve::metrics, .mode = 0660, .group = "fleetsign"});
  CHECK(loaded.config.listen[2].tls->cert_file == "/etc/fleetsign/c");
}

TEST_CASE("listen: at least one place") {
  for (const char* const text : {"listen:\n", "listen: []\n"}) {
    CHECK(problems_of(text) ==
          Lines{"fleetsign.yaml:1: listen: expected at least one place to listen, found none" + kForms});
  }
}

TEST_CASE("listen: an entry is a URL or a map with one") {
  CHECK(problems_of("listen: {url: 'unix:/x'}\n") == Lines{"fleetsign.yaml:1: listen: expected a list, found a map"});
  CHECK(problems_of_entry("[]") == one(": expected a URL or a map with a url, found a list"));
  CHECK(problems_of_entry("~") == one(": expected a URL or a map with a url, found nothing"));
  CHECK(problems_of_entry("{}") == one(": an entry has no url" + kForms));
  CHECK(problems_of_entry("{url: [a]}") == one(".url: expected a URL, found a list"));
  CHECK(problems_of("listen: 'unix:/x,'\n") == Lines{});
  CHECK(problems_of("listen: 'unix:/x,,unix:/y'\n") ==
        Lines{"fleetsign.yaml:1: listen: expected a URL or a map with a url, found nothing"});
}

TEST_CASE("listen: four schemes and no other") {
  CHECK(problems_of_entry("ftp://127.0.0.1:21") == one(": \"ftp://127.0.0.1:21\" is not a place to listen" + kForms));
  CHECK(problems_of_entry("127.0.0.1:4480") == one(": \"127.0.0.1:4480\" is not a place to listen" + kForms));
  CHECK(problems_of_entry("unix") == one(": \"unix\" is not a place to listen" + kForms));
  CHECK(problems_of_entry("systemd") == one(": \"systemd\" is not a place to listen" + kForms));
  CHECK(problems_of_entry("http:127.0.0.1") ==
        one(": \"http:127.0.0.1\" does not begin with a scheme and ://" + kForms));
}

TEST_CASE("listen: a TCP address is a host and a port") {
  CHECK(problems_of_entry("http://127.0.0.1") ==
        one(": \"http://127.0.0.1\" has no port | write http://127.0.0.1:4480"));
  CHECK(problems_of_entry("http://127.0.0.1:70000") ==
        one(": \"http://127.0.0.1:70000\" has a port that is not a number from 0 to 65535" + kForms));
  CHECK(problems_of_entry("http://127.0.0.1:80/api") ==
        one(": \"http://127.0.0.1:80/api\" has more than a host and a port" + kForms));
  CHECK(listen_of("'http://[::1]:0'")[0].url == "http://[::1]:0");
}

TEST_CASE("listen: a password in a URL is not shown") {
  CHECK(problems_of_entry("http://user:secret@127.0.0.1:80") == one(": the URL holds a user name" + kForms));
  CHECK(problems_of_entry("ftp://user:secret@127.0.0.1:80") == one(": the URL is not a place to listen" + kForms));
}

TEST_CASE("listen: a Unix socket has an absolute path that fits its address") {
  CHECK(problems_of_entry("unix:api.sock") ==
        one(": \"unix:api.sock\" has no path that begins with / | write unix:/PATH"));
  CHECK(problems_of_entry("'unix:'") == one(": \"unix:\" has no path that begins with / | write unix:/PATH"));
  CHECK(problems_of_entry("unix:/" + std::string(106, 'x')) == Lines{});
  CHECK(problems_of_entry("unix:/" + std::string(107, 'x')) ==
        one(": \"unix:/" + std::string(54, 'x') + "…\" is too long for a socket | the path may have 107 bytes"));
}

TEST_CASE("listen: a socket from systemd has a name") {
  const std::string hint = " has no usable name | write systemd:NAME, with NAME as FileDescriptorName= says it";
  CHECK(listen_of("systemd:api")[0].url == "systemd:api");
  CHECK(problems_of_entry("'systemd:'") == one(": \"systemd:\"" + hint));
  CHECK(problems_of_entry("systemd:a:b") == one(": \"systemd:a:b\"" + hint));
  CHECK(problems_of_entry("systemd:a b") == one(": \"systemd:a b\"" + hint));
}

TEST_CASE("listen: mode is octal text, with or without quotation marks") {
  CHECK(listen_of("[{url: 'unix:/x', mode: 0600}]")[0].mode == 0600U);
  for (const char* const text : {"660", "432", "0o660", "0680", "00660", "rw", "-660"}) {
    CHECK(problems_of_entry("{url: 'unix:/x', mode: " + std::string(text) + "}") ==
          one(".mode: \"" + std::string(text) +
              "\" is not an octal mode | write 0 and three octal digits, such as \"0660\""));
  }
}

TEST_CASE("listen: serve lists its words") {
  CHECK(problems_of_entry("{url: 'unix:/x', serve: metric}") ==
        one(".serve: \"metric\" is not one of all, public_key, metrics | did you mean metrics?"));
}

TEST_CASE("listen: mode and group are for Unix sockets") {
  CHECK(problems_of_entry("{url: 'http://127.0.0.1:1', mode: '0660'}") ==
        one(": \"http://127.0.0.1:1\" cannot have a mode or a group | only unix:/PATH has them"));
  CHECK(problems_of_entry("{url: 'systemd:api', group: x}") ==
        one(": \"systemd:api\" cannot have a mode or a group | only unix:/PATH has them"));
}

TEST_CASE("listen: https needs a certificate and its key, other schemes have no use for them") {
  const std::string hint = " | write in the file: {url: URL, tls: {cert_file: PATH, key_file: PATH}}";
  const std::string needs = ": \"https://[::]:443\" needs tls.cert_file and tls.key_file" + hint;
  CHECK(problems_of_entry("https://[::]:443") == one(needs));
  CHECK(problems_of_entry("{url: 'https://[::]:443', tls: }") == one(needs));
  CHECK(problems_of_entry("{url: 'https://[::]:443', tls: {cert_file: /c}}") == one(needs));
  CHECK(problems_of_entry("{url: 'https://[::]:443', tls: {key_file: /k}}") == one(needs));
  CHECK(problems_of_entry("{url: 'systemd:api', tls: {client_ca_file: /k}}") ==
        one(": \"systemd:api\" needs tls.cert_file and tls.key_file" + hint));
  CHECK(problems_of_entry("{url: 'http://127.0.0.1:1', tls: {cert_file: /c, key_file: /k}}") ==
        one(": \"http://127.0.0.1:1\" cannot have tls | write https://HOST:PORT"));
  CHECK(lines(load({.environment = {{"FLEETSIGN_LISTEN", "https://[::]:443"}}})) ==
        Lines{"environment FLEETSIGN_LISTEN: listen" + needs});
}

TEST_CASE("listen: each entry's problems are told, with their lines") {
  CHECK(problems_of("listen:\n  - ftp://x\n  - unix:/x\n  - url: unix:/y\n    mode: 1\n    serve: x\n") ==
        Lines{"fleetsign.yaml:2: listen: \"ftp://x\" is not a place to listen" + kForms,
              "fleetsign.yaml:5: listen.mode: \"1\" is not an octal mode | write 0 and three octal digits, such as "
              "\"0660\"",
              "fleetsign.yaml:6: listen.serve: \"x\" is not one of all, public_key, metrics"});
}
