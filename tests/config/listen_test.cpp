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

TEST_CASE("listen: a flag or a variable may say as much as a file, in braces or brackets") {
  const std::string entry = "{url: 'https://0.0.0.0:8443', callers: known, tls: {cert_file: '/c', key_file: k}}";
  const Listen wanted{.url = "https://0.0.0.0:8443",
                      .tls = ListenTls{.cert_file = "/c", .key_file = "k", .client_ca_file = std::nullopt},
                      .known_callers = true};
  const Listen other{.url = "unix:/x"};
  for (const auto& pair : {std::pair<std::string, std::vector<Listen>>{entry, {wanted}},
                           {"[" + entry + "]", {wanted}},
                           {"[" + entry + ", unix:/x]", {wanted, other}}}) {
    CAPTURE(pair.first);
    const Loaded by_flag = load({.flags = {{"listen", pair.first}}});
    CHECK(lines(by_flag) == Lines{});
    CHECK(by_flag.config.listen == pair.second);
    CHECK(load({.environment = {{"FLEETSIGN_LISTEN", pair.first}}}).config.listen == pair.second);
  }
}

TEST_CASE("listen: what is wrong with such a flag is told without a line") {
  const auto told = [](const std::string& value) { return lines(load({.flags = {{"listen", value}}})); };
  CHECK(told("{url: 'https://127.0.0.1:1'").at(0).starts_with("flag --listen: listen: this is not valid YAML: "));
  CHECK(told("{ulr: 'unix:/x'}") == Lines{"flag --listen: unknown key \"listen.ulr\" | did you mean listen.url?"});
  CHECK(told("{url: 'unix:/x', url: 'unix:/y'}") ==
        Lines{"flag --listen: listen.url: is set a second time | remove one of them"});
  CHECK(told("[]") == Lines{"flag --listen: listen: expected at least one place to listen, found none" + kForms});
}

TEST_CASE("listen: an entry with everything it can have") {
  const Loaded loaded = load({.file = "/etc/fleetsign/fleetsign.yaml", .file_text = R"(
listen:
  - url: https://[2001:DB8::1]:8443/
    serve: public_key
    tls:
      cert_file: cert.pem
      key_file: /etc/ssl/key.pem
      client_ca_file: ca.pem
  - {url: "unix:/run/api.sock", mode: "0660", group: fleetsign, serve: metrics, callers: known, behind_proxy: true}
  - {url: "systemd:api", tls: {cert_file: c, key_file: k}}
)"});
  CHECK(lines(loaded) == Lines{});
  REQUIRE(loaded.config.listen.size() == 3);
  const ListenTls tls = {.cert_file = "/etc/fleetsign/cert.pem",
                         .key_file = "/etc/ssl/key.pem",
                         .client_ca_file = "/etc/fleetsign/ca.pem"};
  CHECK(loaded.config.listen[0] == Listen{.url = "https://[2001:db8::1]:8443", .serve = Serve::public_key, .tls = tls});
  CHECK(loaded.config.listen[1] == Listen{.url = "unix:/run/api.sock",
                                          .serve = Serve::metrics,
                                          .mode = 0660,
                                          .group = "fleetsign",
                                          .known_callers = true,
                                          .behind_proxy = true});
  CHECK_FALSE(loaded.config.listen[0].known_callers);
  CHECK_FALSE(loaded.config.listen[0].behind_proxy);
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

TEST_CASE("listen: the host is an address, for names are not looked up") {
  const std::string hint =
      " has a name as its host | write an address of this machine, such as 127.0.0.1, or 0.0.0.0 or [::] for all that "
      "it has";
  CHECK(listen_of("http://localhost:0")[0].url == "http://localhost:0");
  for (const std::string url : {"http://example.com:80", "https://example.com:443", "http://256.0.0.1:80",
                                "http://127.1:80", "http://127.0.0.1.:80", "http://localhost.localdomain:80"}) {
    CAPTURE(url);
    CHECK_FALSE(problems_of_entry(url) == Lines{});
  }
  CHECK(problems_of_entry("http://example.com:80") == one(": \"http://example.com:80\"" + hint));
}

TEST_CASE("listen: no address is taken twice") {
  CHECK(problems_of("listen:\n  - http://127.0.0.1:1\n  - unix:/x\n  - {url: 'http://127.0.0.1:1/', serve: metrics}\n"
                    "  - {url: unix:/x, mode: '0660'}\n") ==
        Lines{"fleetsign.yaml:4: listen: \"http://127.0.0.1:1\" is listed a second time | remove one of them",
              "fleetsign.yaml:5: listen: \"unix:/x\" is listed a second time | remove one of them"});
  CHECK(listen_of("http://127.0.0.1:0, http://127.0.0.1:0").size() == 2);
}

TEST_CASE("listen: beyond loopback, all but the public key needs TLS and callers who prove who they are") {
  const std::string why =
      " reaches beyond this machine, where callers must come over TLS and be known | give it tls with "
      "cert_file and key_file, and either tls.client_ca_file or callers: known; or serve: public_key; or listen on "
      "127.0.0.1";
  const std::string tls = ", tls: {cert_file: /c, key_file: /k}";
  const std::string client_ca = ", tls: {cert_file: /c, key_file: /k, client_ca_file: /a}";
  for (const std::string host : {"0.0.0.0", "[::]", "192.0.2.1", "[2001:db8::1]", "[::ffff:127.0.0.1]"}) {
    CAPTURE(host);
    const std::string http = "http://" + host + ":80";
    const std::string https = "https://" + host + ":80";
    CHECK(problems_of_entry(http) == one(": \"" + http + "\"" + why));
    CHECK(problems_of_entry("{url: '" + http + "', serve: metrics}") == one(": \"" + http + "\"" + why));
    CHECK(problems_of_entry("{url: '" + https + "'" + tls + "}") == one(": \"" + https + "\"" + why));
    CHECK(problems_of_entry("{url: '" + https + "', serve: metrics" + tls + "}") == one(": \"" + https + "\"" + why));
    CHECK(problems_of_entry("{url: '" + https + "'" + client_ca + "}") == Lines{});
    CHECK(problems_of_entry("{url: '" + https + "', callers: any" + tls + "}") == one(": \"" + https + "\"" + why));
    CHECK(problems_of_entry("{url: '" + https + "', callers: known" + tls + "}") == Lines{});
    CHECK(problems_of_entry("{url: '" + http + "', callers: known}") == one(": \"" + http + "\"" + why));
    CHECK(problems_of_entry("{url: '" + http + "', serve: public_key}") == Lines{});
  }
  for (const std::string url : {"http://127.0.0.1:80", "http://127.9.9.9:80", "http://[::1]:80", "http://localhost:80",
                                "unix:/x", "unix://0.0.0.0:80", "systemd:api"}) {
    CAPTURE(url);
    CHECK(problems_of_entry("'" + url + "'") == Lines{});
  }
}

TEST_CASE("listen: who may call is any or known, and the public key is for everybody") {
  CHECK_FALSE(listen_of("[{url: 'unix:/x', callers: any}]")[0].known_callers);
  CHECK(problems_of_entry("{url: 'unix:/x', callers: some}") == one(".callers: \"some\" is not one of any, known"));
  CHECK(problems_of_entry("{url: 'unix:/x', behind_proxy: nginx}") ==
        one(".behind_proxy: \"nginx\" is neither true nor false"));
  CHECK(problems_of_entry("{url: 'unix:/x', serve: public_key, callers: known}") ==
        one(": \"unix:/x\" serves the public key, which is for everybody | remove its `callers`"));
}

TEST_CASE("listen: what a socket of systemd reaches is asked again with its address") {
  Listen listen{.url = "systemd:api", .tls = ListenTls{.cert_file = "/c", .key_file = "/k"}};
  CHECK_FALSE(refuse_exposed(listen));
  listen.url = "https://0.0.0.0:443";
  CHECK(refuse_exposed(listen));
  listen.tls->client_ca_file = "/a";
  CHECK_FALSE(refuse_exposed(listen));
}

TEST_CASE("listen: the hosts that are ours are those of the URLs, but no address that stands for all") {
  CHECK(hosts_of({{.url = "http://127.0.0.1:4480"},
                  {.url = "https://0.0.0.0:443"},
                  {.url = "https://[::]:443"},
                  {.url = "https://[0::0]:443"},
                  {.url = "https://192.0.2.1"},
                  {.url = "https://[2001:db8::1]:443"},
                  {.url = "unix:/x"},
                  {.url = "systemd:api"}}) == std::vector<std::string>{"127.0.0.1", "192.0.2.1", "[2001:db8::1]"});
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
  const std::string hint = " | write {url: URL, tls: {cert_file: PATH, key_file: PATH}}";
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
