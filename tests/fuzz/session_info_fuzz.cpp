// SPDX-License-Identifier: Apache-2.0
// Session infos: one after the other, each preceded by a byte that says how it comes and one that gives its length.
// Those that the vehicle tags get inside: whatever they say, the session's own promises are kept.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

#include "tests/protocol/session_bench.h"
#include "tests/support/fuzz.h"

using namespace fleetsign::protocol;
using fleetsign::crypto::as_text;
using test::RoutableMessage;
using test::SessionBench;

namespace {

enum Treatment : std::uint8_t { kAttached = 1, kTag = 2, kTrueKey = 4, kLate = 8, kOlderGeneration = 16, kForget = 32 };

constexpr std::size_t kMostInfos = 16;

void require(bool kept) {
  if (!kept) std::abort();
}

SessionInfoClaim claim_of(std::string encoded, std::uint8_t treatment, const Question& question,
                          const SessionBench& bench) {
  RoutableMessage request;
  request.set_uuid(as_text(question.uuid.bytes));
  RoutableMessage reply;
  reply.set_session_info((treatment & kTrueKey) != 0 ? bench.vehicle.with_own_key(encoded) : std::move(encoded));
  if ((treatment & kTag) != 0) bench.vehicle.tag_session_info(reply, request);
  return test::claim_in(reply);
}

void check_stamp(SessionBench& bench, std::uint32_t counter_before) {
  const auto stamped = bench.session.stamp(bench.now, bench.now + std::chrono::seconds(10));
  const auto* stamp = std::get_if<Stamp>(&stamped);
  if (stamp == nullptr) return;
  require(stamp->counter > counter_before);
  require(stamp->expires_at.seconds > 0 && stamp->expires_at.seconds <= 1U << 30);
  require(stamp->keys != nullptr);
}

void tell(SessionBench& bench, std::uint8_t treatment, std::string encoded) {
  if ((treatment & kForget) != 0) bench.session.forget();
  auto question = bench.question();
  if ((treatment & kLate) != 0) question.sent_at -= std::chrono::seconds(11);
  if ((treatment & kOlderGeneration) != 0) --question.generation;
  const auto claim = claim_of(std::move(encoded), treatment, question, bench);

  const auto generation = bench.session.generation();
  const auto epoch = bench.session.epoch();
  const auto counter = bench.session.counter();
  const auto adoption = (treatment & kAttached) != 0 ? bench.session.adopt_attached(claim, question)
                                                     : bench.session.adopt_handshake(claim, question);
  const bool adopted = adoption == Adoption::adopted;
  require(!adopted || (treatment & kTag) != 0);
  require(!adopted || (treatment & (kLate | kOlderGeneration)) == 0);
  require(bench.session.generation() == generation + (adopted ? 1 : 0));
  const bool same_epoch = bench.session.epoch() == epoch && generation > 0;
  require(!same_epoch || bench.session.counter() >= counter);
  check_stamp(bench, bench.session.counter());
}

}  // namespace

void fuzz(std::span<const std::uint8_t> input) {
  SessionBench bench;
  for (std::size_t infos = 0; infos < kMostInfos && input.size() >= 2; ++infos) {
    const auto treatment = input[0];
    const auto length = std::min<std::size_t>(input[1], input.size() - 2);
    tell(bench, treatment, as_text(input.subspan(2, length)));
    input = input.subspan(2 + length);
    bench.pass(std::chrono::milliseconds(700));
  }
}
