// SPDX-License-Identifier: Apache-2.0
// Key files: any text is a key on P-256 or a refusal with a reason. A key that comes out agrees and can be written.
#include <cstdlib>
#include <string_view>

#include "crypto/private_key.h"
#include "tests/support/fuzz.h"

using fleetsign::crypto::as_text;
using fleetsign::crypto::parse_public_pem;
using fleetsign::crypto::PrivateKey;

void fuzz(std::span<const std::uint8_t> input) {
  const std::string text = as_text(input);
  const auto key = PrivateKey::parse(text, "input");
  if (key && !key->agree(key->public_point())) std::abort();
  if (key && parse_public_pem(key->public_pem(), "ours").value() != key->public_point()) std::abort();
  if (!key && key.error().message.empty()) std::abort();

  const auto point = parse_public_pem(text, "input");
  static const PrivateKey ours = PrivateKey::generate();
  if (point && !ours.agree(*point)) std::abort();
}
