// SPDX-License-Identifier: Apache-2.0
#include "config/merge.h"

#include <utility>

#include "config/entry.h"
#include "config/keys.h"

namespace fleetsign::config {
namespace {

Value without_lines(Value value) {
  value.line = 0;
  for (Value& item : value.items) item = without_lines(std::move(item));
  for (auto& [name, member] : value.members) member = without_lines(std::move(member));
  return value;
}

const Setting* find(const SetKeys& settings, const Key& key) {
  const auto found = settings.find(key.name);
  return found == settings.end() ? nullptr : &found->second;
}

/// What a setting makes of a configuration, wherever it stands.
Config meaning_of(const Key& key, const Setting* setting) {
  static const Environment kNone;
  Config config;
  if (setting == nullptr) return config;
  const Value value = without_lines(setting->value);
  const Source nowhere{"", "", kNone};
  std::vector<Problem> none;
  key.set(config, {value, std::string(key.name), nowhere, none});
  return config;
}

}  // namespace

Merged merge(const Loaded& running, const Loaded& fresh) {
  Merged merged;
  SetKeys settings;
  for (const Key& key : keys()) {
    const Setting* before = find(running.settings, key);
    const Setting* after = find(fresh.settings, key);
    const bool is_applied = key.reload == Reload::applied;
    if (meaning_of(key, before) != meaning_of(key, after)) {
      (is_applied ? merged.applied : merged.waiting).emplace_back(key.name);
    }
    const Setting* chosen = is_applied ? after : before;
    if (chosen != nullptr) settings.emplace(key.name, *chosen);
  }
  merged.running = assemble(settings);
  merged.running.config.file = fresh.config.file;
  for (Problem& problem : merged.running.problems) {
    problem.hint = "the files are right, but this needs a key that waits for a restart: restart the daemon";
  }
  return merged;
}

}  // namespace fleetsign::config
