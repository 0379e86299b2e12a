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

function(fleetsign_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC fleetsign_flags ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
endfunction()
