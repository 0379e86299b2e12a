// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/drop_in.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "config/config.h"
#include "config/load.h"
#include "config/suggestion.h"
#include "config/url.h"
#include "daemon/cli/go_values.h"

namespace fleetsign::cli {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr std::string_view kName = "tesla-http-proxy";

/// A flag's or a variable's value.
struct Given {
  std::string value;
  std::string where;  ///< "-port" or "TESLA_HTTP_PROXY_PORT"
  bool is_flag = true;
};

/// What all of them add up to.
struct Plan {
  std::string cert_file;
  std::string tls_key_file;
  std::string key_file;
  Given host{.value = "localhost", .where = "-host"};
  std::uint16_t port = 8080;
  std::optional<milliseconds> timeout;
  bool verbose = false;
  std::string state_dir;
  std::vector<Notice> notices;
};

/// Nothing, or why it does not do.
using Outcome = std::optional<Misuse>;

struct Row {
  std::string_view flag;      ///< without its dash; a star at the end stands for any more characters
  std::string_view variable;  ///< likewise; empty: none
  std::string_view value;     ///< what it is called; empty: the flag is true or false
  std::string_view becomes;   ///< for the table, in Markdown
  std::string_view summary;   ///< one sentence without a full stop
  Outcome (*take)(Plan& plan, const Given& given);  ///< null: it is of the keyring, and refused
};

bool matches(std::string_view pattern, std::string_view name) {
  return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
}

template <std::string Plan::*member>
Outcome take_text(Plan& plan, const Given& given) {
  plan.*member = given.value;
  return std::nullopt;
}

Outcome take_host(Plan& plan, const Given& given) {
  plan.host = given;
  auto& host = plan.host.value;
  if (host.empty()) host = "0.0.0.0";  // for Go, no host is all of them
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (config::is_address(host) || config::is_loopback(host)) return std::nullopt;
  return Misuse{.message = given.where + ": " + config::quote(given.value) + " is not an address",
                .hint = "write localhost, an address of this machine, or 0.0.0.0 for all that it has"};
}

Outcome take_port(Plan& plan, const Given& given) {
  const char* const end = given.value.data() + given.value.size();
  const auto [stop, error] = std::from_chars(given.value.data(), end, plan.port);
  if (error == std::errc{} && stop == end) return std::nullopt;
  return Misuse{.message = given.where + ": " + config::quote(given.value) + " is not a port",
                .hint = "write a number from 0 to 65535; 0 is any that is free"};
}

Outcome take_timeout(Plan& plan, const Given& given) {
  const auto asked = read_go_duration(given.value);
  if (!asked || *asked <= 0ms) {
    return Misuse{.message = given.where + ": " + config::quote(given.value) + " is not a time to wait",
                  .hint = "write numbers and units, such as 10s, 1m30s or 500ms"};
  }
  plan.timeout = std::clamp<milliseconds>(*asked, config::kShortestTimeout, config::kLongestTimeout);
  if (*plan.timeout == *asked) return std::nullopt;
  const auto used = config::to_text(*plan.timeout);
  plan.notices.push_back({.message = given.where + ": a command has " + used + ", which is the " +
                                     (*plan.timeout > *asked ? "least" : "most") + " that it can have"});
  return std::nullopt;
}

Outcome take_verbose(Plan& plan, const Given& given) {
  const auto wanted = read_go_boolean(given.value);
  plan.verbose = wanted.value_or(true);
  if (wanted || !given.is_flag) return std::nullopt;  // a variable is a yes whatever else it says
  return Misuse{.message = given.where + ": " + config::quote(given.value) + " is neither true nor false",
                .hint = "write -verbose, or -verbose=false"};
}

Outcome take_session_cache(Plan& plan, const Given& given) {
  if (given.value.empty()) return std::nullopt;
  plan.state_dir = given.value + ".fleetsign";
  plan.notices.push_back({.message = given.where + ": sessions are kept in the folder " + plan.state_dir + "; " +
                                     given.value + " is neither read nor written"});
  return std::nullopt;
}

Outcome take_no_session_cache(Plan& plan, const Given& given) {
  if (!read_go_boolean(given.value).value_or(true)) return std::nullopt;
  plan.notices.push_back({.message = given.where + " has no effect: which counters were used must outlive a restart"});
  return std::nullopt;
}

Outcome take_vehicle_domain(Plan& plan, const Given& given) {
  plan.notices.push_back(
      {.message = given.where + " has no effect: a command opens a session with the part of the vehicle that it needs",
       .hint = "the domain that is registered with Tesla is FLEETSIGN_DOMAIN"});
  return std::nullopt;
}

constexpr Row kRows[] = {
    {"cert", "TESLA_HTTP_PROXY_TLS_CERT", "FILE", "`listen`: `tls.cert_file`",
     "The TLS certificate that callers see (PEM); it must be given", take_text<&Plan::cert_file>},
    {"tls-key", "TESLA_HTTP_PROXY_TLS_KEY", "FILE", "`listen`: `tls.key_file`",
     "The private key of that certificate (PEM), which only its owner can read; it must be given",
     take_text<&Plan::tls_key_file>},
    {"key-file", "TESLA_KEY_FILE", "FILE", "`key_file`",
     "The private key that signs commands (PEM, P-256), which only its owner can read; it must be given",
     take_text<&Plan::key_file>},
    {"host", "TESLA_HTTP_PROXY_HOST", "ADDRESS", "`listen`: `url`, and `callers: known` beyond this machine",
     "Where to listen: localhost (the default), an address of this machine, or 0.0.0.0 for all that it has; callers "
     "from other machines need a local key beside their Tesla token",
     take_host},
    {"port", "TESLA_HTTP_PROXY_PORT", "NUMBER", "`listen`: `url`", "The port to listen at; 8080 by default", take_port},
    {"timeout", "TESLA_HTTP_PROXY_TIMEOUT", "DURATION",
     "`timeout`, and `timeout_max` where that is shorter and no configuration file is named",
     "How long a command may take, such as 10s (the default) or 1m30s; from 2s to 10m", take_timeout},
    {"verbose", "TESLA_VERBOSE", "", "`log.level: debug`", "Log more; never tokens, PINs or messages", take_verbose},
    {"session-cache", "TESLA_CACHE_FILE", "FILE", "`state_dir: FILE.fleetsign`",
     "Sessions and what else must survive a restart are kept in the folder FILE.fleetsign; FILE itself is neither read "
     "nor written",
     take_session_cache},
    {"disable-session-cache", "", "", "nothing",
     "Without effect: which counters were used must outlive a restart, and a session costs a request",
     take_no_session_cache},
    {"domain", "", "NAME", "nothing",
     "Without effect: a command opens a session with the part of the vehicle that it needs, and with no other",
     take_vehicle_domain},
    {"key-name", "TESLA_KEY_NAME", "NAME", "refused",
     "Keys in a keyring are not read: `tesla-keygen export` writes one to a file, for -key-file; beside a key file the "
     "variable is ignored",
     nullptr},
    {"keyring-*", "TESLA_KEYRING_*", "VALUE", "refused", "Likewise", nullptr},
};

std::string with_dash(std::string_view flag) {
  return "-" + std::string(flag);
}

const Row* find_row(std::string_view flag) {
  const auto* const row = std::ranges::find_if(kRows, [&](const Row& each) { return matches(each.flag, flag); });
  return row == std::end(kRows) ? nullptr : row;
}

Misuse refuse_keyring(std::string_view where) {
  return {
      .message = std::string(where) + ": keys in a keyring are not read",
      .hint =
          "`(umask 077 && tesla-keygen export > fleet-key.pem)` writes the key to a file, for -key-file; then leave "
          "out what is about the keyring"};
}

Misuse unknown(std::string_view flag) {
  std::vector<std::string> names;
  for (const Row& row : kRows) {
    if (!row.flag.ends_with('*')) names.emplace_back(row.flag);
  }
  const auto meant = config::suggestion(flag, names);
  return {.message = "there is no flag " + config::quote(with_dash(flag)),
          .hint = meant ? "did you mean " + with_dash(*meant) + "?"
                        : "`tesla-http-proxy -h` lists them; what fleetsign has beyond them is set by FLEETSIGN_ "
                          "variables, or in the file that FLEETSIGN_CONFIG names"};
}

/// In the order of the rows.
using GivenRows = std::map<const Row*, Given>;

/// As Go reads flags: with one dash or two, the value behind "=" or in the next word, the last one of a name counts.
class FlagReader {
 public:
  explicit FlagReader(std::span<const std::string> words) : words_(words) {}

  std::variant<GivenRows, HelpWanted, Misuse> read() {
    while (!words_.empty()) {
      const std::string_view word = next();
      if (word == "--" && words_.empty()) break;
      if (word.size() < 2 || !word.starts_with('-') || word == "--") return stray();
      const auto text = word.substr(word.starts_with("--") ? 2 : 1);
      const auto name = text.substr(0, text.find('='));
      if (name == "h" || name == "help") return HelpWanted{};
      if (auto misuse = take(name, text)) return *std::move(misuse);
    }
    return std::move(given_);
  }

 private:
  std::string_view next() {
    const std::string_view word = words_.front();
    words_ = words_.subspan(1);
    return word;
  }

  /// The word is not shown: it may be a secret that has lost its flag.
  static Misuse stray() {
    return {.message = "there is a word that belongs to no flag",
            .hint = "true and false stand behind =, as in -verbose=false; sub-commands are those of `fleetsign`"};
  }

  Outcome take(std::string_view name, std::string_view text) {
    const Row* const row = find_row(name);
    if (row == nullptr) return unknown(name);
    Given given{.value = "true", .where = with_dash(name)};
    if (row->take == nullptr) return refuse_keyring(given.where);
    if (name != text) {
      given.value = text.substr(name.size() + 1);
    } else if (!row->value.empty()) {
      if (words_.empty()) return Misuse{.message = given.where + " needs a value: " + std::string(row->value)};
      given.value = next();
    }
    given_.insert_or_assign(row, std::move(given));
    return std::nullopt;
  }

  std::span<const std::string> words_;
  GivenRows given_;
};

/// Kubernetes tells every container of a namespace where its services are: for one that is called tesla-http-proxy, in
/// TESLA_HTTP_PROXY_PORT=tcp://ADDRESS:PORT.
bool is_service_link(const Row& row, std::string_view value) {
  return row.take == take_port && value.find("://") != std::string_view::npos;
}

void add_variables(GivenRows& given, const config::Environment& environment) {
  for (const Row& row : kRows) {
    if (row.take == nullptr || row.variable.empty() || given.contains(&row)) continue;
    const std::string name(row.variable);
    const auto value = config::find_variable(environment, name);
    if (!value || is_service_link(row, *value)) continue;
    given.emplace(&row, Given{.value = *value, .where = name, .is_flag = false});
  }
}

/// The name of a variable that is not empty; nothing where there is none.
std::optional<std::string> variable_like(const config::Environment& environment, std::string_view pattern) {
  const auto found = std::ranges::find_if(
      environment, [&](const auto& variable) { return !variable.second.empty() && matches(pattern, variable.first); });
  return found == environment.end() ? std::nullopt : std::optional(found->first);
}

bool has_variable(const config::Environment& environment, const std::string& name) {
  return config::find_variable(environment, name).has_value();
}

Misuse missing(std::string_view flag, std::string hint) {
  const Row& row = *find_row(flag);
  return {
      .message = with_dash(flag) + " " + std::string(row.value) + " is missing, and so is " + std::string(row.variable),
      .hint = std::move(hint)};
}

/// A keyring's variables do no harm beside a key file: they are what Tesla's documentation has people put in their
/// profiles.
Outcome find_missing(const Plan& plan, const config::Environment& environment) {
  const bool may_have_key =
      has_variable(environment, "FLEETSIGN_KEY_FILE") || has_variable(environment, "FLEETSIGN_CONFIG");
  if (plan.key_file.empty() && !may_have_key) {
    for (const Row& row : kRows) {
      if (row.take != nullptr) continue;
      if (const auto name = variable_like(environment, row.variable)) return refuse_keyring(*name);
    }
    return missing("key-file", "it names the private key that signs; `fleetsign keygen --out FILE` makes one");
  }
  const std::string hint = "`fleetsign make-cert` makes a certificate and its key, for -cert and -tls-key";
  if (plan.cert_file.empty()) return missing("cert", hint);
  if (plan.tls_key_file.empty()) return missing("tls-key", hint);
  return std::nullopt;
}

std::string in_yaml(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

std::string listener(const Plan& plan, bool is_exposed) {
  const std::string& host = plan.host.value;
  const bool is_ipv6 = host.find(':') != std::string::npos;
  const auto url = "https://" + (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(plan.port);
  return "{url: " + in_yaml(url) + (is_exposed ? ", callers: known" : "") +
         ", tls: {cert_file: " + in_yaml(plan.cert_file) + ", key_file: " + in_yaml(plan.tls_key_file) + "}}";
}

/// The flag by which a sub-command finds the state of this daemon, where it would not by itself.
std::string flag_of_state(const Plan& plan, const config::Environment& environment) {
  const auto file = config::find_variable(environment, "FLEETSIGN_CONFIG");
  if (plan.state_dir.empty() && file) return " --config '" + *file + "'";
  const auto usual = config::load({.environment = environment}).config.state_dir.string();
  const auto& folder = plan.state_dir.empty() ? usual : plan.state_dir;
  return folder.empty() ? "" : " --state-dir '" + folder + "'";
}

Notice warn_of_exposure(const Plan& plan, const config::Environment& environment) {
  return {.is_warning = true,
          .message = plan.host.where + ": " + plan.host.value +
                     " reaches beyond this machine, so callers need a local key beside their Tesla token",
          .hint = "`fleetsign client add NAME" + flag_of_state(plan, environment) +
                  "` prints one, for the header `X-Authorization: Bearer KEY`; names of this machine that callers use "
                  "go into FLEETSIGN_HOSTS"};
}

ServeCommand serve_command(Plan plan, const config::Environment& environment) {
  const bool is_exposed = !config::is_loopback(plan.host.value);
  const bool has_file = has_variable(environment, "FLEETSIGN_CONFIG");
  ServeCommand command{.arguments = {"serve"}, .notices = std::move(plan.notices)};
  const auto add = [&](const std::string& key, const std::string& value) {
    if (!value.empty()) command.arguments.push_back("--" + key + "=" + value);
  };
  // Else fleetsign's own file would be read, of which users of tesla-http-proxy know nothing.
  if (!has_file) add("config", "/dev/null");
  add("listen", listener(plan, is_exposed));
  add("key-file", plan.key_file);
  if (plan.timeout) {
    add("timeout", config::to_text(*plan.timeout));
    const bool may_be_set = has_file || has_variable(environment, "FLEETSIGN_TIMEOUT_MAX");
    if (*plan.timeout > config::Config{}.timeout_max && !may_be_set) add("timeout-max", config::to_text(*plan.timeout));
  }
  if (plan.verbose) add("log.level", "debug");
  add("state-dir", plan.state_dir);
  if (is_exposed) command.notices.push_back(warn_of_exposure(plan, environment));
  return command;
}

std::string heading(const Row& row) {
  return with_dash(row.flag) + (row.value.empty() ? "" : " " + std::string(row.value));
}

}  // namespace

bool is_drop_in(std::string_view program) {
  return program.substr(program.find_last_of('/') + 1) == kName;
}

Translated translate(std::span<const std::string> arguments, const config::Environment& environment) {
  auto flags = FlagReader(arguments).read();
  if (std::holds_alternative<HelpWanted>(flags)) return HelpWanted{};
  if (auto* misuse = std::get_if<Misuse>(&flags)) return std::move(*misuse);
  auto& given = std::get<GivenRows>(flags);
  add_variables(given, environment);
  Plan plan;
  for (const auto& [row, value] : given) {
    if (auto misuse = row->take(plan, value)) return *std::move(misuse);
  }
  if (auto misuse = find_missing(plan, environment)) return *std::move(misuse);
  return serve_command(std::move(plan), environment);
}

std::string drop_in_usage() {
  std::string text =
      "tesla-http-proxy, as fleetsign does it: a local proxy that signs commands for Tesla vehicles.\n\n"
      "Usage: tesla-http-proxy -cert FILE -tls-key FILE -key-file FILE [FLAG]...\n\n"
      "A flag counts before its variable, which is in brackets; both before FLEETSIGN_ variables.\n\n";
  for (const Row& row : kRows) {
    text += "  " + heading(row) + (row.variable.empty() ? "" : "  [" + std::string(row.variable) + "]") + "\n      " +
            std::string(row.summary) + '\n';
  }
  return text + "  -h, -help\n      Print this\n";
}

std::string drop_in_table() {
  std::string table = "| flag | variable | becomes | meaning |\n|---|---|---|---|\n";
  for (const Row& row : kRows) {
    const std::string variable = row.variable.empty() ? "" : "`" + std::string(row.variable) + "`";
    table += "| `" + heading(row) + "` | " + variable + " | " + std::string(row.becomes) + " | " +
             std::string(row.summary) + " |\n";
  }
  return table;
}

}  // namespace fleetsign::cli
