// SPDX-License-Identifier: Apache-2.0
#include "simulator/faults.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>

#include "simulator/fault_orders.h"
#include "simulator/replies.h"

namespace fleetsign::simulator {
namespace {

using std::chrono_literals::operator""s;

// More than the 32 that an infotainment window would still let through.
constexpr std::uint32_t kCountersUsedElsewhere = 100;
// Not an envelope: a field number of 0.
constexpr std::string_view kGarbage = R"({"response":"AAECAwQFBgc="})";
constexpr std::string_view kOtherRegion = "https://fleet-api.prd.eu.vn.cloud.tesla.com";

void fall_asleep(Vehicle& vehicle) {
  vehicle.set_power(Power::asleep);
}
void go_offline(Vehicle& vehicle) {
  vehicle.set_power(Power::offline);
}
void forget_protocol(Vehicle& vehicle) {
  vehicle.set_signing(Signing::unknown);
}

Message reboot(const FaultOrder&, Vehicle& vehicle, const Message& request) {
  vehicle.reboot();
  return vehicle.receive(request);
}

Message rotate_key(const FaultOrder&, Vehicle& vehicle, const Message& request) {
  vehicle.rotate_keys();
  return vehicle.receive(request);
}

Message counter_ahead(const FaultOrder&, Vehicle& vehicle, const Message& request) {
  vehicle.skip_counters(request, kCountersUsedElsewhere);
  return vehicle.receive(request);
}

Message clock_skew(const FaultOrder& order, Vehicle& vehicle, const Message& request) {
  vehicle.skew_clocks(order.ms.value_or(0s));
  return vehicle.receive(request);
}

template <Fault fault>
Message refuse(const FaultOrder&, Vehicle&, const Message& request) {
  return refusal_of(request, fault);
}

Message tell_to_wait(const FaultOrder&, Vehicle&, const Message& request) {
  return refusal_of(request, UniversalMessage::MESSAGEFAULT_ERROR_NONE, UniversalMessage::OPERATIONSTATUS_WAIT);
}

Message forget_client(const FaultOrder&, Vehicle&, const Message& request) {
  return unpaired_reply_to(request);
}

Message deliver_twice(const FaultOrder&, Vehicle& vehicle, const Message& request) {
  vehicle.receive(request);
  return vehicle.receive(request);
}

Message replay_reply(const FaultOrder&, Vehicle& vehicle, const Message& request) {
  auto earlier = vehicle.last_reply(request);
  auto reply = vehicle.receive(request);
  return earlier ? *std::move(earlier) : reply;
}

Message answer_another_request(const FaultOrder&, Vehicle& vehicle, const Message& request) {
  auto reply = vehicle.receive(request);
  const auto other = reply_to(Message());
  reply.mutable_to_destination()->set_routing_address(other.uuid());
  if (!reply.request_uuid().empty()) reply.set_request_uuid(other.uuid());
  return reply;
}

Message answer_in_plaintext(const FaultOrder&, Vehicle& vehicle, const Message& request) {
  return vehicle.receive(request, Sealing::never);
}

Message response_too_large(const FaultOrder&, Vehicle& vehicle, const Message& request) {
  vehicle.receive(request);
  return refusal_of(request, UniversalMessage::MESSAGEFAULT_ERROR_RESPONSE_MTU_EXCEEDED);
}

http::Reply drop_request(const FaultOrder&, const Deliver&, FaultQueue&) {
  return {.cut = http::Cut{}};
}

http::Reply drop_reply(const FaultOrder&, const Deliver& deliver, FaultQueue&) {
  auto reply = deliver();
  reply.cut = http::Cut{};
  return reply;
}

http::Reply truncate_reply(const FaultOrder&, const Deliver& deliver, FaultQueue&) {
  auto reply = deliver();
  reply.cut = http::Cut{.body_bytes = reply.body.size() / 2, .head = true};
  return reply;
}

http::Reply garble_reply(const FaultOrder&, const Deliver& deliver, FaultQueue&) {
  auto reply = deliver();
  reply.body = kGarbage;
  return reply;
}

http::Reply late_reply(const FaultOrder& order, const Deliver& deliver, FaultQueue& queue) {
  auto reply = deliver();
  queue.pause(order.ms.value_or(1s));
  return reply;
}

http::Reply delay(const FaultOrder& order, const Deliver& deliver, FaultQueue& queue) {
  queue.pause(order.ms.value_or(1s));
  return deliver();
}

template <int status>
http::Reply answer_with(const FaultOrder& order, const Deliver&, FaultQueue&) {
  return error_reply(status, order.error ? *order.error : usual_error(status));
}

http::Reply misdirected(const FaultOrder& order, const Deliver&, FaultQueue&) {
  const auto host = order.host.empty() ? kOtherRegion : std::string_view(order.host);
  const auto text = "user out of region, use base URL: " + std::string(host) +
                    ", see https://developer.tesla.com/docs/fleet-api/getting-started/regions-countries";
  auto reply = error_reply(421, order.error ? *order.error : text);
  reply.headers.add("Alt-Svc", "h2=" + std::string(host));
  return reply;
}

http::Reply rate_limited(const FaultOrder& order, const Deliver& deliver, FaultQueue& queue) {
  const auto wait = std::chrono::ceil<std::chrono::seconds>(order.ms.value_or(1s));
  auto reply = answer_with<429>(order, deliver, queue);
  reply.headers.set("Retry-After", std::to_string(wait.count()));
  return reply;
}

constexpr FaultRow kFaults[] = {
    {"reboot", reboot},
    {"rotate_key", rotate_key},
    {"counter_ahead", counter_ahead},
    {"clock_skew", clock_skew, MsUse::shift},
    {"busy", refuse<UniversalMessage::MESSAGEFAULT_ERROR_BUSY>},
    {"wait", tell_to_wait},
    {"timeout", refuse<UniversalMessage::MESSAGEFAULT_ERROR_TIMEOUT>},
    {"internal", refuse<UniversalMessage::MESSAGEFAULT_ERROR_INTERNAL>},
    {"unpaired", forget_client},
    {"asleep", fall_asleep},
    {"offline", go_offline},
    {"no_protocol", forget_protocol},
    {"drop_request", drop_request},
    {"drop_reply", drop_reply},
    {"truncate_reply", truncate_reply},
    {"garbage_reply", garble_reply},
    {"duplicate_reply", deliver_twice},
    {"replay_reply", replay_reply},
    {"late_reply", late_reply, MsUse::wait},
    {"wrong_request_reply", answer_another_request},
    {"plaintext_reply", answer_in_plaintext},
    {"response_too_large", response_too_large},
    {"delay", delay, MsUse::wait},
    {"http_401", answer_with<401>},
    {"http_403", answer_with<403>},
    {"http_408", answer_with<408>},
    {"http_421", misdirected},
    {"http_422", answer_with<422>},
    {"http_429", rate_limited, MsUse::wait},
    {"http_500", answer_with<500>},
    {"http_502", answer_with<502>},
    {"http_503", answer_with<503>},
    {"http_504", answer_with<504>},
};

}  // namespace

std::span<const FaultRow> fault_rows() {
  return kFaults;
}

const FaultRow* find_fault(std::string_view name) {
  return find_fault_in<FaultRow>(kFaults, name);
}

}  // namespace fleetsign::simulator
