// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/pipe.h"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>

using fleetsign::upstream::Pipe;

TEST_CASE("pipe: what is put comes out in order, in whatever pieces it is taken") {
  std::mt19937 random(1);  // NOLINT(bugprone-random-generator-seed): the same each time
  Pipe pipe;
  std::string put;
  std::string taken;
  std::array<char, 70'000> piece{};
  while (put.size() < 5'000'000) {
    const std::string next(random() % 60'000, static_cast<char>('a' + random() % 26));
    if (pipe.put(next)) put += next;
    const std::size_t count = pipe.take(std::span(piece).first(random() % piece.size()));
    taken.append(piece.data(), count);
    REQUIRE(pipe.size() == put.size() - taken.size());
    REQUIRE(pipe.room() == Pipe::kBytes - pipe.size());
  }
  for (std::size_t count = 0; (count = pipe.take(piece)) > 0;) taken.append(piece.data(), count);
  CHECK(taken == put);
}

TEST_CASE("pipe: it can be filled to its last byte, and what does not fit is not taken in part") {
  Pipe pipe;
  CHECK(pipe.put(std::string(Pipe::kBytes - 1, 'x')));
  CHECK_FALSE(pipe.put("yz"));
  CHECK(pipe.put("y"));
  CHECK(pipe.room() == 0);
  CHECK(pipe.put(""));
  CHECK_FALSE(pipe.put("z"));
}

TEST_CASE("pipe: nothing comes out of an empty one") {
  Pipe pipe;
  std::array<char, 10> piece{};
  CHECK(pipe.take(piece) == 0);
  CHECK(pipe.put("abc"));
  CHECK(pipe.take(std::span(piece).first(0)) == 0);
  CHECK(pipe.take(piece) == 3);
  CHECK(pipe.take(piece) == 0);
}
