// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/url_rules.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <memory>
#include <new>

#include "daemon/http/message.h"

namespace fleetsign::upstream {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

/// Empty when the URL has no such part.
std::string part_of(CURLU* url, CURLUPart part, unsigned int flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

std::string without_brackets(const std::string& host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

crypto::Result<Target, std::string> judge_url(const std::string& url) {
  // libcurl takes C strings: what is behind a NUL would not be judged.
  if (url.find('\0') != std::string::npos) return std::string("the URL has a NUL character");

  const Url parsed(curl_url());
  if (!parsed) throw std::bad_alloc();
  const CURLUcode fault =
      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_PATH_AS_IS | CURLU_NON_SUPPORT_SCHEME);
  if (fault != CURLUE_OK) return "the URL is not valid: " + std::string(curl_url_strerror(fault));

  const std::string scheme = part_of(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") return "the scheme " + scheme + " is not used here, only https";
  if (!part_of(parsed.get(), CURLUPART_USER).empty() || !part_of(parsed.get(), CURLUPART_PASSWORD).empty())
    return std::string("the URL holds a user name or a password; credentials belong into a header");

  const std::string host = part_of(parsed.get(), CURLUPART_HOST);
  Target target{.host = without_brackets(host),
                .place = host + ":" + part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT),
                .tls = scheme == "https"};
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, target.host.c_str(), &v4) == 1) {
    target.loopback = ntohl(v4.s_addr) >> 24 == 127;
  } else if (inet_pton(AF_INET6, target.host.c_str(), &v6) == 1) {
    target.loopback = IN6_IS_ADDR_LOOPBACK(&v6);
  } else {
    // libcurl takes localhost for loopback without asking a resolver (RFC 6761 section 6.3).
    target.loopback = http::equal_ignoring_case(target.host, "localhost");
    target.lookup = !target.loopback;
  }

  if (!target.tls && !target.loopback) return "plain http is for loopback only; " + target.place + " needs https";
  return target;
}

}  // namespace fleetsign::upstream
