// SPDX-License-Identifier: Apache-2.0
#include "config/keys.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "config/accounts.h"
#include "config/callers.h"
#include "config/domain.h"
#include "config/listen.h"
#include "config/oauth.h"
#include "config/url.h"
#include "config/vehicles.h"

namespace fleetsign::config {
namespace {

using namespace std::chrono_literals;

constexpr std::array kRegions = {Choice<Region>{"auto", Region::automatic}, Choice<Region>{"na", Region::na},
                                 Choice<Region>{"eu", Region::eu}, Choice<Region>{"cn", Region::cn}};
constexpr std::array kUnknownCommands = {Choice<UnknownCommands>{"forward", UnknownCommands::forward},
                                         Choice<UnknownCommands>{"reject", UnknownCommands::reject}};
constexpr std::array kLogLevels = {
    Choice<LogLevel>{"error", LogLevel::error}, Choice<LogLevel>{"warning", LogLevel::warning},
    Choice<LogLevel>{"info", LogLevel::info}, Choice<LogLevel>{"debug", LogLevel::debug}};
constexpr std::array kLogFormats = {Choice<LogFormat>{"text", LogFormat::text},
                                    Choice<LogFormat>{"json", LogFormat::json}};

std::optional<std::chrono::milliseconds> read_timeout(const Entry& entry) {
  return read_duration(entry, kShortestTimeout, kLongestTimeout);
}

/// Where bearer tokens are sent, so plain HTTP never leaves the machine; the URL is not shown, for it may hold a
/// password.
std::optional<std::string> read_base_url(const Entry& entry) {
  const std::optional<std::string> text = read_text(entry, "a URL");
  if (!text) return std::nullopt;
  const std::string hint = "write https://HOST or https://HOST:PORT";
  const auto parsed = parse_origin(*text);
  if (const auto* fault = std::get_if<std::string>(&parsed)) {
    entry.complain("the URL " + *fault, hint);
    return std::nullopt;
  }
  const Origin& origin = std::get<Origin>(parsed);
  if (origin.scheme != "https" && !(origin.scheme == "http" && is_loopback(origin.host))) {
    entry.complain("the URL is not https", hint + "; http only leads to this machine, as in http://127.0.0.1:4481");
    return std::nullopt;
  }
  if (origin.port == 0) {
    entry.complain("the URL has port 0", hint);
    return std::nullopt;
  }
  return to_text(origin);
}

/// In lower case, as Fleet API wants it.
std::optional<std::string> read_domain(const Entry& entry) {
  std::optional<std::string> text = read_text(entry, "a host name");
  if (!text) return std::nullopt;
  const auto fault = fault_in_domain(*text);
  if (!fault) return text;
  entry.complain(quote(*text) + " is no domain: " + fault->message, fault->hint);
  return std::nullopt;
}

/// As host names are, and with underscores, as containers have them; DNS does not mind (RFC 2181, section 11).
bool is_callable(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return is_host_name(name);
}

/// A name or an address by which callers may address this daemon.
std::optional<std::string> read_host(const Entry& entry) {
  std::optional<std::string> text = read_text(entry, "a host name");
  if (!text) return std::nullopt;
  if (is_unspecified(*text)) {
    entry.complain(quote(*text) + " is a place to listen, and the name of no machine", "name the host as callers do");
    return std::nullopt;
  }
  if (is_callable(*text)) return text;
  if (is_address(*text)) return "[" + *text + "]";
  entry.complain(quote(*text) + " is not a host name", "write the name alone, such as fleet.example");
  return std::nullopt;
}

std::optional<std::vector<std::string>> read_hosts(const Entry& entry) {
  const std::optional<std::vector<Value>> items = read_list(entry);
  if (!items) return std::nullopt;
  std::vector<std::string> hosts;
  for (const Value& item : *items) {
    if (auto host = read_host({item, entry.key, entry.source, entry.problems})) hosts.push_back(*std::move(host));
  }
  return hosts;
}

std::optional<std::filesystem::path> read_audit_file(const Entry& entry) {
  const std::optional<std::string> text = read_text(entry, "a path");
  if (text == kAuditToStderr) return *text;
  return text ? read_path(entry) : std::nullopt;
}

std::optional<std::vector<std::string>> read_command_names(const Entry& entry) {
  const std::optional<std::vector<Value>> items = read_list(entry);
  if (!items) return std::nullopt;
  std::vector<std::string> names;
  for (const Value& item : *items) {
    const Entry command{item, entry.key, entry.source, entry.problems};
    const std::optional<std::string> name = read_text(command, "a command's name");
    if (!name) continue;
    const bool is_name = name->find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    if (!is_name) command.complain(quote(*name) + " is not a command's name", "`fleetsign commands` lists them");
    names.push_back(*name);
  }
  return names;
}

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;
constexpr std::size_t kGiB = 1024 * kMiB;

template <std::size_t Limits::*member, std::size_t least, std::size_t most>
void set_count(Config& config, const Entry& entry) {
  assign(config.limits.*member, read_count(entry, least, most));
}

template <std::size_t Limits::*member, std::size_t least, std::size_t most>
void set_size(Config& config, const Entry& entry) {
  assign(config.limits.*member, read_size(entry, least, most));
}

template <std::uint64_t Prices::*member>
void set_price(Config& config, const Entry& entry) {
  assign(config.prices.*member, read_dollars(entry, 1'000));
}

template <std::optional<std::size_t> RateLimits::*member>
void set_rate(Config& config, const Entry& entry) {
  assign(config.rate_limits.*member, read_count(entry, 1, 600));
}

template <std::chrono::milliseconds Limits::*member>
void set_time(Config& config, const Entry& entry) {
  assign(config.limits.*member, read_duration(entry, 100ms, 1h));
}

constexpr Key kKeys[] = {
    {"listen", "list of URLs or maps", "http://127.0.0.1:4480", "unix:/run/fleetsign/api.sock",
     "Where to listen; an entry is http://HOST:PORT, https://HOST:PORT, unix:/PATH, systemd:NAME or "
     "{url, serve: all|public_key|metrics, callers: any|known, behind_proxy, mode, group, tls: {cert_file, key_file, "
     "client_ca_file}}",
     [](Config& config, const Entry& entry) { assign(config.listen, read_listen(entry)); }},
    {"key_file", "path", "", "/etc/fleetsign/private-key.pem",
     "The private key that signs commands (PEM, P-256); as in every path in a file, ~/ and ${CREDENTIALS_DIRECTORY}/ "
     "are expanded and a relative one starts at the file's folder",
     [](Config& config, const Entry& entry) { assign(config.key_file, read_path(entry)); }},
    {"key_passphrase_file", "path", "", "${CREDENTIALS_DIRECTORY}/passphrase",
     "A file that holds the passphrase of an encrypted key_file",
     [](Config& config, const Entry& entry) { assign(config.key_passphrase_file, read_path(entry)); }},
    {"next_key_file", "path", "", "/etc/fleetsign/next-key.pem",
     "The private key that is to replace key_file: its public half is the one that is hosted, and it signs for "
     "next_key_vehicles; where it is encrypted, key_passphrase_file opens it, too",
     [](Config& config, const Entry& entry) { assign(config.next_key_file, read_path(entry)); }},
    {"next_key_vehicles", "list of VINs or names", "[]", "5YJS0000000000001",
     "The vehicles that are paired with the key of next_key_file; all others are still commanded with key_file",
     [](Config& config, const Entry& entry) { assign(config.next_key_vehicles, read_vehicle_list(entry)); }},
    {"fleet_api.base_url", "URL", "", "https://fleet-api.prd.eu.vn.cloud.tesla.com",
     "Where Fleet API is, whatever the region: https://HOST, https://HOST:PORT, or http:// to this machine",
     [](Config& config, const Entry& entry) { assign(config.fleet_api.base_url, read_base_url(entry)); }},
    {"fleet_api.ca_file", "path", "", "/etc/fleetsign/fleet-api-ca.pem",
     "The authorities (PEM) that may vouch for Fleet API's certificate, in place of the system's",
     [](Config& config, const Entry& entry) { assign(config.fleet_api.ca_file, read_path(entry)); }},
    {"fleet_api.region", "auto | na | eu | cn", "auto", "eu", "The region to ask; auto takes it from the token",
     [](Config& config, const Entry& entry) { assign(config.fleet_api.region, read_choice<Region>(entry, kRegions)); }},
    {"fleet_api.http2", "true | false", "false", "true",
     "Whether Fleet API is asked over HTTP/2 when it offers that; not with libcurl 7.88 as in Debian 12, whose way of "
     "ending streams makes busy servers close connections under requests, and a few in a thousand get no answer",
     [](Config& config, const Entry& entry) { assign(config.fleet_api.http2, read_boolean(entry)); }},
    {"timeout", "duration", "10s", "20s",
     "How long a command may take when its caller does not say so with Prefer: wait; from 2s to timeout_max",
     [](Config& config, const Entry& entry) { assign(config.timeout, read_timeout(entry)); }, Reload::applied},
    {"timeout_max", "duration", "60s", "2m", "The longest time that a caller may ask for with Prefer: wait; up to 10m",
     [](Config& config, const Entry& entry) { assign(config.timeout_max, read_timeout(entry)); }, Reload::applied},
    {"shutdown_timeout", "duration", "20s", "60s",
     "The longest that a stop takes: until its last second, commands may finish; after 3s, what only reads and has no "
     "answer yet ends, and so does what callers asked for who have gone; 1s to 10m",
     [](Config& config, const Entry& entry) { assign(config.shutdown_timeout, read_duration(entry, 1s, 10min)); }},
    {"state_dir", "path", "~/.local/state/fleetsign", "/var/lib/fleetsign",
     "The folder of what must survive a restart; where systemd sets $STATE_DIRECTORY, that is the default",
     [](Config& config, const Entry& entry) { assign(config.state_dir, read_path(entry)); }},
    {"state_key_file", "path", "", "${CREDENTIALS_DIRECTORY}/state-key",
     "A file of 32 bytes, as 64 hex digits or as they are, with which the tokens in state.db are encrypted "
     "(AES-256-GCM)",
     [](Config& config, const Entry& entry) { assign(config.state_key_file, read_path(entry)); }},
    {"domain", "host name", "", "example.com", "The domain that is registered with Tesla and that shows the public key",
     [](Config& config, const Entry& entry) { assign(config.domain, read_domain(entry)); }},
    {"hosts", "list of host names", "[]", "fleet.example",
     "Names by which callers may address it, beside localhost, `domain` and the hosts of `listen`",
     [](Config& config, const Entry& entry) { assign(config.hosts, read_hosts(entry)); }, Reload::applied},
    {"unknown_commands", "forward | reject", "forward", "reject",
     "What becomes of a command that fleetsign does not know: Fleet API gets it unsigned, or the caller an error",
     [](Config& config, const Entry& entry) {
       assign(config.unknown_commands, read_choice<UnknownCommands>(entry, kUnknownCommands));
     },
     Reload::applied},
    {"experimental_commands", "list of names", "[]", "remote_boombox",
     "Commands to sign although Tesla has not published their messages; `fleetsign commands` lists them",
     [](Config& config, const Entry& entry) { assign(config.experimental_commands, read_command_names(entry)); },
     Reload::applied},
    {"action_endpoint", "true | false", "false", "true",
     "Whether callers may send any message to a vehicle, as protobuf JSON: POST /fleetsign/v1/vehicles/VIN/action",
     [](Config& config, const Entry& entry) { assign(config.action_endpoint, read_boolean(entry)); }, Reload::applied},
    {"auto_wake", "true | false", "false", "true",
     "Whether a sleeping vehicle is woken for a command without ?wake=true; ?wake=false overrides it",
     [](Config& config, const Entry& entry) { assign(config.auto_wake, read_boolean(entry)); }, Reload::applied},
    {"wake_limit", "count", "", "20",
     "How often fleetsign itself wakes a vehicle in a day of UTC at most; without it, there is no limit",
     [](Config& config, const Entry& entry) { assign(config.wake_limit, read_count(entry, 0, 1'000'000)); },
     Reload::applied},
    {"require_authenticated_replies", "true | false", "false", "true",
     "Whether a vehicle's success counts only when it is authenticated, which that of a lock or trunk never is",
     [](Config& config, const Entry& entry) { assign(config.require_authenticated_replies, read_boolean(entry)); },
     Reload::applied},
    {"pin_vehicle_keys", "true | false", "false", "true",
     "Whether a vehicle that shows another key than before is refused until its sessions are forgotten",
     [](Config& config, const Entry& entry) { assign(config.pin_vehicle_keys, read_boolean(entry)); }},
    {"vehicle_data_cache", "duration", "0s", "5s",
     "How long an answer of vehicle_data is kept for further readers with the same token; up to 60s, and 0s is not at "
     "all",
     [](Config& config, const Entry& entry) { assign(config.vehicle_data_cache, read_duration(entry, 0ms, 60s)); },
     Reload::applied},
    {"prices.commands", "dollars", "0.001", "0", "What Fleet API charges for a command or handshake; up to 1000",
     set_price<&Prices::commands>, Reload::applied},
    {"prices.data", "dollars", "0.002", "0", "What it charges for a read of a vehicle's data; up to 1000",
     set_price<&Prices::data>, Reload::applied},
    {"prices.wakes", "dollars", "0.02", "0", "What it charges for a wake_up; up to 1000", set_price<&Prices::wakes>,
     Reload::applied},
    {"rate_limits.commands", "count", "", "30",
     "How many commands, handshakes and retries among them, a vehicle gets in a minute, else 429; Fleet API allows 30; "
     "without it, there is no limit",
     set_rate<&RateLimits::commands>, Reload::applied},
    {"rate_limits.data", "count", "", "60",
     "How often a vehicle's data is read in a minute, else 429; Fleet API allows 60; without it, there is no limit",
     set_rate<&RateLimits::data>, Reload::applied},
    {"rate_limits.wakes", "count", "", "3",
     "How many wake_up requests a vehicle gets in a minute, else 429; Fleet API allows 3; without it, there is no "
     "limit",
     set_rate<&RateLimits::wakes>, Reload::applied},
    {"oauth.client_id", "text", "", "01234567-89ab-cdef-0123-456789abcdef",
     "The id of your app, as Tesla's developer portal shows it",
     [](Config& config, const Entry& entry) { assign(config.oauth.client_id, read_client_id(entry)); }},
    {"oauth.client_secret_file", "path", "", "${CREDENTIALS_DIRECTORY}/client-secret",
     "A file that holds the secret of your app, for `fleetsign register` and `login`",
     [](Config& config, const Entry& entry) { assign(config.oauth.client_secret_file, read_path(entry)); }},
    {"oauth.redirect_uri", "URL", "http://localhost:4482/callback", "https://example.com/callback",
     "Where a browser is sent after a login, as the portal has it; `fleetsign login` listens there when it is http to "
     "this machine",
     [](Config& config, const Entry& entry) { assign(config.oauth.redirect_uri, read_redirect_uri(entry)); }},
    {"oauth.scopes", "list of names",
     "[openid, offline_access, vehicle_device_data, vehicle_location, vehicle_cmds, vehicle_charging_cmds]",
     "vehicle_cmds", "What a login asks its user to allow; without offline_access its tokens end after hours",
     [](Config& config, const Entry& entry) { assign(config.oauth.scopes, read_scopes(entry)); }},
    {"oauth.token_url", "URL", "", "https://auth.tesla.cn/oauth2/v3/token",
     "Where tokens come from, in place of Tesla's host for the region",
     [](Config& config, const Entry& entry) { assign(config.oauth.token_url, read_endpoint(entry)); }},
    {"oauth.authorize_url", "URL", "", "https://auth.tesla.cn/oauth2/v3/authorize",
     "Where users log in, in place of Tesla's host for the region",
     [](Config& config, const Entry& entry) { assign(config.oauth.authorize_url, read_endpoint(entry)); }},
    {"callers", "list of maps", "[]", "[{name: charger, allow: [charging]}]",
     "Callers that have rules of their own, each {name, certificate, user, group, account, vehicles, allow, confirm, "
     "rate, daily_budget}",
     [](Config& config, const Entry& entry) { assign(config.callers, read_callers(entry)); }, Reload::applied, true},
    {"accounts", "map of accounts", "{}", "{home: {access_token_file: /run/tesla/token}}",
     "Tesla accounts by name, for callers who bring no token: `managed`, whose tokens `fleetsign login` gets and "
     "fleetsign refreshes, or {access_token_file}, a file that another program keeps fresh and that only fleetsign's "
     "user can read; it is read whenever it has changed",
     [](Config& config, const Entry& entry) { assign(config.accounts, read_accounts(entry)); }, Reload::restart, true},
    {"vehicles", "map of maps", "{}", "{garage: {vin: 5YJS0000000000001}}",
     "Names of vehicles, each for {vin, account} or the VIN alone: they stand for the VIN in paths, in `callers` and "
     "in sub-commands, and the account is whose token a request to the vehicle goes with when its caller brings none",
     [](Config& config, const Entry& entry) { assign(config.vehicles, read_vehicles(entry)); }, Reload::applied, true},
    {"confirm", "list of names", "[]", "sensitive",
     "Commands and groups of commands that need the header `X-Confirm: COMMAND`, whoever calls; `fleetsign commands` "
     "lists them",
     [](Config& config, const Entry& entry) { assign(config.confirm, read_confirm(entry)); }, Reload::applied},
    {"audit_file", "path or `stderr`", "", "/var/log/fleetsign/audit.jsonl",
     "Where a line is written for every command: who gave it to which vehicle, and what became of it",
     [](Config& config, const Entry& entry) { assign(config.audit_file, read_audit_file(entry)); }},
    {"limits.connections", "count", "10000", "1000",
     "The most connections at once, a file descriptor each, of which other machines get at most half; a further one is "
     "answered 503, over https closed",
     set_count<&Limits::connections, 1, 1'000'000>},
    {"limits.connections_per_peer", "count", "1000", "100",
     "The most connections at once of each address of another machine, and of each user of Unix sockets; programs of "
     "this machine that come over TCP have no such limit",
     set_count<&Limits::connections_per_peer, 1, 1'000'000>},
    {"limits.workers", "count", "4096", "256", "The most requests being handled at once, a thread each",
     set_count<&Limits::workers, 1, 32'768>},
    {"limits.queue", "count", "4096", "256", "How many requests may wait for a worker; a further one is answered 503",
     set_count<&Limits::queue, 0, 1'000'000>},
    {"limits.uri_bytes", "size", "8KiB", "4KiB", "The longest path and query, else 414; from 256 to 64KiB",
     set_size<&Limits::uri_bytes, 256, 64 * kKiB>},
    {"limits.header_bytes", "size", "32KiB", "16KiB", "The most of all header fields together, else 431; 1KiB to 1MiB",
     set_size<&Limits::header_bytes, kKiB, kMiB>},
    {"limits.header_count", "count", "100", "50", "The most header fields, else 431; from 10 to 1000",
     set_count<&Limits::header_count, 10, 1'000>},
    {"limits.body_bytes", "size", "1MiB", "64KiB",
     "The largest body of a command, or of a request to fleetsign itself, else 413; from 1KiB to 64MiB",
     set_size<&Limits::body_bytes, kKiB, 64 * kMiB>},
    {"limits.forwarded_body_bytes", "size", "64MiB", "1GiB",
     "The largest body of any other request below /api/1/, which is passed on as it comes, else 413; 1KiB to 16GiB",
     set_size<&Limits::forwarded_body_bytes, kKiB, 16 * kGiB>},
    {"limits.first_byte", "duration", "60s", "5m", "How long a connection may be silent between requests",
     set_time<&Limits::first_byte>},
    {"limits.request", "duration", "10s", "30s",
     "How long a request may take to arrive, from its first byte, else 408; of a body beyond `body_bytes`, or without "
     "Content-Length, that is passed on: each MiB",
     set_time<&Limits::request>},
    {"limits.reply", "duration", "30s", "10s",
     "How long a caller may take to receive a reply; of one that is passed on: each MiB", set_time<&Limits::reply>},
    {"limits.requests_per_connection", "count", "10000", "1000", "After so many requests a connection is closed",
     set_count<&Limits::requests_per_connection, 1, 1'000'000'000>},
    {"log.level", "error | warning | info | debug", "info", "debug", "The least important messages that are logged",
     [](Config& config, const Entry& entry) { assign(config.log.level, read_choice<LogLevel>(entry, kLogLevels)); },
     Reload::applied},
    {"log.format", "text | json", "text", "json", "Log lines for people, or one JSON object each",
     [](Config& config, const Entry& entry) { assign(config.log.format, read_choice<LogFormat>(entry, kLogFormats)); },
     Reload::applied},
};

}  // namespace

std::span<const Key> keys() {
  return kKeys;
}

const Key* find_key(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& k) { return k.name == name; });
  return found == std::end(kKeys) ? nullptr : found;
}

std::string describe(const Key& key) {
  return std::string(key.summary) + (key.only_in_file ? "; only a file can have it" : "");
}

std::string environment_name(std::string_view key) {
  std::string name(kEnvironmentPrefix);
  for (const char c : key) name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

}  // namespace fleetsign::config
