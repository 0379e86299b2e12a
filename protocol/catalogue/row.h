// SPDX-License-Identifier: Apache-2.0
// How a row is written: name, repeat, summary, builder, and the parameters whose values the builder gets, in their
// order. A builder that expects other types than its parameters have does not compile.
//
//   infotainment("set_charge_limit", Repeat::safe, "Set the charge limit",
//                [](VehicleAction& action, std::int32_t percent) { … },
//                whole("percent", "State of charge to stop at", {.min = 0, .max = 100}))
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "protocol/catalogue/catalogue.h"
#include "protocol/catalogue/parameter.h"
#include "protocol/catalogue/rows.h"
#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/experimental.pb.h"
#include "protocol/proto/vcsec.pb.h"

namespace fleetsign::catalogue {

using CarServer::VehicleAction;
using protocol::Domain;
using protocol::Failure;
using protocol::Refusal;
using protocol::Repeat;
using VCSEC::UnsignedMessage;

/// What a builder may look at, and decide, beside its message.
struct Circumstances {
  std::int64_t unix_now = 0;
  Repeat repeat = Repeat::once;  ///< to begin with, the row's
  Refusal refusal = Refusal::is_final;
  bool forward = false;  ///< true: for Fleet API's own endpoint, whatever the message
};

/// The usual builder sets fields of its message. The other kind may also decide, and refuse what no single parameter
/// shows. As pointers to functions they take exactly the types of the parameters: nothing is converted on the way.
template <class Message, class... T>
using Build = std::type_identity_t<void (*)(Message&, T...)>;
template <class Message, class... T>
using DecidingBuild = std::type_identity_t<std::optional<Failure> (*)(Message&, Circumstances&, T...)>;
template <class Message, class... T>
using AnyBuild = std::type_identity_t<std::function<std::optional<Failure>(Message&, Circumstances&, T...)>>;

/// Where a builder works in what its domain takes as payload.
inline VehicleAction& content(CarServer::Action& payload) {
  return *payload.mutable_vehicleaction();
}
inline UnsignedMessage& content(UnsignedMessage& payload) {
  return payload;
}
inline Experimental::VehicleAction& content(Experimental::Action& payload) {
  return *payload.mutable_vehicle_action();
}

/// An empty member of a message that says something by being present; the value of a choice between such members.
template <class Message>
struct Member {
  CarServer::Void* (Message::*mutable_member)() = nullptr;

  void put_into(Message& message) const { (message.*mutable_member)(); }
};

/// The same bytes for the same message: no message of this protocol has a map.
crypto::Bytes serialised(const google::protobuf::MessageLite& payload);

/// The value of one parameter, unless an earlier one has failed.
template <class T>
std::optional<T> take_unless(std::optional<Failure>& failure, const Typed<T>& parameter,
                             const nlohmann::json& arguments) {
  if (failure) return std::nullopt;
  auto value = parameter.take(arguments);
  if (value) return std::optional<T>(std::move(*value));
  failure = std::move(value).error();
  return std::nullopt;
}

template <class Root, class Message, class... T>
Command row(Domain domain, std::string_view name, Repeat repeat, std::string_view summary,
            AnyBuild<Message, T...> build, Typed<T>... parameters) {
  auto encoder = [=](const nlohmann::json& arguments, const Surroundings& surroundings) -> Encoded {
    std::optional<Failure> failure;
    std::tuple<std::optional<T>...> values{take_unless(failure, parameters, arguments)...};
    if (failure) return std::move(*failure);

    Root payload;
    Circumstances circumstances{.unix_now = surroundings.unix_now, .repeat = repeat};
    failure = std::apply([&](auto&... value) { return build(content(payload), circumstances, std::move(*value)...); },
                         values);
    if (failure) return std::move(*failure);
    if (circumstances.forward) return std::optional<protocol::Payload>();
    return std::optional(protocol::Payload{.domain = domain,
                                           .bytes = serialised(payload),
                                           .repeat = circumstances.repeat,
                                           .refusal = circumstances.refusal});
  };
  return {.name = name,
          .summary = summary,
          .domain = domain,
          .repeat = repeat,
          .parameters = {parameters.about()...},
          .encoder = std::move(encoder)};
}

/// The build that never refuses, as the kind that may.
template <class Message, class... T>
auto always(void (*build)(Message&, T...)) {
  return [build](Message& message, Circumstances&, T... values) -> std::optional<Failure> {
    build(message, std::move(values)...);
    return std::nullopt;
  };
}

template <class... T>
Command infotainment(std::string_view name, Repeat repeat, std::string_view summary, Build<VehicleAction, T...> build,
                     Typed<T>... parameters) {
  return row<CarServer::Action, VehicleAction>(Domain::infotainment, name, repeat, summary, always(build),
                                               std::move(parameters)...);
}

template <class... T>
Command infotainment(std::string_view name, Repeat repeat, std::string_view summary,
                     DecidingBuild<VehicleAction, T...> build, Typed<T>... parameters) {
  return row<CarServer::Action, VehicleAction>(Domain::infotainment, name, repeat, summary, build,
                                               std::move(parameters)...);
}

template <class... T>
Command vehicle_security(std::string_view name, Repeat repeat, std::string_view summary,
                         Build<UnsignedMessage, T...> build, Typed<T>... parameters) {
  return row<UnsignedMessage, UnsignedMessage>(Domain::vehicle_security, name, repeat, summary, always(build),
                                               std::move(parameters)...);
}

/// A command that goes to Fleet API's own endpoint unless its form to sign, which is unpublished, is asked for.
inline Command forwarded_unless_asked(Command signed_form) {
  signed_form.route = Route::forward;
  signed_form.experimental = true;
  return signed_form;
}

template <class... T>
Command experimental(std::string_view name, Repeat repeat, std::string_view summary,
                     Build<Experimental::VehicleAction, T...> build, Typed<T>... parameters) {
  return forwarded_unless_asked(row<Experimental::Action, Experimental::VehicleAction>(
      Domain::infotainment, name, repeat, summary, always(build), std::move(parameters)...));
}

template <class... T>
Command experimental(std::string_view name, Repeat repeat, std::string_view summary,
                     DecidingBuild<Experimental::VehicleAction, T...> build, Typed<T>... parameters) {
  return forwarded_unless_asked(row<Experimental::Action, Experimental::VehicleAction>(
      Domain::infotainment, name, repeat, summary, build, std::move(parameters)...));
}

/// A command that goes to Fleet API's own endpoint, as it has no signed form.
inline Command forwarded(std::string_view name, std::string_view summary) {
  return {.name = name, .summary = summary, .route = Route::forward};
}

}  // namespace fleetsign::catalogue
