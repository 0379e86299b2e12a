// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/idempotency.h"

#include <algorithm>
#include <array>

#include "daemon/upstream/token.h"

namespace fleetsign::api {
namespace {

using protocol::Executed;
using protocol::Failure;
using protocol::Kind;
using Repeat = ops::Metrics::Repeat;

constexpr const char* kHeader = "Idempotency-Key";
constexpr std::size_t kLongestKey = 255;

/// What of a reply is about its body or its verdict. The rest, cookies among it, was for the first request alone.
constexpr std::array kKeptHeaders = {"Content-Type",       "Content-Encoding",     "Retry-After",
                                     "Fleetsign-Executed", "Fleetsign-Error-Code", "Fleetsign-Upstream-Requests"};

/// The parts of a request that decide what Fleet API makes of its body.
constexpr std::array kMeaningfulHeaders = {"Content-Type", "Content-Encoding"};

state::Answer answer_of(const http::Reply& reply) {
  state::Answer answer{.status = reply.status, .body = reply.body};
  for (const auto* name : kKeptHeaders) {
    if (const auto* value = reply.headers.find(name)) answer.headers.emplace_back(name, *value);
  }
  return answer;
}

http::Reply reply_of(const state::Answer& answer) {
  http::Reply reply{.status = answer.status, .body = answer.body};
  for (const auto& [name, value] : answer.headers) reply.headers.add(name, value);
  return reply;
}

Failure conflict() {
  return {.kind = Kind::idempotency_conflict, .message = "this Idempotency-Key was used with another request"};
}

Failure describe(state::Claims::Refusal refusal) {
  using Refusal = state::Claims::Refusal;
  switch (refusal) {
    case Refusal::full:
      return {.kind = Kind::state_unavailable,
              .message = "no further Idempotency-Key can be kept: there are too many of the last 24 hours",
              .hint = "send it without the header, or try again later"};
    case Refusal::unwritable:
      return {.kind = Kind::state_unavailable,
              .message = "the Idempotency-Key cannot be kept, so the request was not carried out"};
    case Refusal::unreadable:
      break;
  }
  return {.kind = Kind::state_unavailable,
          .message = "it cannot be read whether this Idempotency-Key was used before: nothing was sent now",
          .executed = Executed::unknown};
}

}  // namespace

protocol::Result<std::optional<std::string>> idempotency_key_of(const http::Request& request) {
  const auto* key = request.headers.find(kHeader);
  if (key == nullptr) return std::optional<std::string>();
  const bool is_key = request.headers.count(kHeader) == 1 && !key->empty() && key->size() <= kLongestKey &&
                      std::ranges::all_of(*key, [](char c) { return c > 0x20 && c < 0x7F; });
  if (is_key) return std::optional(*key);
  return Failure{.kind = Kind::bad_request,
                 .message = "the header `Idempotency-Key` is not one key of 1 to 255 visible ASCII characters",
                 .hint = "send a new UUID for each command, and the same one for its repeats"};
}

state::Claim claim_of(const http::Request& request, const access::Caller& caller, std::string_view key,
                      std::string_view path, std::string_view target) {
  // None of the parts before the last has a line feed.
  std::string head = std::string(target) + '\n';
  for (const auto* name : kMeaningfulHeaders) {
    const auto* value = request.headers.find(name);
    head += (value == nullptr ? "" : *value) + '\n';
  }
  // Whoever is known by more than a token has keys of its own, though others use the same account.
  const auto whose = caller.is_known ? caller.name + '\n' : "";
  const auto line = whose + request.method + ' ' + std::string(path) + '\n';
  return {.id = crypto::sha256(
              {upstream::account_of(caller.token->expose()), crypto::as_bytes(line), crypto::as_bytes(key)}),
          .request = crypto::sha256({crypto::as_bytes(head), crypto::as_bytes(request.body)})};
}

/// Lets the next request with a claim in, when it ends.
class Idempotency::Leave {
 public:
  Leave(Idempotency& idempotency, const crypto::Sha256Digest& id) : idempotency_(idempotency), id_(id) {}
  ~Leave() {
    const std::lock_guard lock(idempotency_.mutex_);
    idempotency_.under_way_.erase(id_);
    idempotency_.changed_.notify_all();
  }
  Leave(const Leave&) = delete;
  Leave& operator=(const Leave&) = delete;

 private:
  Idempotency& idempotency_;
  const crypto::Sha256Digest& id_;
};

std::optional<Failure> Idempotency::enter(const state::Claim& claim, const vehicles::Patience& patience) {
  std::unique_lock lock(mutex_);
  bool is_other = false;
  const bool may_enter = vehicles::wait(lock, changed_, clock_, patience, [&] {
    const auto first = under_way_.find(claim.id);
    is_other = first != under_way_.end() && first->second != claim.request;
    return is_other || first == under_way_.end();
  });
  if (is_other) return conflict();
  if (!may_enter) {
    return Failure{.kind = Kind::no_reply,
                   .message = "the first request with this Idempotency-Key is still under way",
                   .hint = "repeat it with the same Idempotency-Key to hear what becomes of it"};
  }
  under_way_.emplace(claim.id, claim.request);
  return std::nullopt;
}

http::Reply Idempotency::once(const state::Claim& claim, const vehicles::Patience& patience, const Footer& footer,
                              const std::function<Verdict()>& run) {
  if (const auto failure = enter(claim, patience)) return refuse(*failure, footer);
  const Leave leave(*this, claim.id);
  const auto standing = claims_.take(claim);
  if (!standing) return refuse(describe(standing.error()), footer);
  if (*standing) return replay(**standing, claim, footer);
  auto verdict = run();
  settle(claim, verdict, footer);
  return std::move(verdict.reply);
}

http::Reply Idempotency::refuse(const Failure& failure, const Footer& footer) {
  if (failure.kind == Kind::idempotency_conflict) metrics_.count_repeat(Repeat::conflict);
  return render(failure, footer);
}

http::Reply Idempotency::replay(const state::Standing& standing, const state::Claim& claim, const Footer& footer) {
  if (standing.request != claim.request) return refuse(conflict(), footer);
  metrics_.count_repeat(Repeat::replayed);
  log_.info("replayed", {{"answered", standing.answer.has_value()}, {"request_id", ops::Plain{footer.request_id}}});
  auto reply = standing.answer
                   ? reply_of(*standing.answer)
                   : render(Failure{.kind = Kind::no_reply,
                                    .message = "a request with this Idempotency-Key was taken up before, and how it "
                                               "ended is not known: it is not carried out again"},
                            footer);
  reply.headers.set(kReplayed, "true");
  return reply;
}

void Idempotency::settle(const state::Claim& claim, const Verdict& verdict, const Footer& footer) {
  const bool is_settled =
      verdict.executed == Executed::no ? claims_.release(claim.id) : claims_.answer(claim.id, answer_of(verdict.reply));
  if (is_settled) return;
  log_.warning("answer_not_kept", {{"what", ops::Plain{"a repeat will hear that nobody knows what became of it"}},
                                   {"request_id", ops::Plain{footer.request_id}}});
}

}  // namespace fleetsign::api
