// SPDX-License-Identifier: Apache-2.0
#include "config/callers.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "config/members.h"
#include "config/vehicles.h"

namespace fleetsign::config {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

std::string with(std::string_view a, std::string_view b, std::string_view c = {}) {
  return std::string(a).append(b).append(c);
}

bool consists_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

std::optional<std::string> read_name(const Entry& entry) {
  std::optional<std::string> name = read_text(entry, "a name");
  if (!name || *name == kAnybody || is_caller_name(*name)) return name;
  entry.complain(quote(*name) + " is not a caller's name",
                 std::string(kCallerNameHint) + ", or \"*\" for whoever has no entry");
  return std::nullopt;
}

/// A fingerprint as people copy it, AB:CD:…, in the one form that we compare; a common name stays as it is.
std::optional<std::string> read_certificate(const Entry& entry) {
  constexpr std::size_t kFingerprint = 64;
  // X.520: ub-common-name.
  constexpr std::size_t kLongestCommonName = 64;
  std::optional<std::string> text =
      read_text(entry, "a client certificate's common name, or its SHA-256 in 64 hexadecimal digits");
  if (!text) return std::nullopt;
  std::string digits;
  for (const char c : *text) {
    const std::size_t letter = kUpper.find(c);
    if (c != ':') digits += letter == std::string_view::npos ? c : kLower[letter];
  }
  if (digits.size() == kFingerprint && consists_of(digits, with(kDigits, "abcdef"))) return digits;
  if (text->size() <= kLongestCommonName) return text;
  entry.complain(quote(*text) + " is neither a common name nor a certificate's SHA-256",
                 "write up to 64 characters, or 64 hexadecimal digits: `openssl x509 -noout -fingerprint -sha256 -in "
                 "FILE` shows them");
  return std::nullopt;
}

std::optional<std::string> read_account_of_system(const Entry& entry) {
  std::optional<std::string> text = read_text(entry, "a name or a number");
  if (!text || text->find_first_of(" /:,") == std::string::npos) return text;
  entry.complain(quote(*text) + " is neither a name nor a number", "`id` shows both");
  return std::nullopt;
}

/// Each item, by `read`.
template <class Read>
std::optional<std::vector<std::string>> read_items(const Entry& entry, Read read) {
  const std::optional<std::vector<Value>> items = read_list(entry);
  if (!items) return std::nullopt;
  std::vector<std::string> all;
  for (const Value& item : *items) {
    if (auto one = read(Entry{item, entry.key, entry.source, entry.problems})) all.push_back(*std::move(one));
  }
  return all;
}

/// Each item of what is all that a caller gets: a list that is forgotten might have meant all or nothing.
template <class Read>
std::optional<std::vector<std::string>> read_whole(const Entry& entry, Read read) {
  if (entry.value.kind != Value::Kind::nothing) return read_items(entry, read);
  entry.complain_expected("a list, which may be []");
  return std::nullopt;
}

bool is_command_name(std::string_view text) {
  return !text.empty() && consists_of(text, with(kLower, kDigits, "_"));
}

bool is_segment(std::string_view text) {
  if (text == "*") return true;
  return !text.empty() && text != "." && text != ".." && consists_of(text, with(kLower, kUpper, kDigits) + "._~-");
}

/// "METHOD /PATH", where either's part may be a "*".
bool is_pattern(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return false;
  const std::string_view method = text.substr(0, space);
  std::string_view path = text.substr(space + 1);
  if (method != "*" && (method.empty() || !consists_of(method, kUpper))) return false;
  if (path.empty()) return false;
  while (!path.empty()) {
    if (!path.starts_with('/')) return false;
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    if (!is_segment(path.substr(0, end))) return false;
    path.remove_prefix(end);
  }
  return true;
}

std::optional<std::string> read_rule(const Entry& entry) {
  std::optional<std::string> text = read_text(entry, "a command, a group or \"METHOD /PATH\"");
  if (!text || is_command_name(*text) || is_pattern(*text)) return text;
  entry.complain(quote(*text) + " is no name of a command or group, and not of the form \"METHOD /PATH\"",
                 "write one such as honk_horn, charging or \"GET /api/1/users/*\", where \"*\" is any one part, or at "
                 "the end any parts; `fleetsign commands` lists the names");
  return std::nullopt;
}

std::optional<std::string> read_command(const Entry& entry) {
  std::optional<std::string> text = read_text(entry, "a command or a group");
  if (!text || is_command_name(*text)) return text;
  entry.complain(quote(*text) + " is no name of a command or group", "`fleetsign commands` lists them");
  return std::nullopt;
}

constexpr std::size_t kHighestRate = 1'000'000;
constexpr std::uint64_t kHighestBudget = 1'000'000;

struct Field {
  std::string_view name;
  void (*set)(CallerEntry& caller, const Entry& entry);
};
constexpr Field kFields[] = {
    {"name", [](CallerEntry& caller, const Entry& entry) { assign(caller.name, read_name(entry)); }},
    {"certificate",
     [](CallerEntry& caller, const Entry& entry) { assign(caller.certificate, read_certificate(entry)); }},
    {"user", [](CallerEntry& caller, const Entry& entry) { assign(caller.user, read_account_of_system(entry)); }},
    {"group", [](CallerEntry& caller, const Entry& entry) { assign(caller.group, read_account_of_system(entry)); }},
    {"account",
     [](CallerEntry& caller, const Entry& entry) { assign(caller.account, read_text(entry, "an account's name")); }},
    {"vehicles",
     [](CallerEntry& caller, const Entry& entry) { assign(caller.vehicles, read_whole(entry, read_vehicle)); }},
    {"allow", [](CallerEntry& caller, const Entry& entry) { assign(caller.allow, read_whole(entry, read_rule)); }},
    {"confirm",
     [](CallerEntry& caller, const Entry& entry) { assign(caller.confirm, read_items(entry, read_command)); }},
    {"rate", [](CallerEntry& caller, const Entry& entry) { assign(caller.rate, read_count(entry, 1, kHighestRate)); }},
    {"daily_budget",
     [](CallerEntry& caller, const Entry& entry) { assign(caller.daily_budget, read_dollars(entry, kHighestBudget)); }},
};

/// What no two entries may share.
struct Unique {
  std::string_view what;
  std::optional<std::string> (*of)(const CallerEntry& caller);
};
constexpr Unique kUnique[] = {
    {"name", [](const CallerEntry& caller) { return std::optional(caller.name); }},
    {"certificate", [](const CallerEntry& caller) { return caller.certificate; }},
    {"user", [](const CallerEntry& caller) { return caller.user; }},
    {"group", [](const CallerEntry& caller) { return caller.group; }},
};

void check(const CallerEntry& caller, const Entry& entry) {
  if (caller.name.empty()) return entry.complain("an entry has no name", "write {name: NAME, …}");
  if (caller.name != kAnybody) return;
  if (caller.certificate || caller.user || caller.group) {
    entry.complain("the entry \"*\" is for whoever has no entry, and has no certificate, user or group",
                   "give the entry a name of its own");
  }
  if (caller.account) {
    entry.complain("the entry \"*\" cannot have an account: whoever has no entry must bring an own token",
                   "give the account to an entry with a name");
  }
}

void check_unique(const CallerEntry& caller, const std::vector<CallerEntry>& before, const Entry& entry) {
  for (const Unique& unique : kUnique) {
    const auto own = unique.of(caller);
    const auto first = std::find_if(before.begin(), before.end(),
                                    [&](const CallerEntry& other) { return own && unique.of(other) == own; });
    if (first == before.end()) continue;
    entry.complain("the " + std::string(unique.what) + " " + quote(*own) + " has an entry already, at " + first->where,
                   "remove one of them");
  }
}

/// An entry whose parts are wrong has been complained about, so that what it lacks need not be told as well.
std::optional<CallerEntry> read_one(const Entry& entry) {
  if (entry.value.kind != Value::Kind::map) {
    entry.complain_expected("a map with a name, which only a file can have");
    return std::nullopt;
  }
  CallerEntry caller{.where = entry.where()};
  const std::size_t problems = entry.problems.size();
  std::vector<std::string> names;
  for (const Field& field : kFields) names.emplace_back(field.name);
  read_members(entry, names, [&](std::size_t index, const Entry& member) { kFields[index].set(caller, member); });
  if (entry.problems.size() == problems) check(caller, entry);
  if (entry.problems.size() != problems) return std::nullopt;
  return caller;
}

}  // namespace

bool is_caller_name(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  return !name.empty() && name.size() <= kLongest && consists_of(name.substr(0, 1), with(kLower, kDigits)) &&
         consists_of(name, with(kLower, kDigits, "._-"));
}

std::optional<std::vector<CallerEntry>> read_callers(const Entry& entry) {
  // Nothing at all would lift every rule.
  if (entry.value.kind != Value::Kind::list) {
    entry.complain_expected("a list of maps, which only a file can have");
    return std::nullopt;
  }
  const std::optional<std::vector<Value>> items = read_list(entry);
  if (!items) return std::nullopt;
  std::vector<CallerEntry> all;
  for (const Value& item : *items) {
    const Entry place{item, entry.key, entry.source, entry.problems};
    std::optional<CallerEntry> one = read_one(place);
    if (!one) continue;
    check_unique(*one, all, place);
    all.push_back(*std::move(one));
  }
  return all;
}

std::optional<std::vector<std::string>> read_confirm(const Entry& entry) {
  return read_items(entry, read_command);
}

}  // namespace fleetsign::config
