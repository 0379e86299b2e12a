// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/simulator/actions/driven_car.h"

namespace {

using CarServer::VehicleAction;
using fleetsign::test::DrivenCar;

VehicleAction charge_at(std::uint64_t id, float latitude, float longitude) {
  VehicleAction action;
  auto& schedule = *action.mutable_addchargescheduleaction();
  schedule.set_id(id);
  schedule.set_days_of_week(62);
  schedule.set_start_enabled(true);
  schedule.set_start_time(60);
  schedule.set_enabled(true);
  schedule.set_latitude(latitude);
  schedule.set_longitude(longitude);
  return action;
}

VehicleAction warm_at(std::uint64_t id, float latitude, float longitude) {
  VehicleAction action;
  auto& schedule = *action.mutable_addpreconditionscheduleaction();
  schedule.set_id(id);
  schedule.set_precondition_time(400);
  schedule.set_latitude(latitude);
  schedule.set_longitude(longitude);
  return action;
}

constexpr auto kHomeLatitude = fleetsign::simulator::kHomeLatitude;
constexpr auto kHomeLongitude = fleetsign::simulator::kHomeLongitude;

}  // namespace

TEST_CASE("schedules: one with a known id replaces it, one without is new, and each can be removed") {
  DrivenCar car;
  CHECK(car.act(charge_at(1, 0, 0)) == "");
  CHECK(car.name() == "add_charge_schedule");
  CHECK(car.act(charge_at(2, 0, 0)) == "");
  auto changed = charge_at(1, 0, 0);
  changed.mutable_addchargescheduleaction()->set_name("night");
  CHECK(car.act(changed) == "");
  const auto schedules = car.shown("charge_schedule_data", "charge_schedules");
  REQUIRE(schedules.size() == 2);
  CHECK(schedules[0].at("id") == 1);
  CHECK(schedules[0].at("name") == "night");
  CHECK(schedules[0].at("days_of_week") == 62);
  CHECK(schedules[0].at("start_time") == 60);

  VehicleAction remove;
  remove.mutable_removechargescheduleaction()->set_id(1);
  CHECK(car.act(remove) == "");
  CHECK(car.act(remove) == "not_found");
  CHECK(car.shown("charge_schedule_data", "charge_schedules").size() == 1);
}

TEST_CASE("schedules: those for preconditioning are kept apart") {
  DrivenCar car;
  CHECK(car.act(warm_at(7, 0, 0)) == "");
  CHECK(car.name() == "add_precondition_schedule");
  CHECK(car.shown("charge_schedule_data", "charge_schedules").empty());
  const auto schedules = car.shown("preconditioning_schedule_data", "precondition_schedules");
  REQUIRE(schedules.size() == 1);
  CHECK(schedules[0].at("precondition_time") == 400);
  VehicleAction remove;
  remove.mutable_removepreconditionscheduleaction()->set_id(7);
  CHECK(car.act(remove) == "");
  CHECK(car.shown("preconditioning_schedule_data", "precondition_schedules").empty());
}

TEST_CASE("schedules: they are removed together by place") {
  DrivenCar car;
  car.act(charge_at(1, kHomeLatitude, kHomeLongitude));
  car.act(charge_at(2, 10, 10));
  VehicleAction remove;
  auto& batch = *remove.mutable_batchremovechargeschedulesaction();
  batch.set_work(true);
  CHECK(car.act(remove) == "");
  CHECK(car.shown("charge_schedule_data", "charge_schedules").size() == 2);
  batch.set_home(true);
  CHECK(car.act(remove) == "");
  const auto left = car.shown("charge_schedule_data", "charge_schedules");
  REQUIRE(left.size() == 1);
  CHECK(left[0].at("id") == 2);

  car.act(warm_at(3, kHomeLatitude, kHomeLongitude));
  car.act(warm_at(4, 10, 10));
  VehicleAction elsewhere;
  elsewhere.mutable_batchremovepreconditionschedulesaction()->set_other(true);
  CHECK(car.act(elsewhere) == "");
  const auto warm = car.shown("preconditioning_schedule_data", "precondition_schedules");
  REQUIRE(warm.size() == 1);
  CHECK(warm[0].at("id") == 3);
}

TEST_CASE("schedules: a car keeps a hundred of them") {
  DrivenCar car;
  for (std::uint64_t id = 1; id <= 100; ++id) CHECK(car.act(charge_at(id, 0, 0)) == "");
  CHECK(car.act(charge_at(101, 0, 0)) == "too_many_schedules");
  CHECK(car.act(charge_at(100, 0, 0)) == "");
}
