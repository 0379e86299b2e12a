// SPDX-License-Identifier: Apache-2.0
// Which URLs may be asked at all: bearer tokens travel over TLS, or do not leave this machine (RFC 6750 section 5.2).
#pragma once

#include <string>

#include "crypto/result.h"

namespace fleetsign::upstream {

/// Where a permitted URL leads.
struct Target {
  std::string host;   ///< a name, or an address without brackets
  std::string place;  ///< "HOST:PORT": all of a URL that messages may show
  bool tls = false;
  bool loopback = false;  ///< 127.0.0.0/8, ::1 or localhost
  bool lookup = false;    ///< the host is a name that has to be looked up
};

/// Takes an absolute https URL, or an http one to loopback. Fails with what is wrong, in words that show of the URL no
/// more than scheme, host and port. It is libcurl that parses, so what is judged is what will be connected to.
crypto::Result<Target, std::string> judge_url(const std::string& url);

}  // namespace fleetsign::upstream
