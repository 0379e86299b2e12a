// SPDX-License-Identifier: Apache-2.0
// What people are told of an account whose tokens cannot be read.
#pragma once

#include "daemon/state/tokens.h"

namespace fleetsign::accounts {

/// What is wrong with its tokens, for the end of a sentence.
const char* describe(state::Tokens::Trouble trouble);
/// What to do then.
const char* hint_for(state::Tokens::Trouble trouble);

}  // namespace fleetsign::accounts
