// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/action.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "protocol/catalogue/catalogue.h"
#include "protocol/catalogue/echo.h"
#include "protocol/catalogue/row.h"

namespace fleetsign::catalogue {
namespace {

using google::protobuf::Message;
using nlohmann::json;
using protocol::Kind;

constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxPlace = 200;

/// How a body names a domain, and the member that holds the domain's message.
struct Shape {
  Domain domain;
  std::string_view member;
};
constexpr std::array kShapes = {Shape{Domain::infotainment, "action"}, Shape{Domain::vehicle_security, "message"}};

Failure bad_action(std::string message) {
  return {.kind = Kind::bad_request,
          .message = std::move(message),
          .hint = R"(for example {"domain": "infotainment", "action": {"chargingSetLimitAction": {"percent": 80}}})"};
}

/// What the parser of JSON would let pass: members that come twice, and depth, which costs whoever walks it later.
class Strictness {
 public:
  bool operator()(int depth, json::parse_event_t event, const json& value) {
    too_deep_ = too_deep_ || depth > kMaxDepth;
    if (event == json::parse_event_t::object_start) names_.emplace_back();
    if (event == json::parse_event_t::object_end) names_.pop_back();
    if (event == json::parse_event_t::key && !names_.back().insert(value.get<std::string>()).second) {
      twice_ = value.get<std::string>();
    }
    return true;
  }

  [[nodiscard]] std::optional<Failure> verdict() const {
    if (too_deep_) return bad_action("the body is nested deeper than " + std::to_string(kMaxDepth));
    if (twice_) return bad_action("the body has " + echo_name(*twice_) + " twice");
    return std::nullopt;
  }

 private:
  std::vector<std::set<std::string>> names_;  ///< of each object that is open
  std::optional<std::string> twice_;
  bool too_deep_ = false;
};

protocol::Result<json> parse_json(std::string_view body) {
  if (body.size() > kMaxBody) {
    return Failure{.kind = Kind::too_large,
                   .message = "the body of an action has at most " + std::to_string(kMaxBody) + " bytes"};
  }
  Strictness strictness;
  // The parser takes a zero for the end and would not look at what follows.
  const bool has_zero = body.find('\0') != std::string_view::npos;
  auto parsed = has_zero ? json(json::value_t::discarded) : json::parse(body, std::ref(strictness), false);
  if (parsed.is_discarded()) return bad_action("the body is not JSON");
  if (auto failure = strictness.verdict()) return *std::move(failure);
  if (!parsed.is_object()) return bad_action("the body is not a JSON object");
  return parsed;
}

/// The a.b of "(a.b) …", where protobuf says of which message it speaks; empty when it does not. A member's name may
/// begin like that too, so it is one only when it could be.
std::string_view place_in(std::string_view words) {
  const auto end = words.find(')');
  if (!words.starts_with('(') || end == std::string_view::npos) return {};
  const auto place = words.substr(1, end - 1);
  constexpr std::string_view kInNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.[]";
  const bool could_be = place.size() <= kMaxPlace && place.find_first_not_of(kInNames) == std::string_view::npos;
  return could_be ? place : std::string_view();
}

/// What protobuf says, without the values that it quotes: they may be secrets. It says "(a.b): …" of a value, and
/// "(a.b) name: Cannot find field." of a member that a.b does not have.
std::string problem_in(std::string_view words) {
  constexpr std::string_view kUnknown = ": Cannot find field.";
  const std::string_view place = place_in(words);
  if (!place.empty()) words.remove_prefix(std::min(place.size() + 3, words.size()));
  const std::string of_place = place.empty() ? "" : " of " + std::string(place);
  if (!words.ends_with(kUnknown)) return "a value" + of_place + " is not of its type";
  words.remove_suffix(kUnknown.size());
  return "a member" + of_place + " is unknown: " + echo_name(words);
}

std::optional<Failure> read_message(const json& from, Message& message) {
  const google::protobuf::util::JsonParseOptions strict{};
  const auto status = google::protobuf::util::JsonStringToMessage(from.dump(), &message, strict);
  if (status.ok()) return std::nullopt;
  return bad_action(problem_in({status.message().data(), status.message().size()}));
}

template <class Root>
protocol::Result<Action> read_action(const Shape& shape, const json& from) {
  Root payload;
  auto& message = content(payload);
  if (auto failure = read_message(from, message)) return *std::move(failure);
  const auto* set = message.GetReflection()->GetOneofFieldDescriptor(message, message.GetDescriptor()->oneof_decl(0));
  if (set == nullptr) return bad_action(std::string(shape.member) + " sets nothing");
  return Action{.name = set->name(),
                .payload = {.domain = shape.domain, .bytes = serialised(payload), .repeat = Repeat::once}};
}

const Shape* shape_of(const json& body) {
  const auto domain = body.find("domain");
  if (domain == body.end() || !domain->is_string()) return nullptr;
  const auto* found = std::ranges::find_if(kShapes, [&](const Shape& shape) {
    return protocol::to_string(shape.domain) == domain->get_ref<const std::string&>();
  });
  return found == kShapes.end() ? nullptr : found;
}

}  // namespace

protocol::Result<Action> parse_action(std::string_view body) {
  const auto parsed = parse_json(body);
  if (!parsed) return parsed.error();
  const Shape* shape = shape_of(*parsed);
  if (shape == nullptr) return bad_action("domain is neither infotainment nor vehicle_security");
  const auto message = parsed->find(shape->member);
  if (message == parsed->end() || parsed->size() != 2) {
    return bad_action("beside domain, the body has the member " + std::string(shape->member) + " and no other");
  }
  if (!message->is_object() || message->size() != 1) {
    return bad_action(std::string(shape->member) + " is not an object with exactly one member");
  }
  return shape->domain == Domain::infotainment ? read_action<CarServer::Action>(*shape, *message)
                                               : read_action<UnsignedMessage>(*shape, *message);
}

}  // namespace fleetsign::catalogue
