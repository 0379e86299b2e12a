// SPDX-License-Identifier: Apache-2.0
#include "config/members.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "config/suggestion.h"

namespace fleetsign::config {
namespace {

using Setter = std::function<void(std::size_t, const Entry&)>;

/// One pass over a map and the maps within it.
class MemberReader {
 public:
  MemberReader(const Entry& root, std::span<const std::string> names, const Setter& set)
      : root_(root), names_(names), set_(set) {}

  /// `prefix` is the map's own name and a dot; empty for the root.
  void read(const Entry& map, const std::string& prefix) {
    if (map.value.kind == Value::Kind::nothing) return;
    if (map.value.kind != Value::Kind::map) return map.complain_expected("a map of keys");
    for (const auto& [name, value] : map.value.members) read_member(prefix + name, value);
  }

 private:
  void read_member(const std::string& name, const Value& value) {
    const auto row = std::find(names_.begin(), names_.end(), name);
    const bool is_row = row != names_.end();
    if (!is_row && !is_group(name)) return complain_unknown(name, value);

    const Entry member{value, key_of(name), root_.source, root_.problems};
    const auto [first, is_new] = lines_.emplace(name, value.line);
    if (!is_new) {
      const std::string place = first->second == 0 ? "" : ", first in line " + std::to_string(first->second);
      return member.complain("is set a second time" + place, "remove one of them");
    }
    if (is_row) return set_(static_cast<std::size_t>(row - names_.begin()), member);
    read(member, name + ".");
  }

  [[nodiscard]] bool is_group(const std::string& name) const {
    return std::any_of(names_.begin(), names_.end(), [&](const std::string& n) { return n.starts_with(name + "."); });
  }

  [[nodiscard]] std::string key_of(const std::string& name) const {
    return root_.key.empty() ? name : root_.key + "." + name;
  }

  void complain_unknown(const std::string& name, const Value& value) const {
    std::vector<std::string> candidates(names_.begin(), names_.end());
    for (const std::string& known : names_) candidates.push_back(known.substr(0, known.find('.')));
    const std::optional<std::string> meant = suggestion(name, candidates);
    const Entry nameless{value, "", root_.source, root_.problems};
    nameless.complain("unknown key " + quote(key_of(name)),
                      meant ? "did you mean " + key_of(*meant) + "?" : "`fleetsign config example` shows every key");
  }

  const Entry& root_;
  std::span<const std::string> names_;
  const Setter& set_;
  std::map<std::string, std::size_t> lines_;
};

}  // namespace

void read_members(const Entry& map, std::span<const std::string> names, const Setter& set) {
  MemberReader(map, names, set).read(map, "");
}

}  // namespace fleetsign::config
