// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/audit_chain.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/daemon/ops/audit_lines.h"

namespace fleetsign::ops {
namespace {

using test::Chain;
using Lines = std::vector<std::string>;

/// What is wrong with lines, numbered from 1, of a chain whose end was kept.
AuditCheck check(const Lines& lines, const std::optional<ChainEnd>& kept) {
  AuditCheck check(kept);
  int number = 0;
  for (const auto& line : lines) check.add(line, std::to_string(++number));
  check.finish();
  return check;
}

Lines faults(const Lines& lines, const std::optional<ChainEnd>& kept = std::nullopt) {
  return check(lines, kept).faults();
}

TEST_CASE("audit check: a chain as it was written has no fault") {
  const auto chain = Chain().grow(5);
  const auto found = check(chain.lines, chain.end);
  CHECK(found.faults().empty());
  CHECK(found.remarks().empty());
  CHECK(found.lines() == 5);
  CHECK(found.first() == 1);
  CHECK(found.last() == 5);
  CHECK(faults({}, ChainEnd{}).empty());
}

TEST_CASE("audit check: a change of any byte is found, and where") {
  const auto chain = Chain().grow(3);
  for (std::size_t line = 0; line < chain.lines.size(); ++line) {
    for (std::size_t byte = 0; byte < chain.lines[line].size(); ++byte) {
      CAPTURE(line);
      CAPTURE(byte);
      auto changed = chain.lines;
      changed[line][byte] = static_cast<char>(changed[line][byte] ^ 1);
      CHECK_FALSE(faults(changed, chain.end).empty());
    }
  }
  auto changed = chain.lines;
  changed[1].replace(changed[1].find("charger"), 1, "C");
  CHECK(faults(changed, chain.end) == Lines{"2: this line was changed: the next one does not follow it"});
  changed = chain.lines;
  changed[2].replace(changed[2].find("charger"), 1, "C");
  CHECK(faults(changed, chain.end) == Lines{"3: this line was changed: it is not the one that the daemon has written"});
}

TEST_CASE("audit check: lines that were taken out are missed, wherever they stood") {
  const auto chain = Chain().grow(6);
  auto cut = chain.lines;
  cut.erase(cut.begin() + 2, cut.begin() + 4);
  CHECK(faults(cut, chain.end) == Lines{"3: lines 3 to 4 are missing before this one"});
  cut = chain.lines;
  cut.erase(cut.begin() + 1);
  CHECK(faults(cut, chain.end) == Lines{"2: line 2 is missing before this one"});
  cut = chain.lines;
  cut.resize(4);
  CHECK(faults(cut, chain.end) == Lines{"4: lines 5 to 6 are missing behind this one"});
  CHECK(faults(cut).empty());  // nobody can know
  CHECK(faults({}, chain.end) == Lines{"at the end: lines 1 to 6 are missing behind this one"});
}

TEST_CASE("audit check: earlier lines may be elsewhere, and that is told") {
  const auto chain = Chain().grow(4);
  const auto found = check({chain.lines.begin() + 2, chain.lines.end()}, chain.end);
  CHECK(found.faults().empty());
  CHECK(found.remarks() == Lines{"lines 1 to 2 are not in what was given"});
  CHECK(found.first() == 3);
}

TEST_CASE("audit check: lines that were put in or moved are found") {
  const auto chain = Chain().grow(4);
  auto more = chain.lines;
  more.insert(more.begin() + 2, more[1]);
  CHECK(faults(more, chain.end) == Lines{"3: line 2 stands behind line 2: it was put in, or moved"});
  more = chain.lines;
  more.insert(more.begin() + 2, audit_line(test::entry("forged"), {}, end_at(2, more[1])));
  CHECK(faults(more, chain.end) == Lines{"4: line 3 stands behind line 3: it was put in, or moved"});
  more = chain.lines;
  std::swap(more[1], more[2]);
  CHECK_FALSE(faults(more, chain.end).empty());
  for (const auto* text : {"", "{}", "hello"}) {
    more = chain.lines;
    more.insert(more.begin() + 2, text);
    CHECK(faults(more, chain.end) == Lines{"3: this is no line of an audit"});
  }
}

TEST_CASE("audit check: a whole chain in the place of the one that was written is found") {
  const auto chain = Chain().grow(4);
  Chain other;
  other.add(audit_line(test::entry("forged"), {}, {}));
  other.grow(3);
  CHECK(faults(other.lines, chain.end).size() == 1);
}

TEST_CASE("audit check: lines that begin where the kept ones end, and do not follow them, are found") {
  const auto chain = Chain().grow(4);
  Chain forged{.end = {.seq = 4, .hash = ChainEnd{}.hash}};
  forged.grow(3);
  CHECK(faults(forged.lines, chain.end) ==
        Lines{"1: this line does not follow the last one that the daemon's state knows of"});
  Chain honest{.end = chain.end};
  honest.grow(3);
  CHECK(faults(honest.lines, chain.end).empty());
}

TEST_CASE("audit check: behind the kept end there may be what was written while it could not be kept") {
  auto chain = Chain().grow(2);
  const auto kept = chain.end;
  chain.grow(2);
  const auto found = check(chain.lines, kept);
  CHECK(found.faults().empty());
  CHECK(found.remarks() == Lines{"lines 3 to 4 came after the last one that the daemon's state knows of"});
  chain.grow(2'000);
  CHECK(faults(chain.lines, kept).empty());
  CHECK(faults({chain.lines.begin() + 5, chain.lines.end()}, kept).size() == 1);
}

TEST_CASE("audit check: what the daemon says of lost lines is a remark, of a break a fault") {
  auto chain = Chain().grow(1);
  chain.add(lost_line(3, {}, chain.end));
  chain.grow(1);
  const auto found = check(chain.lines, chain.end);
  CHECK(found.faults().empty());
  CHECK(found.remarks() == Lines{"2: 3 more could not be written, as the disk was full or did not answer"});

  chain.end.seq += 2;  // two lines were cut
  chain.add(broken_line({}, chain.end));
  chain.grow(1);
  CHECK(faults(chain.lines, chain.end) ==
        Lines{"4: when the daemon started, the lines before were not as it had left them; lines 4 to 5 are missing"});
}

TEST_CASE("audit check: a line without an end is a remark, as it may be under way") {
  const auto chain = Chain().grow(1);
  AuditCheck check(chain.end);
  check.add(chain.lines[0], "1");
  check.add_unfinished("2");
  check.finish();
  CHECK(check.faults().empty());
  CHECK(check.remarks().size() == 1);
}

TEST_CASE("resume: behind the last line, which is the kept one or was written just after it") {
  auto chain = Chain().grow(3);
  const auto early = chain.end;
  CHECK(resume(chain.text(), true, chain.end).fits);
  CHECK(resume(chain.text(), true, chain.end).end == chain.end);
  chain.grow(2);
  const auto ahead = resume(chain.text(), true, early);
  CHECK(ahead.fits);
  CHECK(ahead.end == chain.end);
  CHECK(resume(chain.text(), true, ChainEnd{}).fits);                // killed in its first batch
  CHECK(resume(Chain().grow(2'000).text(), true, ChainEnd{}).fits);  // while nothing could be kept
  const auto text = chain.text();
  const auto part = text.substr(text.find('\n') + 1);
  CHECK(resume(part, false, early).fits);
  CHECK_FALSE(resume(part, true, ChainEnd{}).fits);
}

TEST_CASE("resume: an empty file follows what was kept, as it was rotated") {
  const auto chain = Chain().grow(3);
  CHECK(resume("", true, chain.end).end == chain.end);
  CHECK(resume("", true, std::nullopt).end == ChainEnd{});
  CHECK(resume("", true, std::nullopt).fits);
  const auto next = audit_line(test::entry(), {}, chain.end);
  CHECK(resume(next + '\n', true, chain.end).fits);
}

TEST_CASE("resume: a line that a crash has cut is taken away") {
  const auto chain = Chain().grow(2);
  for (const auto* cut : {"{", R"({"seq":3,"time":"2)"}) {
    const auto resumption = resume(chain.text() + cut, true, chain.end);
    CHECK(resumption.fits);
    CHECK(resumption.unfinished == std::string(cut).size());
    CHECK(resumption.end == chain.end);
    CHECK(resume(cut, true, chain.end).fits);
  }
}

TEST_CASE("resume: what does not fit stays, and the chain goes on behind it with a number that nothing had") {
  const auto chain = Chain().grow(4);
  auto cut = chain.lines;
  cut.resize(2);
  const Chain shorter{.lines = cut};
  const auto resumption = resume(shorter.text(), true, chain.end);
  CHECK_FALSE(resumption.fits);
  CHECK(resumption.end == end_at(4, cut.back()));
  CHECK_FALSE(resume(chain.text(), true, ChainEnd{.seq = 4, .hash = {1}}).fits);
  CHECK_FALSE(resume(chain.text(), true, std::nullopt).fits);  // nobody knows what was written

  auto changed = chain.lines;
  changed[3][changed[3].find("charger")] = 'C';
  const auto kept = end_at(2, changed[1]);
  CHECK(resume(Chain{.lines = changed}.text(), true, kept).fits);  // behind the kept one anything is possible
  changed = chain.lines;
  changed[2][changed[2].find("charger")] = 'C';
  CHECK_FALSE(resume(Chain{.lines = changed}.text(), true, kept).fits);
}

TEST_CASE("resume: nothing of a file that is no audit is taken away") {
  for (const auto* text : {"root:x:0", "hello\nworld", "hello\n"}) {
    CAPTURE(text);
    const auto resumption = resume(text, true, ChainEnd{});
    CHECK_FALSE(resumption.fits);
    CHECK(resumption.unfinished == 0);
    CHECK(resumption.lacks_line_feed == !std::string(text).ends_with('\n'));
  }
}

}  // namespace
}  // namespace fleetsign::ops
