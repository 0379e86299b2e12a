// SPDX-License-Identifier: Apache-2.0
// What sub-commands do with the state: by the daemon while one runs, so that what is said holds at once; else by
// themselves.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "config/config.h"
#include "daemon/cli/remote.h"
#include "daemon/state/store.h"
#include "protocol/failure.h"

namespace fleetsign::cli {

/// One thing to be done with the state, in the two ways in which it can be, which give the same object.
struct Task {
  OwnerCall call;
  std::function<RemoteResult<nlohmann::ordered_json>(state::Store& store)> work;
  bool may_make_state = false;  ///< else that there is no state is an error
};

/// What a desk has done, as work has it.
RemoteResult<nlohmann::ordered_json> to_remote(protocol::Result<nlohmann::ordered_json> done);

/// Whether it is known that there is no state, and where it would be.
bool is_state_missing(const config::Config& config);

/// What came of it. What people should know of the state is said on standard error.
RemoteResult<nlohmann::ordered_json> carry_out(const config::Config& config, const Task& task);

}  // namespace fleetsign::cli
