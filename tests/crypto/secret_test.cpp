// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <concepts>
#include <ostream>
#include <type_traits>
#include <utility>

namespace fleetsign::crypto {
namespace {

using Key = Secret<4>;

constexpr std::array<std::uint8_t, 4> kBytes{1, 2, 3, 4};

template <class T>
concept Printable = requires(std::ostream& stream, const T& value) {
  stream << value;
};

static_assert(!std::is_copy_constructible_v<Key>);
static_assert(!std::is_copy_assignable_v<Key>);
static_assert(!std::is_default_constructible_v<Key>, "a secret of zeros is not a secret");
static_assert(!std::equality_comparable<Key>, "== would leak through its time");
static_assert(!Printable<Key>);
static_assert(std::is_nothrow_move_constructible_v<Key> && std::is_nothrow_move_assignable_v<Key>);
static_assert(!std::is_constructible_v<Key, std::span<const std::uint8_t, 5>>, "wrong lengths do not compile");
static_assert(!std::is_constructible_v<Key, std::array<std::uint8_t, 3>>);
static_assert(!std::is_convertible_v<std::span<const std::uint8_t, 4>, Key>);
static_assert(!std::is_copy_constructible_v<WipeAtEnd>);

bool is_wiped(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

TEST_CASE("secret: shows the bytes it was made from") {
  const Key key{std::span(kBytes)};
  CHECK(std::ranges::equal(key.expose(), kBytes));
}

TEST_CASE("secret: moving leaves nothing behind") {
  Key first{std::span(kBytes)};
  Key second = std::move(first);
  CHECK(is_wiped(first.expose()));  // NOLINT(bugprone-use-after-move,clang-analyzer-cplusplus.Move): that is the point
  CHECK(std::ranges::equal(second.expose(), kBytes));

  Key third{std::span<const std::uint8_t, 4>(std::array<std::uint8_t, 4>{9, 9, 9, 9})};
  third = std::move(second);
  CHECK(is_wiped(second.expose()));  // NOLINT(bugprone-use-after-move,clang-analyzer-cplusplus.Move): that is the point
  CHECK(std::ranges::equal(third.expose(), kBytes));
}

TEST_CASE("secret: moving onto itself keeps it") {
  Key key{std::span(kBytes)};
  Key& same = key;
  key = std::move(same);
  CHECK(std::ranges::equal(key.expose(), kBytes));
}

TEST_CASE("secret: its memory is wiped when it ends") {
  alignas(Key) std::array<std::uint8_t, sizeof(Key)> memory{};
  Key* key = new (memory.data()) Key{std::span(kBytes)};
  CHECK(std::ranges::equal(key->expose(), kBytes));
  key->~Key();
  CHECK(is_wiped(memory));
}

TEST_CASE("wipe: at the end of a scope, also when an exception ends it") {
  std::array<std::uint8_t, 4> bytes = kBytes;
  try {
    const WipeAtEnd wipe_bytes(bytes);
    CHECK(bytes == kBytes);
    throw 1;
  } catch (int) {
  }
  CHECK(is_wiped(bytes));
}

}  // namespace
}  // namespace fleetsign::crypto
