# SPDX-License-Identifier: Apache-2.0
# Writes HEADER with the commit that SOURCE is at and its day (UTC), and leaves the file alone when it says so already:
# `cmake -D SOURCE=FOLDER -D HEADER=FILE -P commit.cmake`. SOURCE_DATE_EPOCH in the environment goes before the commit's
# time. Outside of a clone of ours the commit is "unknown", and the day is today.

set(commit unknown)
find_program(GIT git)
if(GIT)
  # Git refuses the clones of other users, as a build for somebody else meets them.
  set(git ${GIT} -C ${SOURCE} -c safe.directory=*)
  # A copy of the sources within another project's clone is not at that project's commit.
  execute_process(COMMAND ${git} rev-parse --show-prefix --short=12 HEAD
    OUTPUT_VARIABLE answer RESULT_VARIABLE failed ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT failed AND answer MATCHES "^\n([0-9a-f]+)$")
    set(commit ${CMAKE_MATCH_1})
    execute_process(COMMAND ${git} diff --quiet HEAD -- RESULT_VARIABLE changed OUTPUT_QUIET ERROR_QUIET)
    if(changed)
      string(APPEND commit -changed)
    endif()
    if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
      execute_process(COMMAND ${git} show --no-patch --format=%ct HEAD
        OUTPUT_VARIABLE seconds ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
      set(ENV{SOURCE_DATE_EPOCH} ${seconds})
    endif()
  endif()
endif()
string(TIMESTAMP day "%Y-%m-%d" UTC)

# file(CONFIGURE) leaves a file alone that has its content already.
file(CONFIGURE OUTPUT ${HEADER} @ONLY CONTENT [[
// Made by cmake/commit.cmake.
#pragma once
#define FLEETSIGN_COMMIT "@commit@"
#define FLEETSIGN_DAY "@day@"
]])
