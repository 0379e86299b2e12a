// SPDX-License-Identifier: Apache-2.0
// The admin socket's part of local keys.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "daemon/api/api.h"

namespace fleetsign::api {
namespace {

http::Reply render_result(const protocol::Result<nlohmann::ordered_json>& result, const Footer& footer) {
  return result ? render_document(*result) : render(result.error(), footer);
}

}  // namespace

void Api::note_client(std::string_view event, const std::string& name, const Context& context) const {
  parts_.log.info(event, {{"client", ops::Plain{name}}, {"request_id", ops::Plain{context.footer.request_id}}});
}

http::Reply Api::list_or_add_clients(const Context& context) const {
  if (context.request.method == "GET") return render_result(parts_.client_desk.all(), context.footer);
  const auto added = parts_.client_desk.add(context.request.body);
  if (added) note_client("client_added", added->at("name").get<std::string>(), context);
  return render_result(added, context.footer);
}

http::Reply Api::revoke_client(const Context& context) const {
  const std::string name(context.captures[0]);
  const auto revoked = parts_.client_desk.revoke(name);
  if (revoked) note_client("client_revoked", name, context);
  return render_result(revoked, context.footer);
}

}  // namespace fleetsign::api
