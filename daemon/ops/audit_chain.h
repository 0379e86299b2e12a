// SPDX-License-Identifier: Apache-2.0
// Chains of audit lines that are read again: by the daemon, which goes on with one, and by people, who want to know
// whether it is as it was written. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/ops/audit_line.h"

namespace fleetsign::ops {

/// Where a file's chain goes on.
struct Resumption {
  ChainEnd end;                  ///< the line to write after
  bool fits = true;              ///< what stands in the file is what was written there, as far as that was kept
  std::size_t unfinished = 0;    ///< bytes at the end of the file: of a line that a crash has cut, where `fits`
  bool lacks_line_feed = false;  ///< at its end, where that is none of ours
};

/// `text` is a file, or its end from behind a line feed. `kept` is the end of the chain as it was kept, behind which
/// those lines may stand that were written before a crash, or while nothing could be kept; nothing where that is not
/// known, and then nothing that stands in a file fits.
Resumption resume(std::string_view text, bool is_whole, const std::optional<ChainEnd>& kept);

/// Looks at the lines of a chain, in order, for what was done to them.
class AuditCheck {
 public:
  /// `kept` is the chain's end as it was kept; without it, nobody can tell whether lines were cut off at the end.
  explicit AuditCheck(std::optional<ChainEnd> kept) : kept_(kept) {}

  /// A line without its line feed; `where` says which: "FILE:12".
  void add(std::string_view line, const std::string& where);
  /// A last line that has no line feed.
  void add_unfinished(const std::string& where);
  /// After the last line.
  void finish();

  /// What is wrong, each with where that is; nothing is wrong where there are none.
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }
  /// What people should know besides, in words.
  [[nodiscard]] const std::vector<std::string>& remarks() const { return remarks_; }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  /// The numbers of the first and the last line; 0 where there is none.
  [[nodiscard]] std::uint64_t first() const { return first_; }
  [[nodiscard]] std::uint64_t last() const { return end_.seq; }

 private:
  void fault(const std::string& where, const std::string& what);
  void follow(const AuditLine& line, const std::string& where);
  void check_end();

  std::optional<ChainEnd> kept_;
  ChainEnd end_{};
  std::string where_{};        // the last line
  bool is_end_known_ = false;  // whether end_ is what the next line must name
  std::uint64_t lines_ = 0;
  std::uint64_t first_ = 0;
  std::vector<std::string> faults_{};
  std::vector<std::string> remarks_{};
};

}  // namespace fleetsign::ops
