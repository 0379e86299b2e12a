// SPDX-License-Identifier: Apache-2.0
// Reads tests/vectors: what others computed.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "crypto/bytes.h"
#include "crypto/private_key.h"
#include "crypto/secret.h"

namespace fleetsign::crypto::test {

inline std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error("no such file: " + file.native());
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline std::filesystem::path vectors_folder() {
  return std::filesystem::path(FLEETSIGN_SOURCE_DIR) / "tests" / "vectors";
}

inline std::string key_text(const std::string& name) {
  return read_text(vectors_folder() / "keys" / name);
}

/// Hexadecimal, which must be right.
inline Bytes hex(std::string_view text) {
  return parse_hex(text).value();
}

template <std::size_t N>
std::array<std::uint8_t, N> hex_array(std::string_view text) {
  const Bytes bytes = hex(text);
  if (bytes.size() != N) throw std::runtime_error("a known answer of the wrong length");
  std::array<std::uint8_t, N> array{};
  std::copy(bytes.begin(), bytes.end(), array.begin());
  return array;
}

template <std::size_t N>
Secret<N> hex_secret(std::string_view text) {
  return Secret<N>(hex_array<N>(text));
}

inline PrivateKey key_of(std::string_view scalar) {
  return PrivateKey::from_scalar(hex_secret<32>(scalar)).value();
}

inline nlohmann::json vectors_of(const std::string& file) {
  return nlohmann::json::parse(read_text(vectors_folder() / file));
}

inline const nlohmann::json& protocol_vectors() {
  static const nlohmann::json vectors = vectors_of("protocol.json");
  return vectors;
}

/// A value of protocol.json by its JSON pointer, "/session_key/value".
inline std::string known(const std::string& pointer) {
  return protocol_vectors().at(nlohmann::json::json_pointer(pointer)).get<std::string>();
}

}  // namespace fleetsign::crypto::test
