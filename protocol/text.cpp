// SPDX-License-Identifier: Apache-2.0
#include "protocol/text.h"

#include <algorithm>
#include <array>

namespace fleetsign::protocol {
namespace {

enum class Where : std::uint8_t { anywhere, at_the_end };

struct PhraseRow {
  Phrase phrase;
  std::string_view text;
  Where where;
};

constexpr std::array kPhrases = {
    PhraseRow{Phrase::asleep, "offline or asleep", Where::anywhere},
    PhraseRow{Phrase::asleep, "vehicle is offline", Where::anywhere},
    PhraseRow{Phrase::protocol_required, "Vehicle Command Protocol required", Where::anywhere},
    PhraseRow{Phrase::no_protocol, "does not support the Tesla Vehicle Command Protocol", Where::anywhere},
    PhraseRow{Phrase::mobile_access_off, "mobile_access_disabled", Where::anywhere},
    PhraseRow{Phrase::already_off, "already off", Where::at_the_end},
    PhraseRow{Phrase::other_region, "use base URL: ", Where::anywhere},
};

}  // namespace

bool says(std::string_view text, Phrase phrase) {
  return std::ranges::any_of(kPhrases, [&](const PhraseRow& row) {
    if (row.phrase != phrase) return false;
    return row.where == Where::at_the_end ? text.ends_with(row.text) : text.find(row.text) != std::string_view::npos;
  });
}

std::string_view behind(std::string_view text, Phrase phrase) {
  for (const PhraseRow& row : kPhrases) {
    const auto place = row.phrase == phrase ? text.find(row.text) : std::string_view::npos;
    if (place != std::string_view::npos) return text.substr(place + row.text.size());
  }
  return {};
}

}  // namespace fleetsign::protocol
