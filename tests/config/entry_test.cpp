// SPDX-License-Identifier: Apache-2.0
#include "config/entry.h"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

using namespace fleetsign::config;
using namespace std::chrono_literals;

namespace {

const Environment kEnvironment = {{"HOME", "/home/someone"}, {"CREDENTIALS_DIRECTORY", "/run/credentials"}};

/// A reader's result, and what it said: "WHERE: MESSAGE", or "WHERE: MESSAGE | HINT".
template <class T>
struct Read {
  std::optional<T> value;
  std::string problem;
};

template <class Reader>
auto read(const Value& value, Reader reader, const Source& source) {
  std::vector<Problem> problems;
  auto result = reader(Entry{value, "key", source, problems});
  std::string said;
  for (const Problem& p : problems) said += p.where + ": " + p.message + (p.hint.empty() ? "" : " | " + p.hint);
  CHECK(result.has_value() == problems.empty());
  return Read<typename decltype(result)::value_type>{std::move(result), said};
}

template <class Reader>
auto read(const std::string& text, Reader reader) {
  return read(Value{.kind = Value::Kind::text, .text = text}, reader, {"flag --key", "", kEnvironment});
}

auto duration(const std::string& text) {
  return read(text, [](const Entry& entry) { return read_duration(entry, 1ms, 24h); });
}

auto count(const std::string& text) {
  return read(text, [](const Entry& entry) { return read_count(entry, 5, 20'000); });
}

auto dollars(const std::string& text) {
  return read(text, [](const Entry& entry) { return read_dollars(entry, 10); });
}

auto size(const std::string& text) {
  return read(text, [](const Entry& entry) { return read_size(entry, 1024, std::size_t{3} * 1024 * 1024); });
}

auto path(const std::string& text, const std::filesystem::path& folder = {},
          const Environment& environment = kEnvironment) {
  return read(Value{.kind = Value::Kind::text, .text = text}, read_path, {"file", folder, environment});
}

std::vector<std::string> texts(const Value& value) {
  std::vector<std::string> all;
  const auto list = read(value, read_list, {"file", "", kEnvironment}).value;
  for (const Value& item : list.value_or(std::vector<Value>{})) all.push_back(item.text);
  return all;
}

}  // namespace

TEST_CASE("duration: a whole number and its unit") {
  CHECK(duration("1ms").value == 1ms);
  CHECK(duration("500ms").value == 500ms);
  CHECK(duration("10s").value == 10s);
  CHECK(duration("2m").value == 2min);
  CHECK(duration("1h").value == 1h);
  CHECK(duration("0024h").value == 24h);
}

TEST_CASE("duration: a bare number is answered with how to write it") {
  CHECK(duration("10").problem == "flag --key: key: \"10\" has no unit | write 10s");
  CHECK(duration("0").problem == "flag --key: key: \"0\" has no unit | write 0s");
}

TEST_CASE("duration: what is none is refused") {
  for (const char* const text : {"s", "-1s", "+1s", "1.5s", "1 s", "1S", "10sec", "1h30m", "ten", " 1s", "1s "}) {
    CHECK(duration(text).problem == "flag --key: key: \"" + std::string(text) +
                                        "\" is not a duration | write a whole number and ms, s, m or h, such as 10s");
  }
}

TEST_CASE("duration: the range is part of the message, and no number overflows") {
  CHECK(duration("0ms").problem == "flag --key: key: \"0ms\" is shorter than 1ms");
  CHECK(duration("0h").problem == "flag --key: key: \"0h\" is shorter than 1ms");
  CHECK(duration("25h").problem == "flag --key: key: \"25h\" is longer than 24h");
  CHECK(duration("86400001ms").problem == "flag --key: key: \"86400001ms\" is longer than 24h");
  for (const char* const text : {"9223372036854775807h", "9223372036854775808ms", "99999999999999999999999h"}) {
    CHECK(duration(text).problem == "flag --key: key: \"" + std::string(text) + "\" is longer than 24h");
  }
}

TEST_CASE("duration: shown with the largest unit that leaves a whole number") {
  CHECK(to_text(1ms) == "1ms");
  CHECK(to_text(1500ms) == "1500ms");
  CHECK(to_text(90s) == "90s");
  CHECK(to_text(120s) == "2m");
  CHECK(to_text(24h) == "24h");
}

TEST_CASE("boolean: true and false, and no other word") {
  CHECK(read("true", read_boolean).value == true);
  CHECK(read("false", read_boolean).value == false);
  for (const char* const text : {"yes", "no", "on", "off", "1", "0", "True", "TRUE", "null"}) {
    CHECK(read(text, read_boolean).problem ==
          "flag --key: key: \"" + std::string(text) + "\" is neither true nor false");
  }
}

TEST_CASE("count: a whole number in digits") {
  CHECK(count("5").value == 5U);
  CHECK(count("20000").value == 20'000U);
  CHECK(count("010").value == 10U);
  for (const char* const text : {"x", "1e4", "10 000", "-5", "+5", "5.0", "0x10", "10KiB"}) {
    CHECK(count(text).problem == "flag --key: key: \"" + std::string(text) +
                                     "\" is not a whole number | write it in digits alone, such as 1000");
  }
  CHECK(count("4").problem == "flag --key: key: \"4\" is less than 5");
  CHECK(count("20001").problem == "flag --key: key: \"20001\" is more than 20000");
  CHECK(count("99999999999999999999").problem == "flag --key: key: \"99999999999999999999\" is more than 20000");
}

TEST_CASE("size: bytes, alone or by the 1024") {
  CHECK(size("1024").value == 1024U);
  CHECK(size("1KiB").value == 1024U);
  CHECK(size("3MiB").value == 3U * 1024 * 1024);
  for (const char* const text : {"x", "KiB", "1 KiB", "1kib", "1KB", "1K", "1TiB", "-1KiB", "1.5MiB", "10s"}) {
    CHECK(size(text).problem == "flag --key: key: \"" + std::string(text) +
                                    "\" is not a size | write a whole number of bytes, or one with KiB, MiB or GiB "
                                    "behind it, such as 64KiB");
  }
  CHECK(size("1023").problem == "flag --key: key: \"1023\" is less than 1KiB");
  CHECK(size("3145729").problem == "flag --key: key: \"3145729\" is more than 3MiB");
  CHECK(size("4MiB").problem == "flag --key: key: \"4MiB\" is more than 3MiB");
  CHECK(size("1GiB").problem == "flag --key: key: \"1GiB\" is more than 3MiB");
  CHECK(size("99999999999999999MiB").problem == "flag --key: key: \"99999999999999999MiB\" is more than 3MiB");
}

TEST_CASE("dollars: an amount with up to six decimals, in millionths") {
  CHECK(dollars("0").value == 0U);
  CHECK(dollars("0.002").value == 2'000U);
  CHECK(dollars("0.000001").value == 1U);
  CHECK(dollars("1.5").value == 1'500'000U);
  CHECK(dollars("10.000000").value == 10'000'000U);
  for (const char* const text : {"x", ".5", "5.", "-1", "+1", "1e3", "0.0000001", "1,5", "$1", "1.5.5", " 1", "."}) {
    CHECK(dollars(text).problem ==
          "flag --key: key: \"" + std::string(text) +
              "\" is not an amount in dollars | write it with up to six decimals, such as 0.002");
  }
  CHECK(dollars("10.000001").problem == "flag --key: key: \"10.000001\" is more than 10");
  CHECK(dollars("99999999999999999999").problem == "flag --key: key: \"99999999999999999999\" is more than 10");
}

TEST_CASE("path: absolute as written, relative to the source's folder") {
  CHECK(path("/etc/key.pem", "/etc/fleetsign").value == "/etc/key.pem");
  CHECK(path("key.pem", "/etc/fleetsign").value == "/etc/fleetsign/key.pem");
  CHECK(path("keys/key.pem", "conf").value == "conf/keys/key.pem");
  CHECK(path("key.pem").value == "key.pem");
}

TEST_CASE("path: the home folder and systemd's credentials are expanded at the start only") {
  CHECK(path("~/key.pem", "/etc").value == "/home/someone/key.pem");
  CHECK(path("${CREDENTIALS_DIRECTORY}/key.pem", "/etc").value == "/run/credentials/key.pem");
  CHECK(path("~//etc/passwd").value == "/home/someone//etc/passwd");
  CHECK(path("/a/~/b").value == "/a/~/b");
  CHECK(path("/a/${CREDENTIALS_DIRECTORY}/b").value == "/a/${CREDENTIALS_DIRECTORY}/b");
}

TEST_CASE("path: a variable that is unset, empty or unknown is an error") {
  CHECK(path("${CREDENTIALS_DIRECTORY}/key.pem", "", {}).problem ==
        "file: key: CREDENTIALS_DIRECTORY is not set in the environment | write the whole path");
  CHECK(path("~/key.pem", "", {{"HOME", ""}}).problem ==
        "file: key: HOME is not set in the environment | write the whole path");
  for (const char* const text :
       {"$HOME/key.pem", "${HOME}/key.pem", "$CREDENTIALS_DIRECTORY/x", "${CREDENTIALS_DIRECTORY}"}) {
    CHECK(path(text).problem ==
          "file: key: of all variables, only ${CREDENTIALS_DIRECTORY}/ is expanded in a path | write the whole path");
  }
}

TEST_CASE("path: the content of a file in place of its path is not shown") {
  CHECK(path("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE").problem ==
        "file: key: expected a path, found text with line breaks or control characters");
}

TEST_CASE("choice: the value that belongs to the word") {
  constexpr std::array kSizes = {Choice<int>{"small", 1}, Choice<int>{"large", 2}};
  const auto reader = [&](const Entry& entry) { return read_choice<int>(entry, kSizes); };
  CHECK(read("large", reader).value == 2);
  CHECK(read("huge", reader).problem == "flag --key: key: \"huge\" is not one of small, large");
  CHECK(read("lagre", reader).problem == "flag --key: key: \"lagre\" is not one of small, large | did you mean large?");
}

TEST_CASE("list: items as they are, text split at its commas, nothing is empty") {
  const Value one = scalar("x");
  CHECK(texts(Value{.kind = Value::Kind::list, .items = {one, one}}) == std::vector<std::string>{"x", "x"});
  CHECK(texts(scalar("a,b , c")) == std::vector<std::string>{"a", "b", "c"});
  CHECK(texts(scalar("a")) == std::vector<std::string>{"a"});
  CHECK(texts(scalar("a,,b")) == std::vector<std::string>{"a", "", "b"});
  CHECK(texts(scalar("")).empty());
  CHECK(read(Value{.kind = Value::Kind::map}, read_list, {"file", "", kEnvironment}).problem ==
        "file: key: expected a list, found a map");
}

TEST_CASE("where: the line when there is one") {
  std::vector<Problem> problems;
  const Source source{"fleetsign.yaml", "", kEnvironment};
  CHECK(Entry{Value{.line = 3}, "key", source, problems}.where() == "fleetsign.yaml:3");
  CHECK(Entry{Value{}, "key", source, problems}.where() == "fleetsign.yaml");
}

TEST_CASE("quote: printable, and no longer than a line can bear") {
  CHECK(quote("a b") == "\"a b\"");
  CHECK(quote("a\n\x1b[31m\xC3\xBC") == "\"a??[31m??\"");
  CHECK(quote(std::string(1'000, 'x')) == "\"" + std::string(60, 'x') + "…\"");
}
