// SPDX-License-Identifier: Apache-2.0
// The only file that includes <httplib.h>. Written for its interfaces of 0.11 (Debian 12) and 0.18.
#include "daemon/http/codec.h"

#include <httplib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <utility>

#include "daemon/http/syntax.h"

namespace fleetsign::http {
namespace {

// What httplib gets to read. It would decompress, compress, range and parse multipart bodies, percent-decode header
// values, refuse methods it does not know and a second '?', and answer "Expect" before we know the body fits; and a
// REMOTE_ADDR field would shadow its own. So head.cpp reads the real head, and httplib runs its cycle on this one.
constexpr std::string_view kStandIn = "GET / HTTP/1.1\r\n\r\n";

// Which of these are virtual differs between httplib's versions, so none can say `override`.
class ReadyStream : public httplib::Stream {
 public:
  [[nodiscard]] bool is_writable() const { return true; }  // NOLINT(modernize-use-override): see above
  [[nodiscard]] bool wait_readable() const { return true; }
  [[nodiscard]] bool wait_writable() const { return true; }
  [[nodiscard]] time_t duration() const { return 0; }
};

/// Lets httplib read the stand-in and keeps what it writes.
class MemoryStream final : public ReadyStream {
 public:
  explicit MemoryStream(std::string& written) : written_(written) {}

  [[nodiscard]] bool is_readable() const override { return true; }
  ssize_t read(char* to, std::size_t size) override {
    const std::size_t taken = unread_.copy(to, size);
    unread_.remove_prefix(taken);
    return static_cast<ssize_t>(taken);
  }
  ssize_t write(const char* from, std::size_t size) override {
    written_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  // 0.11 answers 500 for descriptors of 1024 and more (FD_SETSIZE), so it is not told ours.
  [[nodiscard]] socket_t socket() const override { return INVALID_SOCKET; }

 private:
  std::string_view unread_ = kStandIn;
  std::string& written_;
};

/// One run of httplib's cycle: what it is about, and what comes of it.
struct Cycle {
  std::function<Reply()> make_reply;
  const Head* head = nullptr;  ///< of the request; null for a refusal
  Reply reply = {};
  bool keep_alive = false;
  std::optional<std::uint64_t> length = {};  ///< what Content-Length says, if it is there

  [[nodiscard]] bool is_http_1_0() const { return head != nullptr && head->http_1_0; }
  /// RFC 9110 section 9.3.2: HEAD gives the fields that GET would give, Content-Length among them, and no content.
  [[nodiscard]] bool is_head() const { return head != nullptr && head->request.method == "HEAD"; }
  [[nodiscard]] bool has_body() const { return !is_head() && !has_no_content(reply.status); }
};

// httplib hands its hooks nothing of ours.
thread_local Cycle* current_cycle = nullptr;

/// RFC 9110 section 8.6.
std::optional<std::uint64_t> length_of(const Cycle& cycle) {
  const Reply& reply = cycle.reply;
  if (reply.status == 204) return std::nullopt;
  if (reply.status == 304 || (cycle.is_head() && reply.content_length)) return reply.content_length;
  if (!reply.body_source) return reply.body.size();
  return cycle.is_head() ? std::nullopt : reply.body_source->size();
}

/// RFC 9112 section 6: of a body without a length, HTTP/1.0 knows the end by that of the connection only.
Answer::Coding coding_of(const Cycle& cycle) {
  if (cycle.length) return Answer::Coding::sized;
  return cycle.is_http_1_0() ? Answer::Coding::until_close : Answer::Coding::chunked;
}

/// RFC 9110 section 5.6.7. Made once a second in each thread.
const std::string& date() {
  thread_local std::time_t made_for = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now == made_for) return text;
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%s, %02d %s %d %02d:%02d:%02d GMT",
                kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  made_for = now;
  text = buffer.data();
  return text;
}

/// Fields that say how this connection frames and keeps messages: never the handler's, whatever it copied from
/// elsewhere.
bool is_ours(std::string_view name) {
  static constexpr std::array<std::string_view, 4> kOurs{"Content-Length", "Connection", "Keep-Alive",
                                                         "Transfer-Encoding"};
  return std::any_of(kOurs.begin(), kOurs.end(),
                     [&](std::string_view ours) { return equal_ignoring_case(name, ours); });
}

void fill(httplib::Response& response, Cycle& cycle) {
  const Reply& reply = cycle.reply;
  cycle.length = length_of(cycle);
  const Answer::Coding coding = coding_of(cycle);
  if (cycle.has_body() && coding == Answer::Coding::until_close) cycle.keep_alive = false;
  response.status = reply.status;
  for (const Header& field : reply.headers) {
    // A line break in a value would let its author write fields, or a whole reply, of their own.
    if (is_ours(field.name) || !is_token(field.name) || !is_field_value(field.value)) continue;
    response.headers.emplace(field.name, field.value);
  }
  if (cycle.length) response.headers.emplace("Content-Length", std::to_string(*cycle.length));
  if (cycle.has_body() && coding == Answer::Coding::chunked) response.headers.emplace("Transfer-Encoding", "chunked");
  if (reply.headers.find("Date") == nullptr) response.headers.emplace("Date", date());
  if (!cycle.keep_alive) response.headers.emplace("Connection", "close");
  if (cycle.keep_alive && cycle.is_http_1_0()) response.headers.emplace("Connection", "keep-alive");
}

/// What an exception says, fit for one line of a log: it may quote what a stranger has sent.
std::string text_of(const std::exception_ptr& cause) {
  constexpr std::size_t kLongest = 200;
  std::string text = "something that is no exception";
  try {
    std::rethrow_exception(cause);
  } catch (const std::exception& error) {
    text = error.what();
  } catch (...) {  // NOLINT(bugprone-empty-catch): it has nothing to say
  }
  text.resize(std::min(text.size(), kLongest));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

void shorten(Answer& answer, const Cut& cut) {
  if (!cut.head) answer.head.clear();
  answer.body.resize(cut.head ? std::min(cut.body_bytes, answer.body.size()) : 0);
}

}  // namespace

class Codec::Engine final : private httplib::Server {
 public:
  Engine(const Codec& codec, const std::atomic<bool>& closing) {
    set_pre_routing_handler([&closing](const httplib::Request& /*stand_in*/, httplib::Response& response) {
      Cycle& cycle = *current_cycle;
      cycle.reply = cycle.make_reply();
      if (cycle.reply.status < 200 || cycle.reply.status > 599) throw std::out_of_range("no status of a final reply");
      cycle.keep_alive =
          cycle.head != nullptr && cycle.head->keep_alive && cycle.head->body_ended() && !closing && !cycle.reply.cut;
      fill(response, cycle);
      return HandlerResponse::Handled;
    });
    // Without this one, httplib sends the exception's text to the client.
    set_exception_handler(
        [&codec](const httplib::Request& /*stand_in*/, httplib::Response& response, const std::exception_ptr& cause) {
          codec.report_("a handler has thrown: " + text_of(cause));
          Cycle& cycle = *current_cycle;
          cycle.reply = codec.refusal_reply({500, "the request could not be handled"});
          cycle.keep_alive = false;
          response.headers.clear();
          fill(response, cycle);
        });
    set_post_routing_handler([](const httplib::Request& /*stand_in*/, httplib::Response& response) {
      response.headers.erase("Keep-Alive");  // httplib's own time-outs, which are not in force here
      if (!current_cycle->length) response.headers.erase("Content-Length");  // its own, of 0
    });
  }

  template <class Self = Engine>
  Answer run(Cycle cycle) {
    Answer answer;
    MemoryStream stream(answer.head);
    current_cycle = &cycle;
    Self& self = *this;
    bool closed = false;
    if constexpr (requires { self.process_request(stream, false, closed, nullptr); }) {
      self.process_request(stream, false, closed, nullptr);
    } else {  // 0.18 and later: uncompiled, for Debian 12 has 0.11
      self.process_request(stream, "", 0, "", 0, false, closed, nullptr);
    }
    current_cycle = nullptr;
    answer.close = !cycle.keep_alive;
    if (cycle.has_body()) {
      answer.body = std::move(cycle.reply.body);
      answer.body_source = std::move(cycle.reply.body_source);
      answer.coding = coding_of(cycle);
    }
    if (cycle.reply.cut) shorten(answer, *cycle.reply.cut);
    return answer;
  }
};

Codec::Codec(Handler handler, RefusalReply refusal, const std::atomic<bool>& closing, Report report)
    : handler_(std::move(handler)),
      refusal_(std::move(refusal)),
      report_(std::move(report)),
      engine_(std::make_unique<Engine>(*this, closing)) {
  // So that httplib makes its static tables before there are other threads. Debian's build of it is not instrumented,
  // and the thread sanitizer would see a race where there is a lock.
  engine_->run({.make_reply = [] { return Reply(); }});
}

Codec::~Codec() = default;

Answer Codec::answer(const Head& head) const {
  return engine_->run({.make_reply = [&] { return handler_(head.request); }, .head = &head});
}

Answer Codec::refuse(const Refusal& refusal) const {
  return engine_->run({.make_reply = [&] { return refusal_reply(refusal); }});
}

Reply Codec::refusal_reply(const Refusal& refusal) const {
  Reply reply;
  if (refusal_) {
    reply = refusal_(refusal.status, refusal.reason);
  } else {
    reply.headers.set("Content-Type", "text/plain");
    reply.body = refusal.reason + "\n";
  }
  reply.status = refusal.status;
  if (refusal.status == 503 && reply.headers.find("Retry-After") == nullptr) reply.headers.add("Retry-After", "1");
  return reply;
}

}  // namespace fleetsign::http
