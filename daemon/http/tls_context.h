// SPDX-License-Identifier: Apache-2.0
// From the PEM files of an endpoint to what OpenSSL serves with.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "crypto/result.h"
#include "daemon/http/listener.h"

namespace fleetsign::http {

/// May be used by several threads at once, for any number of connections.
using TlsContext = std::shared_ptr<SSL_CTX>;

struct LoadedTls {
  TlsContext context;
  std::string valid_until;             ///< of the endpoint's own certificate, as people read it
  std::optional<std::string> warning;  ///< why callers will refuse it, although it can be used; names the file
  std::int64_t ends = 0;               ///< the same end in Unix seconds
};

/// Reads the files and waits for them. The message of a failure begins with the file and holds none of its content; a
/// private key is judged as crypto::read_protected() does.
crypto::Result<LoadedTls, ListenError> load_tls(const Tls& files);

}  // namespace fleetsign::http
