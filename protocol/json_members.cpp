// SPDX-License-Identifier: Apache-2.0
#include "protocol/json_members.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace fleetsign::protocol {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxEcho = 48;

std::string as_json(const std::string& text) {
  return json(text).dump();
}

/// The parser's name for a number that no double can hold.
constexpr int kBeyondDouble = 406;

/// Only what looks like a name is shown: anything else may be a value in the wrong place.
std::string echo(const std::string& name) {
  const bool is_name = !name.empty() && name.size() <= kMaxEcho && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return is_name ? name : "a member";
}

/// Writes each value down again as it comes from the parser, which would turn numbers into what a double can hold.
class Writer final : public nlohmann::json_sax<json> {
 public:
  [[nodiscard]] std::vector<JsonMember>& members() { return members_; }
  /// What follows the name of the text in a message; empty when all was well.
  [[nodiscard]] const std::string& problem() const { return problem_; }

  bool null() override { return write("null"); }
  bool boolean(bool value) override { return write(value ? "true" : "false"); }
  bool number_integer(json::number_integer_t value) override { return write(std::to_string(value)); }
  bool number_unsigned(json::number_unsigned_t value) override { return write(std::to_string(value)); }
  bool number_float(json::number_float_t, const std::string& digits) override { return write(digits); }
  bool string(std::string& value) override { return write(as_json(value)); }
  bool binary(json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return (names_.empty() || write("{")) && descend(); }
  bool end_object() override { return ascend('}'); }
  bool start_array(std::size_t) override { return write("[") && descend(); }
  bool end_array() override { return ascend(']'); }

  bool key(std::string& name) override {
    if (!names_.back().insert(name).second) return fail(" has " + echo(name) + " twice");
    if (names_.size() > 1) return write(as_json(name) + ':');
    members_.push_back({std::move(name), {}});
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    if (error.id == kBeyondDouble) return fail(" has a number that is too large, at byte " + std::to_string(position));
    return fail(" is not JSON: it goes wrong at byte " + std::to_string(position));
  }

 private:
  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  bool write(std::string_view token) {
    if (names_.empty()) return fail(" is not a JSON object");
    std::string& text = members_.back().text;
    const bool is_next = !text.empty() && std::string_view("{[:").find(text.back()) == std::string_view::npos;
    if (is_next) text += ',';
    text += token;
    return true;
  }

  bool descend() {
    names_.emplace_back();
    return names_.size() <= kMaxJsonDepth || fail(" is nested deeper than " + std::to_string(kMaxJsonDepth));
  }

  bool ascend(char bracket) {
    names_.pop_back();
    if (!names_.empty()) members_.back().text += bracket;
    return true;
  }

  std::vector<JsonMember> members_;
  std::vector<std::set<std::string>> names_;  ///< of each object that is open; none for an array
  std::string problem_;
};

}  // namespace

Result<std::vector<JsonMember>> read_json_members(std::string_view text, std::string_view what) {
  if (text.size() > kMaxJson) {
    return Failure{.kind = Kind::too_large,
                   .message = std::string(what) + " has more than " + std::to_string(kMaxJson) + " bytes"};
  }
  Writer writer;
  const bool was_read = json::sax_parse(text, &writer);
  // The parser takes a zero for the end and would not look at what follows.
  const bool has_zero = text.find('\0') != std::string_view::npos;
  if (was_read && !has_zero) return std::move(writer.members());
  const auto& problem = writer.problem();
  return Failure{.kind = Kind::bad_request,
                 .message = std::string(what) + (problem.empty() ? " is not JSON" : problem)};
}

const JsonMember* find_member(const std::vector<JsonMember>& members, std::string_view name) {
  const auto found = std::ranges::find(members, name, &JsonMember::name);
  return found == members.end() ? nullptr : &*found;
}

}  // namespace fleetsign::protocol
