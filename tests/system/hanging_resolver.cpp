// SPDX-License-Identifier: Apache-2.0
// Preloaded into a program, a resolver that never answers for the one name in HANGING_NAME, and does for all others.
#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
  static auto* const system = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  const char* const hanging = std::getenv("HANGING_NAME");
  while (name != nullptr && hanging != nullptr && std::string_view(name) == hanging) pause();
  return system(name, service, hints, found);
}
