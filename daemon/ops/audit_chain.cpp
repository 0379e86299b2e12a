// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/audit_chain.h"

#include <algorithm>
#include <iterator>

namespace fleetsign::ops {
namespace {

/// How every line begins that we write.
constexpr std::string_view kBeginning = R"({"seq":)";

/// "line 3", "lines 3 to 5"
std::string range(std::uint64_t first, std::uint64_t last) {
  if (first == last) return "line " + std::to_string(first);
  return "lines " + std::to_string(first) + " to " + std::to_string(last);
}

std::string_view is_or_are(std::uint64_t first, std::uint64_t last) {
  return first == last ? " is" : " are";
}

std::string missing(std::uint64_t first, std::uint64_t last) {
  return range(first, last).append(is_or_are(first, last)).append(" missing");
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> split;
  while (!text.empty()) {
    split.push_back(text.substr(0, text.find('\n')));
    text.remove_prefix(split.back().size() + 1);
  }
  return split;
}

bool follows(const AuditLine& line, const ChainEnd& before) {
  return line.prev == before.hash && (line.broken ? line.seq > before.seq : line.seq == before.seq + 1);
}

/// Whether lines are a chain that goes on from `kept`, or has it in it.
bool fit(const std::vector<std::string_view>& lines, const ChainEnd& kept) {
  std::optional<AuditLine> next;
  for (auto text = lines.rbegin(); text != lines.rend(); ++text) {
    const auto line = read_audit_line(*text);
    if (!line) return false;
    const auto end = end_at(line->seq, *text);
    if (next && !follows(*next, end)) return false;
    if (line->seq <= kept.seq) return end == kept;
    next = line;
  }
  return !next || follows(*next, kept);
}

}  // namespace

Resumption resume(std::string_view text, bool is_whole, const std::optional<ChainEnd>& kept) {
  if (text.empty()) return {.end = kept.value_or(ChainEnd{})};
  const auto finished = text.substr(0, text.rfind('\n') + 1);
  const auto rest = text.substr(finished.size());
  const auto all = split(finished);
  const auto last = all.empty() ? std::nullopt : read_audit_line(all.back());
  const bool is_ours = rest.empty() || rest.starts_with(kBeginning) || kBeginning.starts_with(rest);
  if (kept && is_ours && (last || (all.empty() && is_whole)) && fit(all, *kept)) {
    return {.end = last ? end_at(last->seq, all.back()) : *kept, .unfinished = rest.size()};
  }
  const auto seq = std::max(kept ? kept->seq : 0, last ? last->seq : 0);
  return {.end = end_at(seq, rest.empty() ? all.back() : rest), .fits = false, .lacks_line_feed = !rest.empty()};
}

void AuditCheck::fault(const std::string& where, const std::string& what) {
  faults_.push_back(where + ": " + what);
}

void AuditCheck::add(std::string_view text, const std::string& where) {
  ++lines_;
  const auto line = read_audit_line(text);
  if (!line) {
    fault(where, "this is no line of an audit");
    is_end_known_ = false;
    where_ = where;
    return;
  }
  follow(*line, where);
  if (line->lost > 0) {
    remarks_.push_back(where + ": " + std::to_string(line->lost) +
                       " more could not be written, as the disk was full or did not answer");
  }
  end_ = end_at(line->seq, text);
  where_ = where;
  is_end_known_ = true;
  if (first_ == 0) first_ = line->seq;
  if (kept_ && kept_->seq == end_.seq && kept_->hash != end_.hash) {
    fault(where, "this line was changed: it is not the one that the daemon has written");
  }
}

void AuditCheck::follow(const AuditLine& line, const std::string& where) {
  if (line.broken) {
    const bool has_gap = end_.seq != 0 && line.seq > end_.seq + 1;
    fault(where, "when the daemon started, the lines before were not as it had left them" +
                     (has_gap ? "; " + missing(end_.seq + 1, line.seq - 1) : ""));
  }
  if (first_ == 0 && lines_ == 1) {
    if (line.seq == 1 && line.prev != ChainEnd{}.hash) {
      fault(where, "this line was changed: as the first it follows none");
    } else if (kept_ && line.seq == kept_->seq + 1 && line.prev != kept_->hash) {
      fault(where, "this line does not follow the last one that the daemon's state knows of");
    }
    return;
  }
  if (!is_end_known_) return;
  if (line.seq <= end_.seq) {
    fault(where, "line " + std::to_string(line.seq) + " stands behind line " + std::to_string(end_.seq) +
                     ": it was put in, or moved");
  } else if (!line.broken && line.seq > end_.seq + 1) {
    fault(where, missing(end_.seq + 1, line.seq - 1) + " before this one");
  } else if (line.prev != end_.hash) {
    fault(where_, "this line was changed: the next one does not follow it");
  }
}

void AuditCheck::add_unfinished(const std::string& where) {
  remarks_.push_back(where + ": this line is not finished: it is just being written, or the daemon was killed");
}

void AuditCheck::finish() {
  if (first_ > 1)
    remarks_.push_back(range(1, first_ - 1) + std::string(is_or_are(1, first_ - 1)) + " not in what was given");
  if (kept_) check_end();
}

void AuditCheck::check_end() {
  const auto where = where_.empty() ? "at the end" : where_;
  if (end_.seq < kept_->seq) {
    fault(where, missing(end_.seq + 1, kept_->seq) + " behind this one");
  } else if (first_ > kept_->seq + 1) {
    fault(where, "the daemon's state knows no line after " + std::to_string(kept_->seq));
  } else if (end_.seq > kept_->seq) {
    remarks_.push_back(range(kept_->seq + 1, end_.seq) + " came after the last one that the daemon's state knows of");
  }
}

}  // namespace fleetsign::ops
