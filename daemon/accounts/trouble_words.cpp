// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/trouble_words.h"

namespace fleetsign::accounts {

using Trouble = state::Tokens::Trouble;

const char* describe(Trouble trouble) {
  switch (trouble) {
    case Trouble::no_key:
      return "its tokens are encrypted, and cannot be read without state_key_file";
    case Trouble::other_key:
      return "its tokens cannot be read with state_key_file, which holds another key than they were written with";
    case Trouble::unreadable:
      break;
  }
  return "its tokens cannot be read from the state just now";
}

const char* hint_for(Trouble trouble) {
  if (trouble == Trouble::unreadable) return "see what is wrong with the disk of `state_dir`";
  return "set state_key_file to the file that it was, or log in again: nothing is lost until then";
}

}  // namespace fleetsign::accounts
