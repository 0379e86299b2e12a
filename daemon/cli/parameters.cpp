// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/parameters.h"

#include <utility>

#include "daemon/cli/input_file.h"
#include "protocol/catalogue/words.h"

namespace fleetsign::cli {
namespace {

TypingError to_error(const protocol::Failure& failure) {
  return {.message = failure.message, .hint = std::string(failure.hint_or_default())};
}

/// Puts what is in the file into the place of @FILE. What follows := is JSON, where an @ is none.
std::optional<TypingError> read_file_of(std::string& word) {
  const auto equals = word.find('=');
  if (equals == std::string::npos || equals == 0 || word[equals - 1] == ':') return std::nullopt;
  if (word.compare(equals + 1, 1, "@") != 0) return std::nullopt;
  auto file = read_input_file(word.substr(equals + 2), catalogue::kMaxBody);
  if (!file) {
    return TypingError{
        .exit = file.error().exit,
        .message = file.error().message,
        .hint = "name=@FILE is what is in the file; a text that begins with @ is written name:='\"@TEXT\"'"};
  }
  if (file->content.ends_with('\n')) file->content.pop_back();
  word.replace(equals + 1, std::string::npos, file->content);
  return std::nullopt;
}

}  // namespace

int fail(const TypingError& error) {
  return fail(error.exit, error.message, error.hint);
}

TypingError unknown_command(const std::string& name) {
  return to_error(catalogue::unknown_command(name));
}

crypto::Result<Typed, TypingError> read_parameters(const catalogue::Command* command, std::vector<std::string> words,
                                                   const catalogue::Surroundings& surroundings) {
  for (std::string& word : words) {
    if (auto error = read_file_of(word)) return *std::move(error);
  }
  auto body = catalogue::body_from_words(command, words, surroundings);
  if (!body) return to_error(body.error());
  const bool is_signed = command != nullptr && route_of(*command, surroundings) == catalogue::Route::sign;
  if (!is_signed) return Typed{.body = *std::move(body), .payload = {}};

  const auto arguments = catalogue::parse_body(*command, body->dump());
  if (!arguments) return to_error(arguments.error());
  auto payload = catalogue::encode(*command, *arguments, surroundings);
  if (payload) return Typed{.body = *std::move(body), .payload = *std::move(payload)};
  auto failure = std::move(payload).error();
  failure.hint = catalogue::how_to_write(command, surroundings);  // the row's own is JSON
  return to_error(failure);
}

}  // namespace fleetsign::cli
