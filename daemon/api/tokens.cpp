// SPDX-License-Identifier: Apache-2.0
// The admin socket's part of the tokens of accounts.
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/api/api.h"

namespace fleetsign::api {

http::Reply Api::list_accounts(const Context& /*context*/) const {
  return render_document(parts_.token_desk.all());
}

http::Reply Api::store_or_forget_tokens(const Context& context) const {
  const std::string name(context.captures[0]);
  const bool is_stored = context.request.method == "PUT";
  const auto result = is_stored ? parts_.token_desk.store(name, context.request.body) : parts_.token_desk.forget(name);
  if (!result) return render(result.error(), context.footer);
  parts_.log.info(is_stored ? "tokens_stored" : "tokens_forgotten",
                  {{"account", ops::Plain{name}}, {"request_id", ops::Plain{context.footer.request_id}}});
  return render_document(*result);
}

http::Reply Api::revoke_tokens(const Context& context) const {
  const std::string name(context.captures[0]);
  const auto& desk = parts_.token_desk;
  const auto& method = context.request.method;
  const auto result = method == "POST"  ? desk.begin_revocation(name)
                      : method == "PUT" ? desk.forget_revoked(name, context.request.body)
                                        : desk.call_off_revocation(name);
  if (!result) return render(result.error(), context.footer);
  const char* const event = method == "POST"  ? "revocation_begun"
                            : method == "PUT" ? "tokens_revoked"
                                              : "revocation_called_off";
  parts_.log.info(event, {{"account", ops::Plain{name}}, {"request_id", ops::Plain{context.footer.request_id}}});
  return render_document(*result);
}

}  // namespace fleetsign::api
