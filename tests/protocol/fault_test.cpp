// SPDX-License-Identifier: Apache-2.0
#include "protocol/fault.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "protocol/proto/universal_message.pb.h"

namespace fleetsign::protocol {
namespace {

TEST_CASE("faults: every fault of the protocol has a row, under its own name, and no row is without a fault") {
  const auto& faults_of_the_protocol = *UniversalMessage::MessageFault_E_descriptor();
  std::set<std::uint32_t> known;
  for (int i = 0; i < faults_of_the_protocol.value_count(); ++i) {
    const auto& fault = *faults_of_the_protocol.value(i);
    if (fault.number() == 0) continue;
    CAPTURE(fault.name());
    const auto code = static_cast<std::uint32_t>(fault.number());
    known.insert(code);
    CHECK(row_of_fault(code).code == code);
    CHECK("MESSAGEFAULT_ERROR_" + std::string(row_of_fault(code).name) == fault.name());
  }
  CHECK(faults().size() == known.size());
}

TEST_CASE("faults: the rows ascend, and each says what it means") {
  std::uint32_t last = 0;
  for (const auto& row : faults()) {
    CAPTURE(row.code);
    CHECK(row.code > last);
    CHECK_FALSE(row.meaning.empty());
    last = row.code;
  }
}

TEST_CASE("faults: a fault that nobody knows is reported, not acted on") {
  for (const std::uint32_t code : {29U, 1000U, 0xFFFFFFFFU}) {
    CAPTURE(code);
    CHECK(row_of_fault(code).name == "UNKNOWN");
    CHECK(row_of_fault(code).remedy == Remedy::none);
    CHECK(row_of_fault(code).kind == Kind::vehicle_error);
  }
}

TEST_CASE("faults: signing again without a question of safety needs a fault that proves that nothing was done") {
  for (const auto& row : faults()) {
    CAPTURE(row.code);
    const bool harmless = row_of(row.kind).executed == Executed::no;
    const bool signs_anyway = row.remedy == Remedy::again_later || row.remedy == Remedy::resynchronise ||
                              row.remedy == Remedy::resynchronise_with_info;
    CHECK((harmless || !signs_anyway));
  }
}

}  // namespace
}  // namespace fleetsign::protocol
