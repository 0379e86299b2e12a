// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "daemon/http/listener.h"

namespace fleetsign::http {

/// "cannot listen on URL: WHY".
inline ListenError listen_error(ListenError::Reason reason, const std::string& url, const std::string& why,
                                std::string hint) {
  return {reason, "cannot listen on " + url + ": " + why, std::move(hint)};
}

}  // namespace fleetsign::http
