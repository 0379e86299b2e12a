// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/log.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/support/captured_stderr.h"

namespace fleetsign::ops {
namespace {

using Json = nlohmann::json;

std::vector<std::string> lines_of(Level level, Format format, const std::function<void(Log&)>& write) {
  const fleetsign::test::CapturedStderr captured;
  Log log(level, format);
  write(log);
  std::vector<std::string> lines;
  std::istringstream text(captured.text());
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

/// A line without its time, which must be there.
std::string without_time(const std::string& line) {
  const auto space = line.find(' ');
  REQUIRE(space == std::string("2000-01-01T00:00:00.000+00:00").size());
  CHECK(line[10] == 'T');
  return line.substr(space + 1);
}

std::string text_of(Field field) {
  const auto lines = lines_of(Level::info, Format::text, [&](Log& log) { log.info("event", {field}); });
  REQUIRE(lines.size() == 1);
  const auto line = without_time(lines[0]);
  REQUIRE(line.starts_with("info event "));
  return line.substr(std::string("info event ").size());
}

Json json_of(Field field) {
  const auto lines = lines_of(Level::info, Format::json, [&](Log& log) { log.info("event", {field}); });
  REQUIRE(lines.size() == 1);
  return Json::parse(lines[0]).at(std::string(field.name()));
}

const std::vector<std::string>& hostile_values() {
  static const std::vector<std::string> kValues{"two\nlines",
                                                "a\r\nerror forged x=1",
                                                "say \"no\"",
                                                "a=b",
                                                "back\\slash",
                                                "tab\there",
                                                std::string("nul\0l", 5),
                                                "\x1b[31mred",
                                                "caf\xC3\xA9",
                                                "\xFF\xFE",
                                                "{\"a\":1}",
                                                "%v %l {}",
                                                "",
                                                " ",
                                                std::string(5000, 'x')};
  return kValues;
}

TEST_CASE("log: a line is time, level, event and fields in their order") {
  const auto lines = lines_of(Level::debug, Format::text, [](Log& log) {
    log.info("command", {{"name", Plain{"honk_horn"}},
                         {"requests", 2},
                         {"ms", std::chrono::milliseconds(15)},
                         {"ok", true},
                         {"woken", false}});
    log.error("broken");
    log.warning("odd", {{"count", std::size_t{3}}});
    log.debug("detail");
  });
  REQUIRE(lines.size() == 4);
  CHECK(without_time(lines[0]) == "info command name=honk_horn requests=2 ms=15 ok=true woken=false");
  CHECK(without_time(lines[1]) == "error broken");
  CHECK(without_time(lines[2]) == "warning odd count=3");
  CHECK(without_time(lines[3]) == "debug detail");
}

TEST_CASE("log: in JSON numbers and booleans are no text") {
  const auto lines = lines_of(Level::info, Format::json, [](Log& log) {
    log.warning("command",
                {{"name", Plain{"honk_horn"}}, {"requests", -2}, {"ok", true}, {"ms", std::chrono::milliseconds(7)}});
  });
  REQUIRE(lines.size() == 1);
  auto line = Json::parse(lines[0]);
  CHECK(line.at("time").get<std::string>().size() == std::string("2000-01-01T00:00:00.000+00:00").size());
  line.erase("time");
  CHECK(line == Json{{"level", "warning"},
                     {"event", "command"},
                     {"name", "honk_horn"},
                     {"requests", -2},
                     {"ok", true},
                     {"ms", 7}});
}

TEST_CASE("log: what is below the level is not written") {
  const auto write_all = [](Log& log) {
    log.error("e");
    log.warning("w");
    log.info("i");
    log.debug("d");
  };
  CHECK(lines_of(Level::error, Format::text, write_all).size() == 1);
  CHECK(lines_of(Level::warning, Format::text, write_all).size() == 2);
  CHECK(lines_of(Level::info, Format::json, write_all).size() == 3);
  CHECK(lines_of(Level::debug, Format::json, write_all).size() == 4);
}

TEST_CASE("log: a line stays one printable line, whatever is in a value") {
  for (const auto& value : hostile_values()) {
    CAPTURE(value);
    const auto text = text_of({"x", Plain{value}});
    CHECK(text.size() <= 620);
    for (const char c : text) CHECK((c >= 0x20 && c < 0x7F));
    CHECK(json_of({"x", Plain{value}}).is_string());
  }
}

TEST_CASE("log: a value that could be taken for more than one is quoted") {
  CHECK(text_of({"x", Plain{"plain"}}) == "x=plain");
  CHECK(text_of({"x", Plain{"two words"}}) == "x=\"two words\"");
  CHECK(text_of({"x", Plain{"a=b"}}) == "x=\"a=b\"");
  CHECK(text_of({"x", Plain{""}}) == "x=\"\"");
  CHECK(text_of({"x", Plain{"say \"no\" \\o/"}}) == R"(x="say \"no\" \\o/")");
  CHECK(text_of({"x", Plain{"a\nb"}}) == "x=a?b");
}

TEST_CASE("log: of a word that looks like a VIN only its end is written, wherever it stands") {
  CHECK(text_of({"request_id", Plain{"5YJ3E1EA7KF000316"}}) == "request_id=…000316");
  CHECK(text_of({"request_id", Plain{"a-5yj3e1ea7kf000316/7"}}) == "request_id=a-…000316/7");
  for (const char* other : {"5YJ3E1EA7KF00031", "5YJ3E1EA7KF0003160", "a5YJ3E1EA7KF000316", "01234567-89ab-cdef",
                            "5YJ3E1EA7KO000316", "5YJ3E1EA7KF00031x"}) {
    CHECK(text_of({"request_id", Plain{other}}) == "request_id=" + std::string(other));
  }
}

TEST_CASE("log: of a VIN only its end is written") {
  CHECK(text_of({"vin", ShortVin{"5YJ3E1EA7KF000316"}}) == "vin=…000316");
  CHECK(json_of({"vin", ShortVin{"5YJ3E1EA7KF000316"}}) == "…000316");
  CHECK(text_of({"vin", ShortVin{"123"}}) == "vin=…123");
  CHECK(text_of({"vin", ShortVin{"5YJ3E1EA7KF0\n0316"}}) == "vin=…0?0316");
}

/// Says that stderr is the journal, or that it was when the service was started.
class JournalStream {
 public:
  explicit JournalStream(int descriptor) {
    struct stat file {};
    REQUIRE(::fstat(descriptor, &file) == 0);
    const auto stream = std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino);
    ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
  }
  ~JournalStream() { ::unsetenv("JOURNAL_STREAM"); }
  JournalStream(const JournalStream&) = delete;
  JournalStream& operator=(const JournalStream&) = delete;
};

void write_each(Log& log) {
  log.error("e");
  log.warning("w");
  log.info("i");
  log.debug("d");
}

TEST_CASE("log: lines for the journal begin with their priority, and those for people have no time") {
  const fleetsign::test::CapturedStderr captured;
  const JournalStream journal(STDERR_FILENO);
  Log log(Level::debug, Format::text);
  write_each(log);
  CHECK(captured.text() == "<3>error e\n<4>warning w\n<6>info i\n<7>debug d\n");
}

TEST_CASE("log: for the journal, JSON comes behind the priority and has its time") {
  const fleetsign::test::CapturedStderr captured;
  const JournalStream journal(STDERR_FILENO);
  Log log(Level::info, Format::json);
  log.warning("event", {{"x", 1}});
  const auto line = captured.text();
  REQUIRE(line.starts_with("<4>{"));
  const auto json = Json::parse(line.substr(3));
  CHECK(json.at("level") == "warning");
  CHECK(json.at("x") == 1);
  CHECK(json.contains("time"));
}

TEST_CASE("log: a stderr that was redirected since is not the journal") {
  const JournalStream journal(STDERR_FILENO);
  const auto lines = lines_of(Level::info, Format::text, [](Log& log) { log.info("event"); });
  REQUIRE(lines.size() == 1);
  CHECK(without_time(lines[0]) == "info event");
}

TEST_CASE("log: its level and its format change from one line to the next") {
  const auto lines = lines_of(Level::info, Format::text, [](Log& log) {
    log.debug("unseen");
    log.info("text");
    log.configure(Level::debug, Format::json);
    log.debug("json");
    log.configure(Level::error, Format::text);
    log.warning("unseen");
    log.error("text");
  });
  REQUIRE(lines.size() == 3);
  CHECK(without_time(lines[0]) == "info text");
  CHECK(Json::parse(lines[1]).at("event") == "json");
  CHECK(without_time(lines[2]) == "error text");
}

TEST_CASE("log: each line is whole while another thread changes the format") {
  const auto lines = lines_of(Level::info, Format::text, [](Log& log) {
    std::jthread writer([&log] {
      for (int n = 0; n < 500; ++n) log.info("event", {{"n", n}});
    });
    for (int n = 0; n < 500; ++n) log.configure(Level::info, n % 2 == 0 ? Format::json : Format::text);
  });
  CHECK(lines.size() == 500);
  for (const auto& line : lines) {
    CAPTURE(line);
    CHECK((line.starts_with('{') ? Json::accept(line) : without_time(line).starts_with("info event n=")));
  }
}

TEST_CASE("log: lines of many threads are not mixed") {
  const auto lines = lines_of(Level::info, Format::json, [](Log& log) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&log] {
        for (int n = 0; n < 100; ++n) log.info("event", {{"x", Plain{std::string(200, 'x')}}});
      });
    }
  });
  CHECK(lines.size() == 400);
  for (const auto& line : lines) CHECK(Json::accept(line));
}

TEST_CASE("log: level and format can change while it is in use") {
  const auto lines = lines_of(Level::warning, Format::text, [](Log& log) {
    log.info("unseen");
    log.configure(Level::debug, Format::json);
    log.debug("seen", {{"n", 1}});
    log.configure(Level::error, Format::text);
    log.warning("unseen");
    log.error("last");
  });
  REQUIRE(lines.size() == 2);
  CHECK(Json::parse(lines[0]).at("event") == "seen");
  CHECK(without_time(lines[1]) == "error last");
}

TEST_CASE("log: a line is of one format, whoever changes it meanwhile") {
  const auto lines = lines_of(Level::info, Format::text, [](Log& log) {
    std::thread changing([&] {
      for (int i = 0; i < 500; ++i) log.configure(Level::info, i % 2 == 0 ? Format::json : Format::text);
    });
    for (int i = 0; i < 500; ++i) log.info("event", {{"n", i}});
    changing.join();
  });
  CHECK(lines.size() == 500);
  for (const auto& line : lines) {
    CAPTURE(line);
    if (line.starts_with('{')) {
      CHECK(Json::parse(line).at("event") == "event");
    } else {
      CHECK(without_time(line).starts_with("info event n="));
    }
  }
}

}  // namespace
}  // namespace fleetsign::ops
