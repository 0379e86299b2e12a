# SPDX-License-Identifier: Apache-2.0
# One folder, one library: fleetsign_library(name SOURCES … LINKS …), and the flags that all our code shares.

add_library(fleetsign_flags INTERFACE)
target_include_directories(fleetsign_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(fleetsign_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Wno-missing-field-initializers)
if(FLEETSIGN_SANITIZE)
  target_compile_options(fleetsign_flags INTERFACE
    -fsanitize=${FLEETSIGN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
endif()
if(FLEETSIGN_FUZZ)
  target_compile_options(fleetsign_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# No path of the building machine in what is built, which also makes a compiler's cache serve every clone.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)

option(FLEETSIGN_HARDEN "Have compiler and linker make bugs harder to exploit" OFF)
if(FLEETSIGN_HARDEN)
  # Generated code too. Which of these a compiler knows depends on the processor.
  include(CheckCXXCompilerFlag)
  foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection -mbranch-protection=standard)
    string(MAKE_C_IDENTIFIER HAS${flag} known)
    check_cxx_compiler_flag(${flag} ${known})
    if(${known})
      add_compile_options(${flag})
    endif()
  endforeach()
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS -ffunction-sections -fdata-sections)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES CXX)
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack,--gc-sections)
endif()

# Everything that ends up in one process is linked with the same run time, generated code included.
if(FLEETSIGN_SANITIZE)
  add_link_options(-fsanitize=${FLEETSIGN_SANITIZE})
endif()

option(FLEETSIGN_TOGETHER "Compile a few sources as one, for builds that are made once and thrown away" OFF)
if(FLEETSIGN_TOGETHER)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
endif()

# Has the sources of a target, which stand in this folder, compiled a few at a time, if that is wanted.
function(fleetsign_compile_together target)
  if(NOT FLEETSIGN_TOGETHER)
    return()
  endif()
  execute_process(
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/cmake/groups.py ${CMAKE_CURRENT_SOURCE_DIR} ${ARGN}
    OUTPUT_VARIABLE pairs COMMAND_ERROR_IS_FATAL ANY)
  while(pairs)
    list(POP_FRONT pairs source group)
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${target}_${group})
  endwhile()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

function(fleetsign_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  fleetsign_compile_together(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC fleetsign_flags ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
endfunction()
