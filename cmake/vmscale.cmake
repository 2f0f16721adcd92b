# SPDX-License-Identifier: Apache-2.0
# vmscale_library(NAME SOURCES ... DEPS ...): a folder's static library with the strict warnings.
# vmscale_test(NAME SOURCES ... DEPS ... [ARGS ...]): a CMocka binary and its ctest entry. It links only DEPS: an upward
# dependency fails to link.
find_package(PkgConfig REQUIRED)
pkg_check_modules(GLIB REQUIRED IMPORTED_TARGET glib-2.0 gio-2.0)
pkg_check_modules(CAPSTONE REQUIRED IMPORTED_TARGET capstone)
pkg_check_modules(ELF REQUIRED IMPORTED_TARGET libelf)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)

option(VMSCALE_WERROR "warnings are errors (presets switch it on)" OFF)
option(VMSCALE_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)

add_library(vmscale_flags INTERFACE)
target_include_directories(vmscale_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_options(vmscale_flags INTERFACE -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow
  -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Wcast-align -fno-strict-aliasing
  $<$<BOOL:${VMSCALE_WERROR}>:-Werror>)
if(VMSCALE_SANITIZE)
  target_compile_options(vmscale_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_link_options(vmscale_flags INTERFACE -fsanitize=address,undefined)
endif()

function(vmscale_library name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_link_libraries(${name} PUBLIC vmscale_flags ${A_DEPS})
endfunction()

function(vmscale_test name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS;ARGS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE vmscale_flags ${A_DEPS} PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name} ${A_ARGS})
  set_tests_properties(${name} PROPERTIES LABELS unit SKIP_RETURN_CODE 77)
endfunction()
