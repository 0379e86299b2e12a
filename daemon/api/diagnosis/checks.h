// SPDX-License-Identifier: Apache-2.0
// What a doctor looks at, one row each, in the order in which it is told.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/diagnosis/evidence.h"
#include "daemon/api/diagnosis/examiner.h"
#include "daemon/api/diagnosis/judgements.h"

namespace fleetsign::diagnosis {

struct Check {
  std::string_view id;                ///< stable, for programs
  std::string_view title;             ///< what it finds out, for people
  std::vector<Obstacle> needs = {};   ///< none of these may stand in its way
  void (Examiner::*ask)() = nullptr;  ///< null: it needs no question of its own
  Finding (*judge)(const Evidence&) = nullptr;
};

std::span<const Check> checks();

struct Examined {
  std::string_view check;
  Finding finding;
};

/// Asks what the rows want asked, as long as nothing stands in the way and the caller is there, then judges. One for
/// each row.
std::vector<Examined> examine(Examiner& examiner);

/// Whether there is no problem among them.
bool is_healthy(const std::vector<Examined>& examined);

/// The rows as docs/operation.md shows them.
std::string markdown_table_of_checks();

}  // namespace fleetsign::diagnosis
