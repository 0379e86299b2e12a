// SPDX-License-Identifier: Apache-2.0
#include "config/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <optional>
#include <sstream>
#include <utility>
#include <vector>

namespace fleetsign::config {
namespace {

using Kind = Value::Kind;

std::size_t line_of(const YAML::Mark& mark) {
  return mark.line < 0 ? 0 : static_cast<std::size_t>(mark.line) + 1;
}

[[noreturn]] void refuse(const YAML::Mark& mark, const char* why) {
  throw YAML::ParserException(mark, why);
}

/// Builds the tree from yaml-cpp's events. Its own YAML::Node would follow aliases and swallow a repeated key.
class TreeBuilder final : public YAML::EventHandler {
 public:
  Value take() { return std::move(root_); }

  // yaml-cpp also takes what it cannot place, such as text behind a closing bracket, for a document of its own.
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true)) refuse(mark, "something follows the end of the document");
  }
  void OnDocumentEnd() override {}

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse(mark, "an alias (*) is not supported"); }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, node(Kind::nothing, mark, anchor)); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    Value value = node(Kind::text, mark, anchor, tag);
    value.text = text;
    add(mark, std::move(value));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, node(Kind::list, mark, anchor, tag));
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, node(Kind::map, mark, anchor, tag));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YAML::Mark mark;
    Value value;
    std::optional<Value> key;  ///< of a map, until its value is complete
  };

  static Value node(Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag = "") {
    if (anchor != YAML::NullAnchor) refuse(mark, "an anchor (&) is not supported");
    // yaml-cpp's own words for "no tag": "?" for plain text and collections, "!" for text in quotation marks.
    if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "a tag (!) is not supported");
    return Value{.kind = kind, .line = line_of(mark)};
  }

  void open(const YAML::Mark& mark, Value value) {
    if (open_.size() == kMaxDepth) refuse(mark, "maps and lists are nested too deeply");
    open_.push_back(Frame{.mark = mark, .value = std::move(value)});
  }

  void close() {
    Frame frame = std::move(open_.back());
    open_.pop_back();
    add(frame.mark, std::move(frame.value));
  }

  void add(const YAML::Mark& mark, Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& parent = open_.back();
    if (parent.value.kind == Kind::list) {
      parent.value.items.push_back(std::move(value));
    } else if (!parent.key) {
      if (value.kind != Kind::text) refuse(mark, "a key must be plain text");
      parent.key = std::move(value);
    } else {
      // yaml-cpp marks an absent value where the next token is, which may be many lines below its key.
      value.line = parent.key->line;
      parent.value.members.push_back({std::move(parent.key->text), std::move(value)});
      parent.key.reset();
    }
  }

  Value root_;
  std::vector<Frame> open_;
  bool started_ = false;
};

}  // namespace

std::variant<Value, SyntaxError> parse_yaml(const std::string& text) try {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  TreeBuilder builder;
  while (parser.HandleNextDocument(builder)) {
  }
  return builder.take();
} catch (const YAML::Exception& error) {
  return SyntaxError{.line = line_of(error.mark), .message = error.msg};
}

}  // namespace fleetsign::config
