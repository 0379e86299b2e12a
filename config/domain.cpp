// SPDX-License-Identifier: Apache-2.0
#include "config/domain.h"

#include "config/url.h"

namespace fleetsign::config {
namespace {

bool has_any_of(std::string_view text, std::string_view characters) {
  return text.find_first_of(characters) != std::string_view::npos;
}

struct Row {
  bool (*fits)(std::string_view text);
  DomainFault fault;
};

constexpr const char* kNameAlone = "write the name alone, such as example.com";

// The first that fits counts: each explains what those below could only call no host name.
constexpr Row kRows[] = {
    {[](std::string_view text) { return text.find("://") != std::string_view::npos; },
     {"it has a scheme in front", kNameAlone}},
    {[](std::string_view text) { return has_any_of(text, "/?#"); }, {"it has a path behind it", kNameAlone}},
    {[](std::string_view text) { return text.starts_with('[') || (is_address(text) && has_any_of(text, ":")); },
     {"it is an address", kNameAlone}},
    {[](std::string_view text) { return has_any_of(text, ":"); },
     {"it has a port", "write the name alone: Tesla looks for the key at port 443"}},
    {[](std::string_view text) { return has_any_of(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"); },
     {"it has capital letters", "write it in lower case: Tesla takes no other"}},
    {[](std::string_view text) { return has_any_of(text, "*"); },
     {"it stands for many names", "write the one name that shows the public key"}},
    {[](std::string_view text) { return text.size() > 1 && text.ends_with('.'); },
     {"it has a dot at its end", "leave that dot out"}},
    {[](std::string_view text) { return !is_host_name(text); },
     {"it is no host name",
      "write letters, digits and hyphens with dots between, such as example.com; of other "
      "letters, the xn-- form"}},
};

}  // namespace

std::optional<DomainFault> fault_in_domain(std::string_view text) {
  for (const Row& row : kRows) {
    if (row.fits(text)) return row.fault;
  }
  return std::nullopt;
}

}  // namespace fleetsign::config
