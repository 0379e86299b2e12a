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

}  // namespace

Answer BilledClient::send(const Request& request) {
  auto answer = client_.send(request);
  note(request, billed_for_any(answer), repeats_of(answer));
  return answer;
}

Opening BilledClient::open(const Request& request) {
  auto opening = client_.open(request);
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
