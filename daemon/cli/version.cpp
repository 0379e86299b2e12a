// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/version.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <qrencode.h>
#include <sqlite3.h>

// Of the build: the former only changes when it is configured anew, the latter with every commit.
#include <build.h>
#include <commit.h>

namespace fleetsign::cli {

std::string_view commit() {
  return FLEETSIGN_COMMIT;
}

std::string_view day() {
  return FLEETSIGN_DAY;
}

std::string version_text() {
  std::string text = "fleetsign " FLEETSIGN_VERSION " (" FLEETSIGN_COMMIT ")\n";
  text += "built as " FLEETSIGN_BUILD "\n";
  text.append("runs with OpenSSL ").append(OpenSSL_version(OPENSSL_VERSION_STRING));
  text.append(", libcurl ").append(curl_version_info(CURLVERSION_NOW)->version);
  text.append(", SQLite ").append(sqlite3_libversion());
  text.append(", libqrencode ").append(QRcode_APIVersionString());
  return text.append("\nbuilt with " FLEETSIGN_LIBRARIES);
}

}  // namespace fleetsign::cli
