// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/billed_client.h"

#include <algorithm>
#include <string_view>
#include <variant>

namespace fleetsign::upstream {
namespace {

/// Path and query.
std::string_view target_of(std::string_view url) {
  const auto authority = url.find("//") + 2;
  return url.substr(std::min(url.find('/', authority), url.size()));
}

/// Of an Answer or an Opening.
template <class Answered>
int repeats_of(const Answered& answered) {
  return std::visit([](const auto& any) { return any.repeats; }, answered);
}

/// Of an Answer or an Opening: what is no refusal of the client's has a status.
template <class Answered>
Billed billed_for_any(const Answered& answered) {
  if (const auto* undelivered = std::get_if<Undelivered>(&answered)) return billed_for(*undelivered);
  return billed_for(std::get<0>(answered).status);
}

AnswerClass class_of(int status) {
  constexpr int kTooMany = 429;
  if (status == kTooMany) return AnswerClass::too_many;
  if (status >= 500) return AnswerClass::error;
  if (status >= 400) return AnswerClass::refusal;
  return status >= 300 ? AnswerClass::redirection : AnswerClass::success;
}

/// Nothing for what has not met Fleet API for a reason of ours or of the caller's.
std::optional<AnswerClass> class_of(const Undelivered& undelivered) {
  using Phase = Undelivered::Phase;
  const auto phase = undelivered.phase;
  const bool is_ours = phase == Phase::refused || phase == Phase::caller_gone || phase == Phase::shutdown;
  return is_ours ? std::nullopt : std::optional(AnswerClass::none);
}

}  // namespace

template <class Answered>
void BilledClient::count(const Answered& answered) {
  const auto* undelivered = std::get_if<Undelivered>(&answered);
  const auto which = undelivered != nullptr ? class_of(*undelivered) : class_of(std::get<0>(answered).status);
  if (which) ++answers_.at(static_cast<std::size_t>(*which));
}

Answer BilledClient::send(const Request& request) {
  auto answer = client_.send(request);
  count(answer);
  note(request, billed_for_any(answer), repeats_of(answer));
  return answer;
}

Opening BilledClient::open(const Request& request) {
  auto opening = client_.open(request);
  count(opening);
  note(request, billed_for_any(opening), repeats_of(opening));
  return opening;
}

void BilledClient::note(const Request& request, Billed billed, int repeats) {
  auto charge = charge_of(request.method, target_of(request.url));
  if (!charge) return;
  if (!request.vehicle.empty()) charge->vehicle = request.vehicle;
  // Of those before it, Fleet API may have got each, and no answer came.
  for (int i = 0; i < repeats; ++i) ledger_.note(*charge, Billed::perhaps);
  ledger_.note(*charge, billed);
}

}  // namespace fleetsign::upstream
