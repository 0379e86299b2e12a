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

# Everything that ends up in one process is linked with the same run time, generated code included.
if(FLEETSIGN_SANITIZE)
  add_link_options(-fsanitize=${FLEETSIGN_SANITIZE})
endif()

function(fleetsign_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC fleetsign_flags ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
endfunction()
