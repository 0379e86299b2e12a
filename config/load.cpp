// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <memory>
#include <set>
#include <string_view>
#include <system_error>
#include <variant>

#include "config/entry.h"
#include "config/keys.h"
#include "config/members.h"
#include "config/suggestion.h"
#include "config/vehicles.h"
#include "config/yaml.h"

namespace fleetsign::config {
namespace {

constexpr std::size_t kLargestFile = std::size_t{1024} * 1024;

/// Read by sub-commands, which say so themselves; no keys, and yet no mistakes.
constexpr std::string_view kOtherVariables[] = {
    "FLEETSIGN_CONFIG",
    "FLEETSIGN_TOKEN",
    "FLEETSIGN_URL",
#ifdef FLEETSIGN_FAULT_POINTS
    "FLEETSIGN_FAULT_POINT",
#endif
};

/// Kubernetes describes each service to every container of its namespace: a service called "fleetsign" adds
/// FLEETSIGN_SERVICE_HOST, FLEETSIGN_PORT=tcp://…, FLEETSIGN_PORT_4480_TCP_ADDR and more ("Accessing the Service").
bool is_service_link(std::string_view name, std::string_view value) {
  return name.starts_with("FLEETSIGN_SERVICE_") || name.starts_with("FLEETSIGN_PORT_") ||
         (name == "FLEETSIGN_PORT" && value.find("://") != std::string_view::npos);
}

Problem file_problem(const std::filesystem::path& file, int error) {
  if (error == ENOENT || error == ENOTDIR) {
    return {.kind = Problem::Kind::missing_file,
            .where = file.string(),
            .message = "the file does not exist",
            .hint = "`fleetsign config example` prints one to begin with"};
  }
  return {.kind = Problem::Kind::unreadable_file,
          .where = file.string(),
          .message = "the file cannot be read: " + std::generic_category().message(error),
          .hint = "name a file that this user may read"};
}

/// The first kLargestFile + 1 bytes.
std::variant<std::string, Problem> read_file(const std::filesystem::path& file) {
  const auto close = [](std::FILE* stream) { std::fclose(stream); };
  const std::unique_ptr<std::FILE, decltype(close)> stream(std::fopen(file.c_str(), "rbe"), close);
  if (!stream) return file_problem(file, errno);
  std::string text(kLargestFile + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stream.get()));
  if (std::ferror(stream.get()) != 0) return file_problem(file, errno);
  return text;
}

/// The value with what its paths stand for; `key` is its own.
Value with_paths(Value value, const std::string& key, const std::vector<ReadPath>& paths) {
  const auto found = std::find_if(paths.begin(), paths.end(), [&](const ReadPath& read) {
    return read.key == key && read.line == value.line && read.text == value.text;
  });
  if (value.kind == Value::Kind::text && found != paths.end()) value.text = found->path.string();
  for (Value& item : value.items) item = with_paths(std::move(item), key, paths);
  for (auto& [name, member] : value.members) member = with_paths(std::move(member), key + "." + name, paths);
  return value;
}

std::vector<std::string> key_names() {
  std::vector<std::string> names;
  for (const Key& key : keys()) names.emplace_back(key.name);
  return names;
}

class Loader {
 public:
  explicit Loader(const Sources& sources) : sources_(sources) {}

  Loaded run() {
    if (sources_.file) load_file(*sources_.file);
    for (const auto& [name, value] : sources_.environment) {
      if (name.starts_with(kEnvironmentPrefix)) load_variable(name, value);
    }
    for (const auto& [name, value] : sources_.flags) load_flag(name, value);
    return finish();
  }

  Loaded run(const SetKeys& settings) {
    for (const Key& key : keys()) {
      const auto found = settings.find(key.name);
      if (found == settings.end()) continue;
      const Source source = source_of(found->second.source);
      set(key, {found->second.value, found->first, source, loaded_.problems});
    }
    return finish();
  }

 private:
  Loaded finish() {
    check_timeouts();
    check_accounts();
    check_oauth();
    check_vehicles();
    choose_state_dir();
    return std::move(loaded_);
  }

  /// Of a file, `folder` is where its relative paths start.
  Source source_of(std::string name, std::filesystem::path folder = {}) {
    return {std::move(name), std::move(folder), sources_.environment, &paths_};
  }

  void complain(std::string where, std::string message, std::string hint) {
    loaded_.problems.push_back({.where = std::move(where), .message = std::move(message), .hint = std::move(hint)});
  }

  void set(const Key& key, const Entry& entry) {
    const std::size_t problems = loaded_.problems.size();
    paths_.clear();
    key.set(loaded_.config, entry);
    if (loaded_.problems.size() != problems) {
      faulty_.insert(key.name);
      return;
    }
    const std::string name(key.name);
    loaded_.origins.insert_or_assign(name, entry.where());
    loaded_.settings.insert_or_assign(name, Setting{with_paths(entry.value, name, paths_), entry.source.name});
  }

  void set_word(const Key& key, const std::string& word, const Source& source) {
    const Value value = scalar(word);
    set(key, {value, std::string(key.name), source, loaded_.problems});
  }

  void load_file(const std::filesystem::path& file) {
    if (sources_.file_text) return load_text(file, *sources_.file_text);
    auto text = read_file(file);
    if (auto* problem = std::get_if<Problem>(&text)) return loaded_.problems.push_back(std::move(*problem));
    load_text(file, std::get<std::string>(text));
  }

  void load_text(const std::filesystem::path& file, const std::string& text) {
    if (text.size() > kLargestFile) return complain(file.string(), "the file is larger than 1 MiB", "");
    const Source source = source_of(file.string(), file.parent_path());
    const auto parsed = parse_yaml(text);
    if (const auto* error = std::get_if<SyntaxError>(&parsed)) {
      const Value place{.line = error->line};
      return Entry{place, "", source, loaded_.problems}.complain("this is not valid YAML: " +
                                                                 printable(error->message));
    }
    const Entry root{std::get<Value>(parsed), "", source, loaded_.problems};
    read_members(root, key_names(), [&](std::size_t index, const Entry& entry) {
      loaded_.in_file.emplace(keys()[index].name);
      set(keys()[index], entry);
    });
  }

  void load_variable(const std::string& name, const std::string& value) {
    for (const Key& key : keys()) {
      if (environment_name(key.name) == name) return set_word(key, value, source_of("environment " + name));
    }
    const bool is_other =
        std::find(std::begin(kOtherVariables), std::end(kOtherVariables), name) != std::end(kOtherVariables);
    if (is_other || is_service_link(name, value)) return;

    // Compared without the prefix, which would make any two names look alike.
    std::vector<std::string> candidates;
    for (const Key& key : keys()) candidates.push_back(environment_name(key.name).substr(kEnvironmentPrefix.size()));
    for (const std::string_view other : kOtherVariables)
      candidates.emplace_back(other.substr(kEnvironmentPrefix.size()));
    const std::optional<std::string> meant = suggestion(name.substr(kEnvironmentPrefix.size()), candidates);
    complain("environment " + name, "no key has this variable",
             meant ? "did you mean " + std::string(kEnvironmentPrefix) + *meant + "?" : "unset it");
  }

  void load_flag(const std::string& given, const std::string& value) {
    const std::string where = "flag --" + given;
    std::string name = given;
    std::replace(name.begin(), name.end(), '-', '_');
    const Key* key = find_key(name);
    if (key == nullptr) {
      const std::optional<std::string> meant = suggestion(name, key_names());
      return complain(where, "no key has this name",
                      meant ? "did you mean --" + *meant + "?" : "`fleetsign config example` shows every key");
    }
    if (!flags_.insert(key->name).second) {
      return complain(where, name + ": is set a second time", "give the flag once; the values of a list have commas");
    }
    set_word(*key, value, source_of(where));
  }

  void check_timeouts() {
    const Config& config = loaded_.config;
    if (config.timeout <= config.timeout_max) return;
    if (faulty_.contains("timeout") || faulty_.contains("timeout_max")) return;
    const std::string timeout = to_text(config.timeout);
    const std::string most = to_text(config.timeout_max);
    const auto set = loaded_.origins.find("timeout");
    if (set != loaded_.origins.end()) {
      complain(set->second, "timeout: " + timeout + " is longer than timeout_max, which is " + most,
               "set timeout_max to " + timeout + " or more");
    } else {
      complain(loaded_.origins.at("timeout_max"),
               "timeout_max: " + most + " is shorter than timeout, which is " + timeout,
               "set timeout to " + most + " or less");
    }
  }

  void check_accounts() {
    if (faulty_.contains("accounts") || faulty_.contains("callers")) return;
    std::vector<std::string> names;
    for (const auto& [name, account] : loaded_.config.accounts) names.push_back(name);
    const auto check = [&](const std::optional<std::string>& account, const std::string& where,
                           const std::string& key) {
      if (!account || loaded_.config.accounts.contains(*account)) return;
      const std::optional<std::string> meant = suggestion(*account, names);
      complain(where, key + ": there is no account " + quote(*account),
               meant ? "did you mean " + *meant + "?" : "name it in `accounts`: {NAME: managed}");
    };
    for (const CallerEntry& caller : loaded_.config.callers) check(caller.account, caller.where, "callers.account");
    for (const auto& [name, vehicle] : loaded_.config.vehicles) {
      check(vehicle.account, vehicle.where, "vehicles." + name + ".account");
    }
  }

  void check_oauth() {
    if (faulty_.contains("accounts") || faulty_.contains("oauth.client_id") || loaded_.config.oauth.client_id) return;
    for (const auto& [name, account] : loaded_.config.accounts) {
      if (account.access_token_file) continue;
      return complain(loaded_.origins.at("accounts"),
                      "accounts." + name + ": is managed, and there is no oauth.client_id to refresh its tokens with",
                      "set oauth.client_id to the id that the developer portal shows");
    }
  }

  void check_vehicles() {
    if (faulty_.contains("vehicles")) return;
    const auto set = loaded_.origins.find("next_key_vehicles");
    resolve_names(loaded_.config, set == loaded_.origins.end() ? "" : set->second, loaded_.problems);
    // Which vehicles they are, whatever is called so later.
    const auto setting = loaded_.settings.find("next_key_vehicles");
    if (setting == loaded_.settings.end()) return;
    Value vins{.kind = Value::Kind::list, .line = setting->second.value.line};
    for (const std::string& vin : loaded_.config.next_key_vehicles) vins.items.push_back(scalar(vin));
    setting->second.value = std::move(vins);
  }

  void choose_state_dir() {
    if (!loaded_.config.state_dir.empty()) return;
    // systemd.exec(5): several StateDirectory= are separated by colons; ours is the first.
    if (const auto folders = find_variable(sources_.environment, "STATE_DIRECTORY")) {
      default_state_dir(folders->substr(0, folders->find(':')), "default, from environment STATE_DIRECTORY");
    } else if (const auto home = find_variable(sources_.environment, "HOME")) {
      default_state_dir(*home + "/.local/state/fleetsign", "default, from environment HOME");
    }
  }

  void default_state_dir(const std::string& folder, std::string source) {
    loaded_.config.state_dir = folder;
    loaded_.settings.emplace("state_dir", Setting{scalar(folder), std::move(source)});
  }

  const Sources& sources_;
  Loaded loaded_;
  std::set<std::string_view> faulty_;  ///< keys that a source sets, but not to a usable value
  std::set<std::string_view> flags_;   ///< keys that a flag has set
  std::vector<ReadPath> paths_;        ///< of the key that is being set
};

}  // namespace

Loaded load(const Sources& sources) {
  return Loader(sources).run();
}

Loaded assemble(const SetKeys& settings) {
  const Sources none;
  return Loader(none).run(settings);
}

}  // namespace fleetsign::config
