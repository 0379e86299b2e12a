// SPDX-License-Identifier: Apache-2.0
#include "config/accounts.h"

#include <string_view>
#include <vector>

#include "config/callers.h"
#include "config/members.h"

namespace fleetsign::config {
namespace {

struct Field {
  std::string_view name;
  void (*set)(Account& account, const Entry& entry);
};
constexpr Field kFields[] = {
    {"access_token_file",
     [](Account& account, const Entry& entry) { assign(account.access_token_file, read_path(entry)); }},
};

constexpr std::string_view kManaged = "managed";

std::optional<Account> read_one(const Entry& entry) {
  if (entry.value.kind == Value::Kind::text && entry.value.text == kManaged) return Account{};
  if (entry.value.kind != Value::Kind::map) {
    entry.complain_expected("`managed` or a map with an access_token_file");
    return std::nullopt;
  }
  Account account;
  const std::size_t problems = entry.problems.size();
  std::vector<std::string> names;
  for (const Field& field : kFields) names.emplace_back(field.name);
  read_members(entry, names, [&](std::size_t index, const Entry& member) { kFields[index].set(account, member); });
  if (entry.problems.size() != problems) return std::nullopt;
  if (account.access_token_file) return account;
  entry.complain("has no access_token_file",
                 "write {access_token_file: PATH}; or `managed`, for tokens that fleetsign refreshes");
  return std::nullopt;
}

}  // namespace

std::optional<std::map<std::string, Account>> read_accounts(const Entry& entry) {
  if (entry.value.kind == Value::Kind::nothing) return std::map<std::string, Account>{};
  if (entry.value.kind != Value::Kind::map) {
    entry.complain_expected("a map of names, which only a file can have");
    return std::nullopt;
  }
  std::map<std::string, Account> accounts;
  for (const auto& [name, value] : entry.value.members) {
    const Entry member{value, entry.key + "." + printable(name), entry.source, entry.problems};
    if (!is_caller_name(name)) {
      const Entry whole{value, entry.key, entry.source, entry.problems};
      whole.complain(quote(name) + " is not an account's name",
                     "write up to 64 lower-case letters, digits, \".\", \"_\" and \"-\", such as home");
      continue;
    }
    auto account = read_one(member);
    if (!account) continue;
    if (!accounts.emplace(name, *std::move(account)).second) {
      member.complain("is set a second time", "remove one of them");
    }
  }
  return accounts;
}

}  // namespace fleetsign::config
