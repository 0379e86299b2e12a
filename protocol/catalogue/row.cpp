// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/row.h"

#include <google/protobuf/message_lite.h>

namespace fleetsign::catalogue {

crypto::Bytes serialised(const google::protobuf::MessageLite& payload) {
  crypto::Bytes bytes(payload.ByteSizeLong());
  payload.SerializeWithCachedSizesToArray(bytes.data());
  return bytes;
}

}  // namespace fleetsign::catalogue
