// SPDX-License-Identifier: Apache-2.0
// Lines for systemd's journal, which has their time already and takes their priority from the first bytes.
#pragma once

#include <string_view>

#include "daemon/ops/level.h"

namespace fleetsign::ops {

/// Whether what is written to a descriptor goes to the journal, as systemd says in $JOURNAL_STREAM (systemd.exec(5)):
/// not of one that was redirected since.
[[nodiscard]] bool leads_to_journal(int descriptor);

/// What gives a line its priority there, before anything else in it (sd-daemon(3)).
[[nodiscard]] std::string_view journal_prefix(Level level);

}  // namespace fleetsign::ops
