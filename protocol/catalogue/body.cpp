// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include "protocol/catalogue/catalogue.h"
#include "protocol/catalogue/echo.h"

namespace fleetsign::catalogue {
namespace {

using nlohmann::json;
using protocol::Failure;
using protocol::Kind;

constexpr std::string_view kWhiteSpace = " \t\r\n";

std::string not_json_at(std::size_t position) {
  return "the body is not JSON: it goes wrong at byte " + std::to_string(position);
}

/// Takes a flat object from the parser's events. What is nested in a member comes as an empty object or array, so that
/// depth costs nothing. Never shows more of the body than the names of members: values may be secrets.
class Reader final : public nlohmann::json_sax<json> {
 public:
  [[nodiscard]] const json& body() const { return body_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(json::number_integer_t value) override { return add(value); }
  bool number_unsigned(json::number_unsigned_t value) override { return add(value); }
  bool number_float(json::number_float_t value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return start(json::object()); }
  bool end_object() override { return end(); }
  bool start_array(std::size_t) override { return start(json::array()); }
  bool end_array() override { return end(); }

  bool key(std::string& name) override {
    if (depth_ != 1) return true;
    if (body_.contains(name)) {
      problem_ = "the body has " + echo_name(name) + " twice";
      return false;
    }
    name_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    problem_ = not_json_at(position);
    return false;
  }

 private:
  bool add(json value) {
    if (depth_ == 0) {
      body_ = std::move(value);
    } else if (depth_ == 1 && body_.is_object()) {
      body_[name_] = std::move(value);
    }
    return true;
  }
  bool start(json empty) {
    add(std::move(empty));
    ++depth_;
    return true;
  }
  bool end() {
    --depth_;
    return true;
  }

  json body_;
  std::size_t depth_ = 0;
  std::string name_;  ///< of the member whose value comes next
  std::string problem_;
};

/// `percent=80&x=1`, which `curl -d` invites to write.
bool is_form(std::string_view body) {
  const auto name_end = body.find('=');
  const auto in_name = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return name_end != std::string_view::npos && name_end > 0 &&
         std::all_of(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(name_end), in_name);
}

std::string how_to_write(const Command& command) {
  if (command.parameters.empty()) return std::string(command.name) + " takes no parameters: send no body";
  return "send a JSON object, for example " + example_text(command);
}

Failure bad_body(const Command& command, std::string message) {
  return {.kind = Kind::bad_request, .message = std::move(message), .hint = how_to_write(command)};
}

}  // namespace

protocol::Result<json> parse_body(const Command& command, std::string_view body) {
  if (body.size() > kMaxBody) {
    return Failure{.kind = Kind::too_large,
                   .message = "the body of a command has at most " + std::to_string(kMaxBody) + " bytes, this one " +
                              std::to_string(body.size())};
  }
  if (body.find_first_not_of(kWhiteSpace) == std::string_view::npos) return json::object();

  // The parser takes a zero for the end and would not look at what follows.
  if (const auto zero = body.find('\0'); zero != std::string_view::npos) {
    return bad_body(command, not_json_at(zero + 1));
  }
  Reader reader;
  if (!json::sax_parse(body, &reader)) {
    return bad_body(command, is_form(body) ? "the body is not JSON, but written as key=value" : reader.problem());
  }
  const json& parsed = reader.body();
  if (parsed.is_object()) return parsed;
  if (command.parameters.empty() && (parsed.is_boolean() || parsed.is_null())) return json::object();
  return bad_body(command, std::string("the body is not a JSON object, but of type ") + parsed.type_name());
}

}  // namespace fleetsign::catalogue
