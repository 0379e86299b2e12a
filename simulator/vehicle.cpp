// SPDX-License-Identifier: Apache-2.0
#include "simulator/vehicle.h"

#include <algorithm>

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "simulator/actions/actions.h"
#include "simulator/actions/vehicle_security.h"
#include "simulator/authentication.h"

namespace fleetsign::simulator {
namespace {

template <class T>
void remember(std::deque<T>& memory, T item, std::size_t most) {
  if (memory.size() == most) memory.pop_front();
  memory.push_back(std::move(item));
}

bool asks_for_encryption(const Message& request) {
  return (request.flags() >> UniversalMessage::FLAG_ENCRYPT_RESPONSE & 1) != 0;
}

}  // namespace

Message reply_to(const Message& request) {
  Message reply;
  reply.mutable_to_destination()->set_routing_address(request.from_destination().routing_address());
  reply.mutable_from_destination()->set_domain(request.to_destination().domain());
  reply.set_uuid(crypto::as_text(crypto::random_bytes<16>()));
  // session_protocol.md, "Envelope": from vehicle security the request_uuid is usually empty.
  if (request.to_destination().domain() != UniversalMessage::DOMAIN_VEHICLE_SECURITY) {
    reply.set_request_uuid(request.uuid());
  }
  return reply;
}

Message refusal_of(const Message& request, Fault fault, UniversalMessage::OperationStatus_E status) {
  Message reply = reply_to(request);
  reply.mutable_signedmessagestatus()->set_operation_status(status);
  reply.mutable_signedmessagestatus()->set_signed_message_fault(fault);
  return reply;
}

Message unpaired_reply_to(const Message& request) {
  if (!request.has_session_info_request()) {
    return refusal_of(request, UniversalMessage::MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID);
  }
  Signatures::SessionInfo info;
  info.set_status(Signatures::SESSION_INFO_STATUS_KEY_NOT_ON_WHITELIST);
  Message reply = reply_to(request);
  reply.set_session_info(info.SerializeAsString());
  return reply;
}

Vehicle::Vehicle(VehicleStart start, const VehicleRules& rules)
    : vin_(std::move(start.vin)),
      rules_(rules),
      domains_{Domain(std::move(start.security), vin_, rules.clients, rules.clock()),
               Domain(std::move(start.infotainment), vin_, rules.clients, rules.clock())},
      pairings_(rules.clients.size(), Pairing::paired) {}

std::optional<std::size_t> Vehicle::client_of(const Message& request) const {
  const auto& key = request.has_session_info_request() ? request.session_info_request().public_key()
                                                       : request.signature_data().signer_identity().public_key();
  const auto bytes = crypto::as_bytes(key);
  const auto found = std::find_if(rules_.clients.begin(), rules_.clients.end(), [&](const auto& point) {
    return std::equal(point.begin(), point.end(), bytes.begin(), bytes.end());
  });
  if (found == rules_.clients.end()) return std::nullopt;
  const auto client = static_cast<std::size_t>(found - rules_.clients.begin());
  return pairings_[client] == Pairing::paired ? std::optional(client) : std::nullopt;
}

std::optional<Vehicle::ReplyKey> Vehicle::reply_key(const Message& request) const {
  const auto client = client_of(request);
  if (!client) return std::nullopt;
  return ReplyKey{request.to_destination().domain(), *client};
}

Domain* Vehicle::find_domain(const Message& request) {
  const auto found = std::find_if(domains_.begin(), domains_.end(), [&](const Domain& domain) {
    return domain.name() == request.to_destination().domain();
  });
  return found == domains_.end() ? nullptr : &*found;
}

Message Vehicle::receive(const Message& request, Sealing sealing) {
  const std::lock_guard lock(mutex_);
  Message reply = answer(request, sealing);
  const auto key = reply_key(request);
  if (key && find_domain(request) != nullptr) last_replies_[*key] = reply;
  return reply;
}

// simulator.md, "The vehicle's order of checks on a signed command".
Message Vehicle::answer(const Message& request, Sealing sealing) {
  const auto now = rules_.clock();
  if (request.uuid().size() > kMetadataValueLimit) {
    return refusal_of(request, UniversalMessage::MESSAGEFAULT_ERROR_BAD_PARAMETER);
  }
  if (request.has_session_info_request()) return greet(request, now);

  const auto client = client_of(request);
  Domain* const domain = find_domain(request);
  if (request.has_signature_data() && !client) return unpaired_reply_to(request);
  if (domain == nullptr) return refusal_of(request, UniversalMessage::MESSAGEFAULT_ERROR_INVALID_DOMAINS);
  if (!client || !request.signature_data().has_hmac_personalized_data()) {
    return refusal_of(request, UniversalMessage::MESSAGEFAULT_ERROR_BAD_PARAMETER);
  }
  if (const auto fault = domain->admit(request, *client, now); fault != UniversalMessage::MESSAGEFAULT_ERROR_NONE) {
    if (fault == UniversalMessage::MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER) ++used_counters_;
    Message reply = refusal_of(request, fault);
    domain->attach_session_info(reply, request, *client, now);
    return reply;
  }
  return execute(*domain, request, *client, sealing, now);
}

Message Vehicle::greet(const Message& request, Milliseconds now) {
  ++handshakes_;
  const auto client = client_of(request);
  Domain* const domain = find_domain(request);
  if (domain == nullptr) return refusal_of(request, UniversalMessage::MESSAGEFAULT_ERROR_INVALID_DOMAINS);
  if (!client) return unpaired_reply_to(request);
  Message reply = reply_to(request);
  domain->attach_session_info(reply, request, *client, now);
  return reply;
}

Message Vehicle::execute(Domain& domain, const Message& command, std::size_t client, Sealing sealing,
                         Milliseconds now) {
  const auto& payload = command.protobuf_message_as_bytes();
  const auto outcome = domain.name() == UniversalMessage::DOMAIN_VEHICLE_SECURITY
                           ? perform_security_command(car_, payload)
                           : perform_action(car_, payload);
  if (outcome.fault != UniversalMessage::MESSAGEFAULT_ERROR_NONE) return refusal_of(command, outcome.fault);
  record(outcome, command, client, now);

  Message reply = reply_to(command);
  if (outcome.payload.empty()) return reply;
  if (sealing == Sealing::as_asked && asks_for_encryption(command)) {
    domain.seal(reply, command, outcome.payload, client);
  } else {
    reply.set_protobuf_message_as_bytes(outcome.payload);
  }
  return reply;
}

void Vehicle::record(const Outcome& outcome, const Message& command, std::size_t client, Milliseconds now) {
  if (!outcome.executed) {
    ++refused_;
    return;
  }
  ++executed_;
  remember(executions_,
           {.name = outcome.name,
            .domain = command.to_destination().domain(),
            .counter = command.signature_data().hmac_personalized_data().counter(),
            .client = client,
            .at = now},
           kRememberedExecutions);
}

std::optional<Message> Vehicle::last_reply(const Message& request) const {
  const std::lock_guard lock(mutex_);
  const auto key = reply_key(request);
  if (!key) return std::nullopt;
  const auto found = last_replies_.find(*key);
  if (found == last_replies_.end()) return std::nullopt;
  return found->second;
}

void Vehicle::receive_unsigned(UnsignedCommand command) {
  const std::lock_guard lock(mutex_);
  remember(unsigned_commands_, std::move(command), kRememberedUnsigned);
}

Power Vehicle::power_at(Milliseconds now) const {
  return power_ == Power::asleep && awake_at_ && now >= *awake_at_ ? Power::online : power_;
}

Power Vehicle::power() const {
  const std::lock_guard lock(mutex_);
  return power_at(rules_.clock());
}

void Vehicle::set_power(Power power) {
  const std::lock_guard lock(mutex_);
  power_ = power;
  awake_at_.reset();
}

void Vehicle::wake() {
  const std::lock_guard lock(mutex_);
  if (power_ == Power::asleep && !awake_at_) awake_at_ = rules_.clock() + rules_.wake_time;
}

Signing Vehicle::signing() const {
  const std::lock_guard lock(mutex_);
  return signing_;
}

void Vehicle::set_signing(Signing signing) {
  const std::lock_guard lock(mutex_);
  signing_ = signing;
}

std::vector<crypto::PublicPoint> Vehicle::paired_keys() const {
  const std::lock_guard lock(mutex_);
  std::vector<crypto::PublicPoint> keys;
  for (std::size_t client = 0; client < pairings_.size(); ++client) {
    if (pairings_[client] == Pairing::paired) keys.push_back(rules_.clients[client]);
  }
  return keys;
}

void Vehicle::set_pairing(Pairing pairing, std::optional<std::size_t> client) {
  const std::lock_guard lock(mutex_);
  if (client) {
    pairings_.at(*client) = pairing;
  } else {
    std::ranges::fill(pairings_, pairing);
  }
}

void Vehicle::set_cable(Cable cable) {
  const std::lock_guard lock(mutex_);
  simulator::set_cable(car_.charging, cable);
}

void Vehicle::reboot() {
  const std::lock_guard lock(mutex_);
  for (auto& domain : domains_) domain.reboot(rules_.clock());
}

void Vehicle::rotate_keys() {
  const std::lock_guard lock(mutex_);
  for (auto& domain : domains_) domain.rotate_key(rules_.clock());
}

void Vehicle::skew_clocks(Milliseconds by) {
  const std::lock_guard lock(mutex_);
  for (auto& domain : domains_) domain.skew_clock(by);
}

void Vehicle::skip_counters(const Message& request, std::uint32_t counters) {
  const std::lock_guard lock(mutex_);
  const auto client = client_of(request);
  Domain* const domain = find_domain(request);
  if (client && domain != nullptr) domain->skip_counters(*client, counters);
}

Car Vehicle::car() const {
  const std::lock_guard lock(mutex_);
  return car_;
}

VehicleReport Vehicle::report() const {
  const std::lock_guard lock(mutex_);
  const auto now = rules_.clock();
  VehicleReport report{.power = power_at(now),
                       .car = car_,
                       .executions = executions_,
                       .executed = executed_,
                       .refused = refused_,
                       .used_counters = used_counters_,
                       .handshakes = handshakes_,
                       .unsigned_commands = unsigned_commands_};
  for (const auto& domain : domains_) {
    DomainReport part{
        .name = domain.name(), .epoch = std::string(domain.epoch()), .clock_time = domain.clock_time(now)};
    for (std::size_t client = 0; client < rules_.clients.size(); ++client) {
      part.counters.push_back(domain.counter(client));
    }
    report.domains.push_back(std::move(part));
  }
  return report;
}

}  // namespace fleetsign::simulator
