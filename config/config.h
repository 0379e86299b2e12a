// SPDX-License-Identifier: Apache-2.0
// The configuration as plain data. Every member is set from one row of the key table (config/keys.h).
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fleetsign::config {

enum class Serve { all, public_key, metrics };
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

  bool operator==(const Listen&) const = default;
};

struct FleetApi {
  std::optional<std::string> base_url;  ///< overrides region and everything learned
  std::optional<std::filesystem::path> ca_file;
  Region region = Region::automatic;

  bool operator==(const FleetApi&) const = default;
};

struct Log {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;

  bool operator==(const Log&) const = default;
};

struct Config {
  std::vector<Listen> listen = {Listen{.url = "http://127.0.0.1:4480"}};
  std::optional<std::filesystem::path> key_file;
  std::optional<std::filesystem::path> key_passphrase_file;
  FleetApi fleet_api;
  std::chrono::milliseconds timeout{10'000};
  std::chrono::milliseconds timeout_max{60'000};
  std::filesystem::path state_dir;  ///< load() resolves it; empty only when neither $STATE_DIRECTORY nor $HOME is set
  std::optional<std::string> domain;
  UnknownCommands unknown_commands = UnknownCommands::forward;
  std::vector<std::string> experimental_commands;
  bool auto_wake = false;
  bool require_authenticated_replies = false;
  Log log;

  bool operator==(const Config&) const = default;
};

}  // namespace fleetsign::config
