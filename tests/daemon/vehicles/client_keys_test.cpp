// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/client_keys.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace fleetsign::vehicles {
namespace {

ClientKeys::Key make_key() {
  return std::make_shared<const crypto::PrivateKey>(crypto::PrivateKey::generate());
}

const std::string kMoved = "5YJS0000000000001";
const std::string kWaiting = "5YJS0000000000002";

TEST_CASE("client keys: one alone signs for every vehicle, and is the one that is hosted") {
  const auto key = make_key();
  const ClientKeys keys(key);
  CHECK(keys.of(kMoved) == key);
  CHECK(keys.stage_of(kMoved) == KeyStage::only);
  CHECK(keys.of_all(std::vector{kMoved, kWaiting}) == key);
  CHECK(&keys.hosted() == key.get());
  CHECK(keys.next() == nullptr);
}

TEST_CASE("client keys: the next one signs for the vehicles that have moved, and is hosted for all") {
  const auto usual = make_key();
  const auto next = make_key();
  const ClientKeys keys(usual, next, {kMoved});
  CHECK(keys.of(kMoved) == next);
  CHECK(keys.of(kWaiting) == usual);
  CHECK(keys.stage_of(kMoved) == KeyStage::moved);
  CHECK(keys.stage_of(kWaiting) == KeyStage::waiting);
  CHECK(&keys.hosted() == next.get());
  CHECK(ClientKeys(usual, next, {}).of(kMoved) == usual);
}

TEST_CASE("client keys: vehicles have one key together, or none") {
  const auto usual = make_key();
  const auto next = make_key();
  const ClientKeys keys(usual, next, {kMoved});
  CHECK(keys.of_all(std::vector{kMoved, kMoved}) == next);
  CHECK(keys.of_all(std::vector{kWaiting}) == usual);
  CHECK(keys.of_all(std::vector{kMoved, kWaiting}) == nullptr);
  CHECK(keys.of_all(std::vector{kWaiting, kMoved}) == nullptr);
}

}  // namespace
}  // namespace fleetsign::vehicles
