# SPDX-License-Identifier: Apache-2.0
# Every library fleetsign uses, all of them Debian 12 packages; README.md says why each one.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)

pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET libcrypto libssl)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-cpp)
pkg_check_modules(JSON REQUIRED IMPORTED_TARGET nlohmann_json)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(PROMETHEUS REQUIRED IMPORTED_TARGET prometheus-cpp-core)
pkg_check_modules(SPDLOG REQUIRED IMPORTED_TARGET spdlog)
pkg_check_modules(CLI11 REQUIRED IMPORTED_TARGET CLI11)
pkg_check_modules(QRENCODE REQUIRED IMPORTED_TARGET libqrencode)
# The layout of cpp-httplib's classes depends on macros, so its own flags are a must.
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)

# Of those libraries that do not tell which one runs, for `fleetsign --version`: the one that it was built with.
set(FLEETSIGN_LIBRARIES "protobuf ${Protobuf_VERSION}, yaml-cpp ${YAML_VERSION}, libsystemd ${SYSTEMD_VERSION}, \
spdlog ${SPDLOG_VERSION}, prometheus-cpp ${PROMETHEUS_VERSION}, cpp-httplib ${HTTPLIB_VERSION}, CLI11 ${CLI11_VERSION}, \
nlohmann/json ${JSON_VERSION}")
