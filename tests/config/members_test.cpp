// SPDX-License-Identifier: Apache-2.0
#include "config/members.h"

#include <doctest/doctest.h>

#include "tests/config/loading.h"

using namespace fleetsign::config;

namespace {

const std::string kNoIdea = " | `fleetsign config example` shows every key";

}  // namespace

TEST_CASE("members: an unknown key is an error with a suggestion, at any depth") {
  CHECK(problems_of("# comment\n\ntimeot: 10s\n") ==
        Lines{"fleetsign.yaml:3: unknown key \"timeot\" | did you mean timeout?"});
  CHECK(problems_of("fleet_api:\n  base_ur: https://example.com\n") ==
        Lines{"fleetsign.yaml:2: unknown key \"fleet_api.base_ur\" | did you mean fleet_api.base_url?"});
  CHECK(problems_of("fleetapi:\n  region: eu\n") ==
        Lines{"fleetsign.yaml:1: unknown key \"fleetapi\" | did you mean fleet_api?"});
  CHECK(problems_of("region: eu\n") ==
        Lines{"fleetsign.yaml:1: unknown key \"region\" | did you mean fleet_api.region?"});
  CHECK(problems_of("listen:\n  - url: unix:/run/x\n    moed: '0660'\n") ==
        Lines{"fleetsign.yaml:3: unknown key \"listen.moed\" | did you mean listen.mode?"});
  CHECK(problems_of("listen:\n  - url: https://[::]:443\n    cert_file: x\n") ==
        Lines{"fleetsign.yaml:3: unknown key \"listen.cert_file\" | did you mean listen.tls.cert_file?"});
  CHECK(problems_of("password: x\n") == Lines{"fleetsign.yaml:1: unknown key \"password\"" + kNoIdea});
  CHECK(problems_of("\"a\\nb\": x\n") == Lines{"fleetsign.yaml:1: unknown key \"a?b\"" + kNoIdea});
}

TEST_CASE("members: a key set twice is an error, at any depth") {
  CHECK(problems_of("timeout: 10s\ndomain: a.b\ntimeout: 10s\n") ==
        Lines{"fleetsign.yaml:3: timeout: is set a second time, first in line 1 | remove one of them"});
  CHECK(problems_of("log:\n  level: info\n  level: info\n") ==
        Lines{"fleetsign.yaml:3: log.level: is set a second time, first in line 2 | remove one of them"});
  CHECK(problems_of("log:\n  level: info\nlog:\n  format: text\n") ==
        Lines{"fleetsign.yaml:3: log: is set a second time, first in line 1 | remove one of them"});
  CHECK(problems_of("log:\n  level: info\nlog.level: debug\n") ==
        Lines{"fleetsign.yaml:3: log.level: is set a second time, first in line 2 | remove one of them"});
  CHECK(problems_of("listen:\n  - url: unix:/x\n    url: unix:/y\n") ==
        Lines{"fleetsign.yaml:3: listen.url: is set a second time, first in line 2 | remove one of them"});
}

TEST_CASE("members: the same key in two entries of a list is no repetition") {
  CHECK(problems_of("listen:\n  - url: unix:/x\n  - url: unix:/y\n") == Lines{});
}

TEST_CASE("members: a group may be written with dots, and may be empty") {
  const Loaded loaded = load_text("log.level: debug\nfleet_api:\n");
  CHECK(lines(loaded) == Lines{});
  CHECK(loaded.config.log.level == LogLevel::debug);
}

TEST_CASE("members: what is no map is refused without being shown") {
  CHECK(problems_of("log: debug\n") == Lines{"fleetsign.yaml:1: log: expected a map of keys, found text"});
  CHECK(problems_of("log: [level]\n") == Lines{"fleetsign.yaml:1: log: expected a map of keys, found a list"});
}
