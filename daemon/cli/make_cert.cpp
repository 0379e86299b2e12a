// SPDX-License-Identifier: Apache-2.0
#include <pwd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "crypto/certificate.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/joined.h"
#include "daemon/cli/subcommand.h"
#include "daemon/ops/clock.h"
#include "daemon/ops/process.h"

namespace fleetsign::cli {
namespace {

struct Wanted {
  std::filesystem::path folder = ".";
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::vector<std::string> names;
  int days = static_cast<int>(crypto::kLongestValidity.count());
};

/// In single quotes where that is needed; a quote inside becomes `quote`.
std::string quoted(const std::string& text, const std::string& quote) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+";
  if (text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? quote : std::string(1, c);
  return result + "'";
}

std::string in_yaml(const std::string& text) {
  return quoted(text, "''");
}

std::string in_shell(const std::string& text) {
  return quoted(text, "'\\''");
}

/// Without it, requests that name another host than this machine are refused.
std::string hosts_line(const std::vector<std::string>& hosts) {
  std::vector<std::string> items;
  items.reserve(hosts.size());
  for (const std::string& host : hosts) items.push_back(in_yaml(host));
  return items.empty() ? "" : "hosts: [" + joined(items) + "]\n";
}

/// The package makes this user, for fleetsign.service. The key is of whoever makes it: root, as a rule.
std::string service_lines(const std::string& key) {
  constexpr const char* kServiceUser = "_fleetsign";
  if (::getpwnam(kServiceUser) == nullptr) return "";
  return std::string("fleetsign.service reads the key as its own user:\n\nchown ") + kServiceUser + " " +
         in_shell(key) + "\n\n";
}

std::string next_steps(const std::string& certificate, const std::string& key, const std::vector<std::string>& hosts) {
  return "in the configuration:\n\n"
         "listen:\n"
         "  - url: https://127.0.0.1:4480\n"
         "    tls:\n"
         "      cert_file: " +
         in_yaml(certificate) + "\n" + "      key_file: " + in_yaml(key) + "\n" + hosts_line(hosts) + "\n" +
         service_lines(key) + "callers that trust the certificate then get through:\n\n" + "curl --cacert " +
         in_shell(certificate) + " https://localhost:4480/health\n";
}

int make_cert(const Wanted& wanted) {
  ops::protect_memory();
  const std::vector<std::string> local{"localhost", "127.0.0.1", "::1"};
  std::vector<std::string> names = local;
  for (const std::string& name : wanted.names) {
    if (!crypto::is_certificate_name(name)) {
      return fail(kUsage, "a certificate cannot be made out to '" + name + "'",
                  "name hosts as callers do, without scheme and port: car.example, 192.0.2.1, 2001:db8::1");
    }
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  // Absolute, because a configuration does not belong to this folder.
  const auto place = [&](const std::filesystem::path& file, const char* by_default) {
    return std::filesystem::absolute(file.empty() ? wanted.folder / by_default : file).lexically_normal();
  };
  const auto certificate = place(wanted.certificate, "tls-cert.pem");
  const auto key = place(wanted.key, "tls-key.pem");
  const auto made = crypto::ServerCertificate::make(names, ops::unix_now(), std::chrono::days(wanted.days));
  if (const auto error = made.write_new(certificate, key)) return fail(*error);
  return print("wrote " + certificate.native() + "\nwrote " + key.native() + "\nfor " + joined(names) + "; valid for " +
               std::to_string(wanted.days) + " days\n\n" +
               next_steps(certificate, key, {names.begin() + std::ssize(local), names.end()}));
}

}  // namespace

Action prepare_make_cert(CLI::App& options) {
  auto wanted = std::make_shared<Wanted>();
  auto* folder =
      options.add_option("--out", wanted->folder, "Where to write tls-cert.pem and tls-key.pem; by default, here")
          ->type_name("DIR");
  auto* certificate =
      options.add_option("--cert", wanted->certificate, "Where to write the certificate; never over an existing file")
          ->type_name("FILE")
          ->excludes(folder);
  auto* key = options.add_option("--key", wanted->key, "Where to write its private key; never over an existing file")
                  ->type_name("FILE")
                  ->excludes(folder)
                  ->needs(certificate);
  certificate->needs(key);
  options.add_option("--days", wanted->days, "How long it is valid")
      ->type_name("DAYS")
      ->check(CLI::Range(1, static_cast<int>(crypto::kLongestValidity.count())))
      ->capture_default_str();
  options
      .add_option("names", wanted->names, "Further names and addresses that callers use, beside those of this machine")
      ->type_name("NAME");
  return [=] { return make_cert(*wanted); };
}

}  // namespace fleetsign::cli
