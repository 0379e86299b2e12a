// SPDX-License-Identifier: Apache-2.0
#include "config/listen.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "config/members.h"
#include "config/url.h"
#include "config/yaml.h"

namespace fleetsign::config {
namespace {

constexpr std::array kServe = {Choice<Serve>{"all", Serve::all}, Choice<Serve>{"public_key", Serve::public_key},
                               Choice<Serve>{"metrics", Serve::metrics}};
constexpr std::array kCallers = {Choice<bool>{"any", false}, Choice<bool>{"known", true}};
constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kSystemd = "systemd:";
constexpr std::string_view kForms = "write http://HOST:PORT, https://HOST:PORT, unix:/PATH or systemd:NAME";

/// For messages; what may hold a password is not shown.
std::string shown(const std::string& url) {
  return url.find('@') == std::string::npos ? quote(url) : "the URL";
}

/// http or https, in one spelling.
std::optional<std::string> read_origin(const Entry& entry, const std::string& text) {
  const auto parsed = parse_origin(text);
  if (const auto* fault = std::get_if<std::string>(&parsed)) {
    entry.complain(shown(text) + " " + *fault, std::string(kForms));
    return std::nullopt;
  }
  const Origin& origin = std::get<Origin>(parsed);
  if (!origin.port) {
    entry.complain(shown(text) + " has no port", "write " + to_text(origin) + ":4480");
    return std::nullopt;
  }
  if (!is_address(origin.host) && !is_loopback(origin.host)) {
    entry.complain(shown(text) + " has a name as its host",
                   "write an address of this machine, such as 127.0.0.1, or 0.0.0.0 or [::] for all that it has");
    return std::nullopt;
  }
  return to_text(origin);
}

std::optional<std::string> read_unix(const Entry& entry, const std::string& text) {
  // sizeof(sockaddr_un::sun_path) less its final zero (unix(7)).
  constexpr std::size_t kLongestPath = 107;
  const std::string_view path = std::string_view(text).substr(kUnix.size());
  if (!path.starts_with('/')) {
    entry.complain(quote(text) + " has no path that begins with /", "write unix:/PATH");
    return std::nullopt;
  }
  if (path.size() > kLongestPath) {
    entry.complain(quote(text) + " is too long for a socket", "the path may have 107 bytes");
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> read_systemd(const Entry& entry, const std::string& text) {
  // FileDescriptorName= in systemd.socket(5): up to 255 ASCII characters, no colon.
  constexpr std::size_t kLongestName = 255;
  const std::string_view name = std::string_view(text).substr(kSystemd.size());
  const bool usable = !name.empty() && name.size() <= kLongestName &&
                      std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~' && c != ':'; });
  if (usable) return text;
  entry.complain(quote(text) + " has no usable name", "write systemd:NAME, with NAME as FileDescriptorName= says it");
  return std::nullopt;
}

std::optional<std::string> read_url(const Entry& entry) {
  const std::optional<std::string> text = read_text(entry, "a URL");
  if (!text) return std::nullopt;
  if (text->starts_with("http:") || text->starts_with("https:")) return read_origin(entry, *text);
  if (text->starts_with(kUnix)) return read_unix(entry, *text);
  if (text->starts_with(kSystemd)) return read_systemd(entry, *text);
  entry.complain(shown(*text) + " is not a place to listen", std::string(kForms));
  return std::nullopt;
}

std::optional<unsigned> read_mode(const Entry& entry) {
  const std::optional<std::string> text = read_text(entry, "an octal mode such as \"0660\"");
  if (!text) return std::nullopt;
  unsigned mode = 0;
  const char* const end = text->data() + text->size();
  // The leading zero is asked for, since 660 may be meant as decimal.
  const bool octal =
      text->size() == 4 && text->front() == '0' && std::from_chars(text->data(), end, mode, 8).ptr == end;
  if (octal) return mode;
  entry.complain(quote(*text) + " is not an octal mode", "write 0 and three octal digits, such as \"0660\"");
  return std::nullopt;
}

ListenTls& tls_of(Listen& listen) {
  return listen.tls ? *listen.tls : listen.tls.emplace();
}

struct Field {
  std::string_view name;
  void (*set)(Listen& listen, const Entry& entry);
};
constexpr Field kFields[] = {
    {"url", [](Listen& listen, const Entry& entry) { assign(listen.url, read_url(entry)); }},
    {"serve", [](Listen& listen, const Entry& entry) { assign(listen.serve, read_choice<Serve>(entry, kServe)); }},
    {"callers",
     [](Listen& listen, const Entry& entry) { assign(listen.known_callers, read_choice<bool>(entry, kCallers)); }},
    {"behind_proxy", [](Listen& listen, const Entry& entry) { assign(listen.behind_proxy, read_boolean(entry)); }},
    {"mode", [](Listen& listen, const Entry& entry) { assign(listen.mode, read_mode(entry)); }},
    {"group", [](Listen& listen, const Entry& entry) { assign(listen.group, read_text(entry, "a group's name")); }},
    {"tls.cert_file", [](Listen& listen, const Entry& entry) { assign(tls_of(listen).cert_file, read_path(entry)); }},
    {"tls.key_file", [](Listen& listen, const Entry& entry) { assign(tls_of(listen).key_file, read_path(entry)); }},
    {"tls.client_ca_file",
     [](Listen& listen, const Entry& entry) { assign(tls_of(listen).client_ca_file, read_path(entry)); }},
};

/// Nothing for a Unix socket, or one whose address only systemd knows.
std::optional<Origin> tcp_origin_of(const Listen& listen) {
  if (!listen.url.starts_with("http")) return std::nullopt;
  auto parsed = parse_origin(listen.url);
  auto* const origin = std::get_if<Origin>(&parsed);
  if (origin == nullptr) return std::nullopt;
  return std::move(*origin);
}

/// That the parts fit together.
void check(const Listen& listen, const Entry& entry) {
  const bool is_https = listen.url.starts_with("https:");
  const bool is_unix = listen.url.starts_with(kUnix);
  const bool is_systemd = listen.url.starts_with(kSystemd);
  if (listen.url.empty()) return entry.complain("an entry has no url", std::string(kForms));
  if (!is_unix && (listen.mode || listen.group)) {
    entry.complain(quote(listen.url) + " cannot have a mode or a group", "only unix:/PATH has them");
  }
  if (listen.tls && !is_https && !is_systemd) {
    entry.complain(quote(listen.url) + " cannot have tls", "write https://HOST:PORT");
  }
  if (listen.known_callers && listen.serve == Serve::public_key) {
    entry.complain(quote(listen.url) + " serves the public key, which is for everybody", "remove its `callers`");
  }
  const bool has_certificate = listen.tls && !listen.tls->cert_file.empty() && !listen.tls->key_file.empty();
  if ((is_https || listen.tls) && !has_certificate) {
    return entry.complain(quote(listen.url) + " needs tls.cert_file and tls.key_file",
                          "write {url: URL, tls: {cert_file: PATH, key_file: PATH}}");
  }
  if (const auto fault = refuse_exposed(listen)) entry.complain(quote(listen.url) + " " + fault->why, fault->hint);
}

/// Two that take any free port get two ports.
bool takes_any_port(const Listen& listen) {
  return listen.url.starts_with("http") && listen.url.ends_with(":0");
}

bool is_listed(const std::vector<Listen>& all, const Listen& one) {
  return !takes_any_port(one) &&
         std::any_of(all.begin(), all.end(), [&](const Listen& other) { return other.url == one.url; });
}

/// An entry whose parts are wrong has been complained about, so that what it lacks need not be told as well.
std::optional<Listen> read_one(const Entry& entry) {
  Listen listen;
  const std::size_t problems = entry.problems.size();
  if (entry.value.kind == Value::Kind::map) {
    std::vector<std::string> names;
    for (const Field& field : kFields) names.emplace_back(field.name);
    read_members(entry, names, [&](std::size_t index, const Entry& member) { kFields[index].set(listen, member); });
  } else if (entry.value.kind == Value::Kind::text) {
    assign(listen.url, read_url(entry));
  } else {
    entry.complain_expected("a URL or a map with a url");
  }
  if (entry.problems.size() == problems) check(listen, entry);
  if (entry.problems.size() != problems) return std::nullopt;
  return listen;
}

void forget_lines(Value& value) {
  value.line = 0;
  for (Value& item : value.items) forget_lines(item);
  for (auto& [name, member] : value.members) forget_lines(member);
}

/// A flag or a variable that says more than URLs says it as a file would, in braces or brackets.
bool is_flow(const Value& value) {
  return value.kind == Value::Kind::text && value.line == 0 && value.text.find_first_of("{[") == 0;
}

std::optional<std::vector<Value>> read_flow(const Entry& entry) {
  auto parsed = parse_yaml(entry.value.text);
  if (const auto* error = std::get_if<SyntaxError>(&parsed)) {
    entry.complain("this is not valid YAML: " + printable(error->message),
                   "write {url: URL, tls: {cert_file: PATH, key_file: PATH}}, or several in brackets");
    return std::nullopt;
  }
  auto& value = std::get<Value>(parsed);
  forget_lines(value);
  if (value.kind == Value::Kind::list) return std::move(value.items);
  return std::vector<Value>{std::move(value)};
}

}  // namespace

std::optional<std::vector<Listen>> read_listen(const Entry& entry) {
  const std::optional<std::vector<Value>> items = is_flow(entry.value) ? read_flow(entry) : read_list(entry);
  if (!items) return std::nullopt;
  if (items->empty()) {
    entry.complain("expected at least one place to listen, found none", std::string(kForms));
    return std::nullopt;
  }
  std::vector<Listen> all;
  for (const Value& item : *items) {
    const Entry place{item, entry.key, entry.source, entry.problems};
    std::optional<Listen> one = read_one(place);
    if (!one) continue;
    if (is_listed(all, *one)) place.complain(quote(one->url) + " is listed a second time", "remove one of them");
    all.push_back(*std::move(one));
  }
  return all;
}

std::optional<ListenFault> refuse_exposed(const Listen& listen) {
  const auto origin = tcp_origin_of(listen);
  if (!origin || is_loopback(origin->host)) return std::nullopt;
  const bool is_authenticated = listen.tls && (listen.tls->client_ca_file || listen.known_callers);
  if (listen.serve == Serve::public_key || is_authenticated) return std::nullopt;
  return ListenFault{.why = "reaches beyond this machine, where callers must come over TLS and be known",
                     .hint =
                         "give it tls with cert_file and key_file, and either tls.client_ca_file or callers: known; or "
                         "serve: public_key; or listen on 127.0.0.1"};
}

std::vector<std::string> hosts_of(const std::vector<Listen>& all) {
  std::vector<std::string> hosts;
  for (const Listen& listen : all) {
    const auto origin = tcp_origin_of(listen);
    if (!origin || is_unspecified(origin->host)) continue;
    const bool is_ipv6 = origin->host.find(':') != std::string::npos;
    hosts.push_back(is_ipv6 ? "[" + origin->host + "]" : origin->host);
  }
  return hosts;
}

}  // namespace fleetsign::config
