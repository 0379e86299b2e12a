// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/path_rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "daemon/api/request.h"
#include "daemon/http/message.h"
#include "daemon/upstream/billing.h"
#include "protocol/vin.h"

namespace fleetsign::api {
namespace {

using protocol::Kind;

constexpr std::string_view kFleetApi = "/api/1/";
constexpr std::string_view kVehicles = "vehicles";
/// Where a path below kFleetApi has them.
constexpr std::size_t kFirst = 2;
constexpr std::size_t kTag = 3;
constexpr std::size_t kWord = 4;

bool holds(std::string_view path, std::string_view text) {
  return path.find(text) != std::string_view::npos;
}

bool has_hidden_slash(std::string_view path) {
  return holds(path, "\\") || holds(path, "%2F") || holds(path, "%5C");
}

bool has_odd_character(std::string_view path) {
  const auto is_odd = [](unsigned char c) { return c <= 0x20 || c >= 0x7F || c == '#' || c == '?'; };
  return !path.starts_with('/') || std::ranges::any_of(path, is_odd) || holds(path, "%0") || holds(path, "%1") ||
         holds(path, "%7F");
}

bool climbs(std::string_view path) {
  return std::ranges::any_of(segments_of(path), [](std::string_view segment) {
    const auto name = segment.substr(0, segment.find(';'));  // some servers drop what is behind it
    return name == "." || name == "..";
  });
}

bool has_gap(std::string_view path) {
  const auto segments = segments_of(path);
  return segments.size() > 1 && std::ranges::find(segments, std::string_view()) != segments.end();
}

bool is_same_but_for_case(std::string_view text, std::string_view word) {
  return text != word && http::equal_ignoring_case(text, word);
}

bool has_other_case(std::string_view path) {
  if (!path.starts_with(kFleetApi)) return false;
  const auto segments = segments_of(path);
  if (is_same_but_for_case(segments[kFirst], kVehicles)) return true;
  if (segments[kFirst] != kVehicles || segments.size() <= kWord) return false;
  return std::ranges::any_of(upstream::billed_requests(), [&](const upstream::BillingRow& row) {
    return is_same_but_for_case(segments[kWord], row.path.substr(0, row.path.find('/')));
  });
}

bool has_more_than_words(std::string_view path) {
  if (!path.starts_with(kFleetApi)) return false;
  const auto segments = segments_of(path);
  if (segments[kFirst] != kVehicles || segments.size() <= kWord) return false;
  const auto is_of_a_word = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '~';
  };
  return !std::ranges::all_of(segments[kTag], is_of_a_word) || !std::ranges::all_of(segments[kWord], is_of_a_word);
}

/// Something else may still lead to a vehicle, but nobody here could tell to which.
bool has_odd_vehicle(std::string_view path) {
  constexpr std::string_view kWordCharacters = "abcdefghijklmnopqrstuvwxyz_";
  if (!path.starts_with(kFleetApi)) return false;
  const auto segments = segments_of(path);
  if (segments[kFirst] != kVehicles || segments.size() <= kTag) return false;
  // A command's reply says more.
  if (segments.size() == kWord + 2 && segments[kWord] == "command") return false;
  const auto tag = segments[kTag];
  const bool is_word = tag.find_first_not_of(kWordCharacters) == std::string_view::npos;
  return !is_word && !protocol::is_fleet_api_id(tag) && !protocol::read_vin(tag);
}

struct Rule {
  bool (*is_broken)(std::string_view path);
  const char* message;
  const char* hint;
  Kind kind;
};

constexpr std::array kRules = {
    Rule{has_hidden_slash, "the path has a slash or backslash inside a segment, perhaps as %2F or %5C",
         "no path of Fleet API needs one: write / between segments, and nothing else for it", Kind::bad_request},
    Rule{has_odd_character, "the path has characters that are not passed on",
         "write it without `#`, spaces and control characters", Kind::bad_request},
    Rule{climbs, "the path has a segment `.` or `..`, perhaps as %2E", "write the path that is meant, without them",
         Kind::bad_request},
    Rule{has_gap, "the path has an empty segment", "write one / between segments, not two", Kind::bad_request},
    Rule{has_other_case, "the path has a word of Fleet API's in another case",
         "write `vehicles`, `command` and such in lower case", Kind::bad_request},
    Rule{has_more_than_words, "the path has other characters than words have, behind `vehicles`",
         "write /api/1/vehicles/VIN/command/NAME, without `;` and percent-encoding", Kind::bad_request},
    Rule{has_odd_vehicle, "what stands for the vehicle is neither a VIN nor Fleet API's number of it",
         "a VIN has 17 letters and digits, without I, O and Q; a number at most 20 digits; names of vehicles stand in "
         "the configuration",
         Kind::bad_vin},
};

}  // namespace

std::optional<protocol::Failure> refuse_path(std::string_view path) {
  const auto* broken = std::ranges::find_if(kRules, [&](const Rule& rule) { return rule.is_broken(path); });
  if (broken == kRules.end()) return std::nullopt;
  return protocol::Failure{.kind = broken->kind, .message = broken->message, .hint = broken->hint};
}

}  // namespace fleetsign::api
