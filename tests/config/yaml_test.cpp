// SPDX-License-Identifier: Apache-2.0
#include "config/yaml.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>
#include <variant>

using namespace fleetsign::config;

namespace {

Value tree(const std::string& text) {
  auto parsed = parse_yaml(text);
  REQUIRE(std::holds_alternative<Value>(parsed));
  return std::get<Value>(std::move(parsed));
}

/// "LINE: MESSAGE"; empty for a text without errors.
std::string error_of(const std::string& text) {
  const auto parsed = parse_yaml(text);
  const auto* const error = std::get_if<SyntaxError>(&parsed);
  return error == nullptr ? "" : std::to_string(error->line) + ": " + error->message;
}

std::string repeated(std::string_view unit, std::size_t size) {
  std::string text;
  while (text.size() < size) text += unit;
  return text;
}

}  // namespace

TEST_CASE("yaml: a text without a document is nothing") {
  for (const char* const text : {"", "\n", "# a comment\n", "---\n", "...\n", "~", "\xEF\xBB\xBF"}) {
    CAPTURE(text);
    CHECK(tree(text).kind == Value::Kind::nothing);
  }
}

TEST_CASE("yaml: maps and lists become a tree, words stay text") {
  const Value root = tree("a: no\nb:\n  - 010\n  - {c: \"x\"}\nd:\n");
  REQUIRE(root.kind == Value::Kind::map);
  REQUIRE(root.members.size() == 3);
  CHECK(root.members[0].name == "a");
  CHECK(root.members[0].value.text == "no");
  const Value& list = root.members[1].value;
  REQUIRE(list.kind == Value::Kind::list);
  REQUIRE(list.items.size() == 2);
  CHECK(list.items[0].text == "010");
  REQUIRE(list.items[1].kind == Value::Kind::map);
  CHECK(list.items[1].members[0].value.text == "x");
  CHECK(root.members[2].value.kind == Value::Kind::nothing);
}

TEST_CASE("yaml: a value stands in the line of its key, an item in its own") {
  const Value root = tree("# comment\na: 1\nb:\n\n\n\nc:\n  - x\n\n  - y\nd: |\n  text\n");
  CHECK(root.members[0].value.line == 2);
  CHECK(root.members[1].value.line == 3);
  CHECK(root.members[2].value.line == 7);
  CHECK(root.members[2].value.items[0].line == 8);
  CHECK(root.members[2].value.items[1].line == 10);
  CHECK(root.members[3].value.line == 11);
}

TEST_CASE("yaml: Windows line ends and a byte order mark change nothing") {
  const Value root = tree(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: 2\r\n");
  REQUIRE(root.members.size() == 2);
  CHECK(root.members[0].name == "a");
  CHECK(root.members[0].value.text == "1");
  CHECK(root.members[1].value.line == 2);
}

TEST_CASE("yaml: a repeated name is kept, for the reader to refuse") {
  CHECK(tree("a: 1\na: 2\n").members.size() == 2);
}

TEST_CASE("yaml: null and quoted emptiness differ") {
  const Value root = tree("a: null\nb: \"null\"\nc: ''\n");
  CHECK(root.members[0].value.kind == Value::Kind::nothing);
  CHECK(root.members[1].value.text == "null");
  CHECK(root.members[2].value.kind == Value::Kind::text);
}

TEST_CASE("yaml: errors carry their line") {
  CHECK(error_of("a: 1\nb: [") == "2: end of sequence flow not found");
  CHECK(error_of("a: 1\nb: c: d\n") == "2: illegal map value");
}

TEST_CASE("yaml: what could make a tree larger than its text is refused") {
  CHECK(error_of("a: 1\nb: &x 1\n") == "2: an anchor (&) is not supported");
  CHECK(error_of("a: &x 1\nb: *x\n") == "1: an anchor (&) is not supported");
  CHECK(error_of("a: *x\n") == "1: the referenced anchor is not defined");
}

TEST_CASE("yaml: tags, second documents and keys that are no text are refused") {
  CHECK(error_of("a: 1\nb: !!str 1\n") == "2: a tag (!) is not supported");
  CHECK(error_of("a: !mine [1]\n") == "1: a tag (!) is not supported");
  CHECK(error_of("a: 1\n---\nb: 2\n") == "2: something follows the end of the document");
  CHECK(error_of("a: 1\n? [b]\n: 2\n") == "2: a key must be plain text");
  CHECK(error_of("a: 1\n: 2\n") == "2: a key must be plain text");
}

TEST_CASE("yaml: sixteen levels are accepted, seventeen are not") {
  CHECK(error_of(repeated("[", kMaxDepth) + repeated("]", kMaxDepth)).empty());
  CHECK(error_of(repeated("[", kMaxDepth + 1) + repeated("]", kMaxDepth + 1)) ==
        "1: maps and lists are nested too deeply");
}

TEST_CASE("yaml: a large file of brackets or dashes ends in an error, not in a full stack") {
  for (const char* const unit : {"[", "{", "- ", "? ", "[a,", "{a: ", "{a: {", "a: [\n", "? - ", "&a "}) {
    CAPTURE(unit);
    CHECK_FALSE(error_of(repeated(unit, 100'000)).empty());
  }
}

TEST_CASE("yaml: neither random bytes nor random changes crash the parser") {
  std::mt19937 random(1);  // the same bytes each time
  const auto below = [&](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random); };
  const std::string sample = "listen:\n  - url: 'unix:/x'\n    mode: \"0660\"\n  - {a: [b, c]}\nlog: {level: info}\n";
  const std::string special = "[]{}:,-?&*!|>'\"%@`#\n\t \\~<.";
  for (int round = 0; round < 3'000; ++round) {
    std::string text = round % 2 == 0 ? sample : std::string(below(60), ' ');
    for (std::size_t change = 0; !text.empty() && change < 1 + below(8); ++change) {
      const std::size_t at = below(text.size());
      text[at] = round % 3 == 0 ? static_cast<char>(below(256)) : special[below(special.size())];
    }
    static_cast<void>(parse_yaml(text));
  }
}
