// SPDX-License-Identifier: Apache-2.0
// The configuration as plain data. Every member but `file` is set from one row of the key table (config/keys.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fleetsign::config {

/// A command is sent only while a whole second is left, so a shorter wait could never succeed.
inline constexpr std::chrono::seconds kShortestTimeout{2};
inline constexpr std::chrono::minutes kLongestTimeout{10};

/// In the place of a path.
inline constexpr const char* kAuditToStderr = "stderr";

/// `admin` is the daemon's own socket for its sub-commands, which no configuration names.
enum class Serve { all, public_key, metrics, admin };
enum class Region { automatic, na, eu, cn };
enum class UnknownCommands { forward, reject };
enum class LogLevel { error, warning, info, debug };
enum class LogFormat { text, json };

struct ListenTls {
  std::filesystem::path cert_file;
  std::filesystem::path key_file;
  std::optional<std::filesystem::path> client_ca_file;

  bool operator==(const ListenTls&) const = default;
};

/// One place to listen: "http://HOST:PORT", "https://…", "unix:/PATH" or "systemd:NAME".
struct Listen {
  std::string url;
  Serve serve = Serve::all;
  std::optional<unsigned> mode;      ///< of a Unix socket, e.g. 0660
  std::optional<std::string> group;  ///< of a Unix socket
  std::optional<ListenTls> tls;
  bool known_callers = false;  ///< only such as have a credential that is known here, whatever token they bring
  bool behind_proxy = false;   ///< a proxy is at the other end, and says for whom it asks

  bool operator==(const Listen&) const = default;
};

struct FleetApi {
  std::optional<std::string> base_url;  ///< overrides region and everything learned
  std::optional<std::filesystem::path> ca_file;
  Region region = Region::automatic;
  bool http2 = false;

  bool operator==(const FleetApi&) const = default;
};

/// Bounds on everything that a stranger can grow.
struct Limits {
  std::size_t connections = 10'000;
  std::size_t connections_per_peer = 1'000;  ///< of a user of Unix sockets, or an address of another machine
  std::size_t workers = 4'096;               ///< requests being handled at once
  std::size_t queue = 4'096;                 ///< requests that wait for a worker
  std::size_t uri_bytes = 8 * 1024;
  std::size_t header_bytes = 32 * 1024;  ///< all fields together
  std::size_t header_count = 100;
  std::size_t body_bytes = 1024 * 1024;
  std::size_t forwarded_body_bytes = 64 * 1024 * 1024;  ///< of requests that are passed on
  std::chrono::milliseconds first_byte{60'000};         ///< of silence between requests
  std::chrono::milliseconds request{10'000};            ///< from a request's first byte to its last, or to each MiB
  std::chrono::milliseconds reply{30'000};              ///< for the caller to take it, or each MiB of it
  std::size_t requests_per_connection = 10'000;

  bool operator==(const Limits&) const = default;
};

/// Of one request to Fleet API, in millionths of a dollar.
struct Prices {
  std::uint64_t commands = 1'000;
  std::uint64_t data = 2'000;
  std::uint64_t wakes = 20'000;

  bool operator==(const Prices&) const = default;
};

/// Requests a minute for each vehicle; nothing: as many as come.
struct RateLimits {
  std::optional<std::size_t> commands;
  std::optional<std::size_t> data;
  std::optional<std::size_t> wakes;

  bool operator==(const RateLimits&) const = default;
};

/// The app that is registered with Tesla, and how users let it act for them.
struct OAuth {
  std::optional<std::string> client_id;
  std::optional<std::filesystem::path> client_secret_file;
  std::string redirect_uri = "http://localhost:4482/callback";
  std::vector<std::string> scopes = {"openid",           "offline_access", "vehicle_device_data",
                                     "vehicle_location", "vehicle_cmds",   "vehicle_charging_cmds"};
  std::optional<std::string> token_url;      ///< nothing: Tesla's for the region
  std::optional<std::string> authorize_url;  ///< likewise

  bool operator==(const OAuth&) const = default;
};

/// Whose token callers may use who bring none.
struct Account {
  /// Another program writes it, and keeps it fresh. Nothing: the tokens are kept and refreshed here.
  std::optional<std::filesystem::path> access_token_file;

  bool operator==(const Account&) const = default;
};

/// What is known of one caller, and its rules. Of names and patterns it has the text, whose syntax is right.
struct CallerEntry {
  std::string name;  ///< "*": whoever has no entry
  std::optional<std::string>
      certificate;                     ///< a common name, or the SHA-256 of a certificate in 64 lower-case hex digits
  std::optional<std::string> user;     ///< of a Unix socket's peer: a name or a number
  std::optional<std::string> group;    ///< likewise
  std::optional<std::string> account;  ///< whose managed token it uses when it brings none of its own
  std::optional<std::vector<std::string>> vehicles;  ///< VINs in capital letters; nothing: all
  std::optional<std::vector<std::string>> allow;     ///< commands, groups and "METHOD /PATH"; nothing: everything
  std::vector<std::string> confirm;                  ///< commands and groups, beside those of Config
  std::optional<std::size_t> rate;                   ///< requests a minute
  std::optional<std::uint64_t> daily_budget;         ///< of billed requests, in millionths of a dollar
  std::string where;                                 ///< for messages: "FILE:LINE"

  bool operator==(const CallerEntry&) const = default;
};

/// A vehicle that has a name here.
struct Vehicle {
  std::string vin;                          ///< in capital letters
  std::optional<std::string> account = {};  ///< whose token goes with a request to it where the caller brings none
  std::string where = {};                   ///< for messages: "FILE:LINE"

  bool operator==(const Vehicle&) const = default;
};
using Vehicles = std::map<std::string, Vehicle, std::less<>>;  ///< by name

struct Log {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;

  bool operator==(const Log&) const = default;
};

struct Config {
  std::optional<std::filesystem::path> file;  ///< that was read, for messages; whoever looks for one sets it
  std::vector<Listen> listen = {Listen{.url = "http://127.0.0.1:4480"}};
  std::optional<std::filesystem::path> key_file;
  std::optional<std::filesystem::path> key_passphrase_file;
  std::optional<std::filesystem::path> next_key_file;  ///< which takes the place of key_file by and by
  std::vector<std::string> next_key_vehicles;          ///< whose commands it signs already: VINs in capital letters
  FleetApi fleet_api;
  std::chrono::milliseconds timeout{10'000};
  std::chrono::milliseconds timeout_max{60'000};
  std::chrono::milliseconds shutdown_timeout{20'000};
  std::filesystem::path state_dir;  ///< load() resolves it; empty only when neither $STATE_DIRECTORY nor $HOME is set
  std::optional<std::filesystem::path> state_key_file;  ///< what tokens in the state are encrypted with
  std::optional<std::string> domain;
  std::vector<std::string> hosts;  ///< as callers write them in `Host`: an IPv6 address in brackets
  UnknownCommands unknown_commands = UnknownCommands::forward;
  std::vector<std::string> experimental_commands;
  bool action_endpoint = false;
  bool auto_wake = false;
  std::optional<std::size_t> wake_limit;  ///< of each vehicle and day
  bool require_authenticated_replies = false;
  bool pin_vehicle_keys = false;
  std::chrono::milliseconds vehicle_data_cache{0};  ///< 0: off
  Prices prices;
  RateLimits rate_limits;
  OAuth oauth;
  std::vector<CallerEntry> callers;
  std::map<std::string, Account> accounts;  ///< by name
  Vehicles vehicles;
  std::vector<std::string> confirm;                 ///< commands and groups that need a confirmation of every caller
  std::optional<std::filesystem::path> audit_file;  ///< or kAuditToStderr; nothing: no audit
  Limits limits;
  Log log;

  bool operator==(const Config&) const = default;
};

/// For messages about what it lacks: "the configuration (FILE)".
inline std::string name_of(const Config& config) {
  return "the configuration (" + (config.file ? config.file->string() : "no file was read") + ")";
}

}  // namespace fleetsign::config
