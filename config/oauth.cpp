// SPDX-License-Identifier: Apache-2.0
#include "config/oauth.h"

#include <algorithm>
#include <string_view>
#include <variant>

#include "config/url.h"

namespace fleetsign::config {
namespace {

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

struct Url {
  Origin origin;
  std::string path;  ///< with its slash; and query, where there is one
};

/// What is wrong is told without the URL: it may hold a password.
std::optional<Url> read_url(const Entry& entry, const std::string& hint) {
  const std::optional<std::string> text = read_text(entry, "a URL");
  if (!text) return std::nullopt;
  const auto scheme_end = text->find("://");
  const auto path = scheme_end == std::string::npos ? std::string::npos : text->find_first_of("/?#", scheme_end + 3);
  const auto parsed = parse_origin(std::string_view(*text).substr(0, path));
  if (const auto* fault = std::get_if<std::string>(&parsed)) {
    entry.complain("the URL " + *fault, hint);
    return std::nullopt;
  }
  Url url{.origin = std::get<Origin>(parsed), .path = path == std::string::npos ? "" : text->substr(path)};
  if (!is_visible(url.path) || url.path.find('#') != std::string::npos) {
    entry.complain("the URL has characters that it cannot have", hint);
    return std::nullopt;
  }
  return url;
}

}  // namespace

std::optional<std::string> read_client_id(const Entry& entry) {
  auto text = read_text(entry, "an app's id");
  if (!text || (is_visible(*text) && !text->empty())) return text;
  entry.complain("is not an app's id", "copy the client id from Tesla's developer portal");
  return std::nullopt;
}

std::optional<std::string> read_endpoint(const Entry& entry) {
  const std::string hint = "write https://HOST/PATH";
  const auto url = read_url(entry, hint);
  if (!url) return std::nullopt;
  if (url->origin.scheme != "https" && !(url->origin.scheme == "http" && is_loopback(url->origin.host))) {
    entry.complain("the URL is not https",
                   hint + "; http only leads to this machine, as in http://127.0.0.1:4481/PATH");
    return std::nullopt;
  }
  if (url->origin.port == 0 || url->path.size() < 2 || url->path[0] != '/' ||
      url->path.find('?') != std::string::npos) {
    entry.complain("the URL is to have a path, and no query", hint);
    return std::nullopt;
  }
  return to_text(url->origin) + url->path;
}

std::optional<std::string> read_redirect_uri(const Entry& entry) {
  const std::string hint = "write it as Tesla's developer portal has it, such as https://example.com/callback";
  const auto url = read_url(entry, hint);
  if (!url) return std::nullopt;
  if (url->origin.scheme != "https" && url->origin.scheme != "http") {
    entry.complain("the URL is neither https nor http", hint);
    return std::nullopt;
  }
  return read_text(entry, "a URL");
}

std::optional<std::vector<std::string>> read_scopes(const Entry& entry) {
  const std::optional<std::vector<Value>> items = read_list(entry);
  if (!items) return std::nullopt;
  std::vector<std::string> scopes;
  for (const Value& item : *items) {
    const Entry scope{item, entry.key, entry.source, entry.problems};
    const auto text = read_text(scope, "a scope");
    if (!text) continue;
    if (!is_visible(*text) || text->empty() || text->find_first_of("\"\\") != std::string::npos) {
      scope.complain(quote(*text) + " is not a scope", "write names such as vehicle_cmds");
      continue;
    }
    scopes.push_back(*text);
  }
  if (!scopes.empty()) return scopes;
  entry.complain("names no scope", "leave the key out for the usual ones");
  return std::nullopt;
}

}  // namespace fleetsign::config
