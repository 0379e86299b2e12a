// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/passed_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "daemon/http/listen_error.h"

namespace fleetsign::http {
namespace {

using Reason = ListenError::Reason;

ListenError not_passed(const std::vector<PassedSocket>& passed, const Endpoint& endpoint) {
  std::string names;
  for (const PassedSocket& socket : passed) names += (names.empty() ? "" : ", ") + socket.name;
  return listen_error(Reason::unavailable, endpoint.url, "systemd has passed no socket of this name",
                      names.empty() ? "it has passed none: start fleetsign through a .socket unit"
                                    : "it has passed: " + names + "; FileDescriptorName= of the .socket unit says it");
}

/// TCP and Unix sockets that wait for connections, as a unit with ListenStream= and Accept=no makes them.
bool is_usable(const Descriptor& socket) {
  constexpr std::array kFamilies = {AF_INET, AF_INET6, AF_UNIX};
  return std::ranges::any_of(
      kFamilies, [&](int family) { return sd_is_socket(socket.get(), family, SOCK_STREAM, /*listening=*/1) > 0; });
}

}  // namespace

std::vector<PassedSocket> take_passed_sockets() {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(/*unset_environment=*/1, &names);
  std::vector<PassedSocket> passed;
  for (int i = 0; i < count; ++i) {
    passed.push_back({.name = names[i], .socket = Descriptor(SD_LISTEN_FDS_START + i)});
    std::free(names[i]);
  }
  std::free(names);
  return passed;
}

crypto::Result<std::vector<Descriptor>, ListenError> take_named(std::vector<PassedSocket>& passed,
                                                                const Endpoint& endpoint) {
  const auto is_named = [name = std::string_view(endpoint.url).substr(kSystemdScheme.size())](
                            const PassedSocket& socket) { return socket.name == name; };
  std::vector<Descriptor> taken;
  for (PassedSocket& socket : passed) {
    if (!is_named(socket)) continue;
    if (!is_usable(socket.socket)) {
      return listen_error(Reason::bad_address, endpoint.url, "what systemd has passed does not wait for connections",
                          "its .socket unit needs ListenStream= and Accept=no");
    }
    // The listener accepts until nobody is left, and must not wait for the next one.
    ::fcntl(socket.socket.get(), F_SETFL, O_NONBLOCK);
    taken.push_back(std::move(socket.socket));
  }
  if (taken.empty()) return not_passed(passed, endpoint);
  std::erase_if(passed, is_named);
  return taken;
}

}  // namespace fleetsign::http
