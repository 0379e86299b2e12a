// SPDX-License-Identifier: Apache-2.0
// The value of `listen`.
#pragma once

#include <optional>
#include <vector>

#include "config/config.h"
#include "config/entry.h"

namespace fleetsign::config {

/// A list of URLs or maps {url, serve, mode, group, tls: {cert_file, key_file, client_ca_file}}, or one URL, or several
/// with commas. At least one; each is complete and holds nothing that its scheme has no use for.
std::optional<std::vector<Listen>> read_listen(const Entry& entry);

}  // namespace fleetsign::config
