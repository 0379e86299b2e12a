// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/text_form.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "crypto/bytes.h"
#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/experimental.pb.h"
#include "protocol/proto/vcsec.pb.h"

namespace fleetsign::catalogue {
namespace {

using google::protobuf::Message;
using google::protobuf::TextFormat;
using Generator = TextFormat::BaseTextGenerator;

constexpr auto kPrivateFields = std::to_array<std::string_view>({
    // PINs, passwords, tokens
    "CarServer.DrivingClearSpeedLimitPinAction.pin",
    "CarServer.DrivingSpeedLimitAction.pin",
    "CarServer.ParentalControlsAction.pin",
    "CarServer.ParentalControlsClearPinAction.pin",
    "CarServer.VehicleControlSetPinToDriveAction.password",
    "CarServer.VehicleControlSetValetModeAction.password",
    "CarServer.VehicleControlTriggerHomelinkAction.token",
    // places; a Supercharger nearby is one, too
    "CarServer.ChargeSchedule.latitude",
    "CarServer.ChargeSchedule.longitude",
    "CarServer.DriveState.active_route_destination",
    "CarServer.LatLong.latitude",
    "CarServer.LatLong.longitude",
    "CarServer.LocationState.corrected_latitude",
    "CarServer.LocationState.corrected_longitude",
    "CarServer.LocationState.geo_elevation",
    "CarServer.LocationState.geo_latitude",
    "CarServer.LocationState.geo_longitude",
    "CarServer.LocationState.latitude",
    "CarServer.LocationState.location_name",
    "CarServer.LocationState.longitude",
    "CarServer.LocationState.native_latitude",
    "CarServer.LocationState.native_longitude",
    "CarServer.PreconditionSchedule.latitude",
    "CarServer.PreconditionSchedule.longitude",
    "CarServer.Superchargers.amenities",
    "CarServer.Superchargers.billing_info",
    "CarServer.Superchargers.billing_time",
    "CarServer.Superchargers.city",
    "CarServer.Superchargers.country",
    "CarServer.Superchargers.district",
    "CarServer.Superchargers.id",
    "CarServer.Superchargers.name",
    "CarServer.Superchargers.out_of_order_stalls_names",
    "CarServer.Superchargers.postal_code",
    "CarServer.Superchargers.state",
    "CarServer.Superchargers.street_address",
    "Experimental.NavigationGpsRequest.lat",
    "Experimental.NavigationGpsRequest.lon",
    "Experimental.NavigationRequest.destination",
    "Experimental.NavigationSuperchargerRequest.id",
    "Experimental.NavigationWaypointsRequest.waypoints",
    // what people write, names that they give, and identities
    "CarServer.ChargeSchedule.name",
    "CarServer.EraseUserDataAction.reason",
    "CarServer.ManagedChargingState.charge_on_solar_gateway_din",
    "CarServer.ManagedChargingState.tesla_electric_asset_id",
    "CarServer.PreconditionSchedule.name",
    "CarServer.SetVehicleNameAction.vehicleName",
    "Experimental.TakeDrivenote.note",
    "Experimental.UpcomingCalendarEntries.calendar_data",
    // what somebody listens to, and from what
    "CarServer.MediaDetailState.a2dp_source_name",
    "CarServer.MediaDetailState.now_playing_album",
    "CarServer.MediaDetailState.now_playing_source_string",
    "CarServer.MediaDetailState.now_playing_station",
    "CarServer.MediaState.now_playing_artist",
    "CarServer.MediaState.now_playing_title",
});

/// Bytes are keys, tags and addresses here: hexadecimal is how people compare them.
class Values final : public TextFormat::FastFieldValuePrinter {
 public:
  void PrintBytes(const std::string& value, Generator* out) const override {
    out->PrintString("0x" + crypto::to_hex(crypto::as_bytes(value)));
  }
};

/// Prints the mask for a field of any type: protobuf has a function for each, and prints the value where one is
/// missing.
class Mask final : public TextFormat::FastFieldValuePrinter {
 public:
  explicit Mask(bool& used) : used_(used) {}
  void PrintBool(bool, Generator* out) const override { print(out); }
  void PrintInt32(std::int32_t, Generator* out) const override { print(out); }
  void PrintUInt32(std::uint32_t, Generator* out) const override { print(out); }
  void PrintInt64(std::int64_t, Generator* out) const override { print(out); }
  void PrintUInt64(std::uint64_t, Generator* out) const override { print(out); }
  void PrintFloat(float, Generator* out) const override { print(out); }
  void PrintDouble(double, Generator* out) const override { print(out); }
  void PrintString(const std::string&, Generator* out) const override { print(out); }
  void PrintBytes(const std::string&, Generator* out) const override { print(out); }
  void PrintEnum(std::int32_t, const std::string&, Generator* out) const override { print(out); }
  bool PrintMessageContent(const Message&, int, int, bool, Generator* out) const override {
    print(out);
    out->PrintLiteral("\n");
    return true;
  }

 private:
  void print(Generator* out) const {
    used_ = true;
    out->Print(kMask.data(), kMask.size());
  }

  bool& used_;
};

void mask_fields(TextFormat::Printer& printer, std::span<const std::string_view> names, bool& used) {
  for (const std::string_view name : names) {
    const auto* field = google::protobuf::DescriptorPool::generated_pool()->FindFieldByName(std::string(name));
    auto mask = std::make_unique<Mask>(used);
    if (printer.RegisterFieldValuePrinter(field, mask.get())) static_cast<void>(mask.release());
  }
}

/// How many bytes of a message are in fields that its type does not have.
std::size_t unknown_bytes(const Message& message) {
  const std::unique_ptr<Message> known(message.New());
  known->CopyFrom(message);
  known->DiscardUnknownFields();
  return message.ByteSizeLong() - known->ByteSizeLong();
}

bool is_experimental(crypto::ByteView bytes) {
  Experimental::Action action;
  return action.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
         action.vehicle_action().vehicle_action_msg_case() != 0;
}

}  // namespace

std::span<const std::string_view> private_fields() {
  return kPrivateFields;
}

TextForm text_form(const Message& message, Privacy privacy, std::span<const std::string_view> masked_fields) {
  TextForm form;
  TextFormat::Printer printer;
  printer.SetDefaultFieldValuePrinter(new Values);  // the printer owns it
  if (privacy == Privacy::masked) {
    mask_fields(printer, masked_fields, form.masked);
    printer.SetHideUnknownFields(true);
  }
  printer.PrintToString(message, &form.text);
  if (privacy == Privacy::shown) return form;
  if (const auto hidden = unknown_bytes(message); hidden > 0) {
    form.masked = true;
    form.text += "# and " + std::to_string(hidden) + " bytes in fields that this version does not know\n";
  }
  return form;
}

std::unique_ptr<Message> read_as(const Message& type, crypto::ByteView bytes) {
  std::unique_ptr<Message> message(type.New());
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return nullptr;
  return message;
}

std::unique_ptr<Message> read_payload(protocol::Domain domain, crypto::ByteView bytes) {
  if (domain == protocol::Domain::vehicle_security) return read_as(VCSEC::UnsignedMessage::default_instance(), bytes);
  if (is_experimental(bytes)) return read_as(Experimental::Action::default_instance(), bytes);
  return read_as(CarServer::Action::default_instance(), bytes);
}

TextForm text_form(const protocol::Payload& payload, Privacy privacy) {
  const auto message = read_payload(payload.domain, payload.bytes);
  return message ? text_form(*message, privacy) : TextForm{.masked = true};
}

nlohmann::ordered_json describe(const protocol::Payload& payload, Privacy privacy) {
  auto form = text_form(payload, privacy);
  nlohmann::ordered_json about{{"goes_to", "vehicle"},
                               {"domain", protocol::to_string(payload.domain)},
                               {"repeat", protocol::to_string(payload.repeat)},
                               {"message", std::move(form.text)}};
  if (!form.masked) about["payload"] = crypto::to_base64(payload.bytes);
  return about;
}

}  // namespace fleetsign::catalogue
