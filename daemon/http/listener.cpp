// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/listener.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/http/admission.h"
#include "daemon/http/at_work.h"
#include "daemon/http/bound_endpoint.h"
#include "daemon/http/codec.h"
#include "daemon/http/connection.h"
#include "daemon/http/listen_error.h"
#include "daemon/http/passed_sockets.h"
#include "daemon/http/reactor.h"
#include "daemon/http/tls_server.h"
#include "daemon/http/under_way.h"
#include "daemon/http/workers.h"

namespace fleetsign::http {
namespace {

using Phase = Connection::Phase;
using Step = Connection::Step;
using Endpoints = std::vector<std::unique_ptr<BoundEndpoint>>;

/// What a shut-down leaves of its grace for last words, at most.
constexpr std::chrono::milliseconds kLastWords{1000};
/// How often one that waits says so.
constexpr std::chrono::milliseconds kAgain{250};

constexpr Workers::Size kExpress{.threads = 2, .queue = 64, .name = "http-express"};

/// Whether the bytes begin a GET or HEAD request for this path.
bool asks_for(std::string_view bytes, std::string_view path) {
  for (const std::string_view method : {"GET ", "HEAD "}) {
    if (!bytes.starts_with(method)) continue;
    const std::string_view target = bytes.substr(method.size());
    return target.starts_with(path) && target.size() > path.size() &&
           (target[path.size()] == ' ' || target[path.size()] == '?');
  }
  return false;
}

/// Whether nothing has come that could be answered. Looks into TLS, where a farewell, too, is a message.
bool has_nothing(Connection& connection) {
  if (!connection.established()) return !connection.has_pending();
  std::array<char, 1> byte{};
  return connection.peek(byte).empty();
}

/// Wires the parts: the reactor wakes connections, workers take their requests through the codec to the handler.
class Door final : public Listener, private Reactor::Events {
 public:
  /// `tls` has one for each of the options' endpoints, null for those without.
  Door(ListenerOptions options, Endpoints endpoints, std::vector<std::shared_ptr<TlsServer>> tls);
  ~Door() override { shut_down(std::chrono::milliseconds::zero()); }
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  [[nodiscard]] std::vector<std::string> urls() const override { return urls_; }
  [[nodiscard]] std::chrono::milliseconds stalled() const override {
    return bodies_ > 0 ? std::chrono::milliseconds(0) : workers_.stalled();
  }
  [[nodiscard]] std::chrono::milliseconds longest_at_work() const override { return handlers_.longest(); }
  [[nodiscard]] ListenerFigures figures() const override;
  [[nodiscard]] std::int64_t certificate_end(std::size_t endpoint) const override {
    const auto& tls = tls_.at(endpoint);
    return tls ? tls->ends() : 0;
  }
  void shut_down(std::chrono::milliseconds grace) override;

 private:
  void on_arrival(BoundEndpoint::Arrival arrival) override;
  void on_event(std::unique_ptr<Connection> connection, Sign sign) override;
  void on_deadline(std::unique_ptr<Connection> connection) override;

  void dispatch(std::unique_ptr<Connection> connection);
  [[nodiscard]] bool is_express(Connection& connection) const;
  Step serve(Connection& connection);
  Answer answer_to(Head& head);
  Step serve_express(Connection& connection);
  Step refuse(Connection& connection, const Refusal& refusal) { return connection.send(codec_.refuse(refusal)); }
  void settle(std::unique_ptr<Connection> connection, Step step);

  const Limits limits_;
  const BodyLimitOf body_limit_;
  const AgeClock age_clock_;
  const std::vector<std::string> express_paths_;
  const std::function<void()> on_wait_;
  const std::function<void(std::chrono::milliseconds)> on_cut_;
  const std::vector<std::shared_ptr<TlsServer>> tls_;
  std::vector<bool> has_deadlines_;  ///< by endpoint
  std::vector<std::string> urls_;
  std::atomic<bool> closing_{false};
  std::atomic<bool> cut_{false};
  std::atomic<std::uint64_t> requests_refused_{0};
  std::atomic<std::size_t> bodies_{0};  ///< that workers are streaming
  AtWork handlers_;                     ///< as longest_at_work() has them

  Admission admission_;
  Codec codec_;
  Reactor reactor_;
  Workers express_;
  Workers workers_;
};

Door::Door(ListenerOptions options, Endpoints endpoints, std::vector<std::shared_ptr<TlsServer>> tls)
    : limits_(options.limits),
      body_limit_(std::move(options.body_limit)),
      age_clock_(std::move(options.age_clock)),
      express_paths_(std::move(options.express_paths)),
      on_wait_(std::move(options.on_wait)),
      on_cut_(std::move(options.on_cut)),
      tls_(std::move(tls)),
      admission_(limits_),
      codec_(std::move(options.handler), std::move(options.refusal), closing_, std::move(options.report)),
      reactor_(*this),
      express_(kExpress,
               [this](Workers::Job connection) {
                 const Step step = serve_express(*connection);
                 settle(std::move(connection), step);
               }),
      workers_({.threads = limits_.workers, .queue = limits_.queue}, [this](Workers::Job connection) {
        Step step = serve(*connection);
        while (step == Step::done && connection->has_input()) step = serve(*connection);
        settle(std::move(connection), step);
      }) {
  for (const auto& endpoint : options.endpoints) has_deadlines_.push_back(endpoint.has_deadlines);
  for (const auto& endpoint : endpoints) urls_.push_back(endpoint->url());
  reactor_.start(std::move(endpoints));
}

ListenerFigures Door::figures() const {
  const auto connections = admission_.figures();
  const auto workers = workers_.figures();
  return {.connections = connections.open,
          .connections_admitted = connections.admitted,
          .connections_refused = connections.refused,
          .workers = workers.threads,
          .workers_busy = workers.busy,
          .requests_queued = workers.queued,
          .requests_refused = requests_refused_};
}

void Door::shut_down(std::chrono::milliseconds grace) {
  closing_ = true;
  reactor_.close_door();
  const auto end = Connection::Clock::now() + grace;
  const auto last_words = end - std::min(kLastWords, grace / 4);
  bool is_empty = admission_.wait_until_empty(std::min(Connection::Clock::now() + kStopPatience, last_words));
  while (!is_empty && Connection::Clock::now() < last_words) {
    on_wait_();
    is_empty = admission_.wait_until_empty(std::min(Connection::Clock::now() + kAgain, last_words));
  }
  using std::chrono::milliseconds;
  const auto left = std::chrono::duration_cast<milliseconds>(last_words - Connection::Clock::now());
  on_cut_(std::max(left, milliseconds(0)));
  admission_.wait_until_empty(end);
  cut_ = true;
  admission_.cut_all();
  express_.stop();
  workers_.stop();
  reactor_.stop();
}

void Door::on_arrival(BoundEndpoint::Arrival arrival) {
  auto ticket = admission_.enter(arrival.transport->descriptor(), arrival.peer);
  if (!ticket) {
    const Answer answer = codec_.refuse({503, "there are too many connections"});
    arrival.transport->write(answer.head, answer.body);
    return;
  }
  reactor_.admit(std::make_unique<Connection>(std::move(arrival.transport), std::move(arrival.peer), *std::move(ticket),
                                              limits_, body_limit_, arrival.endpoint, age_clock_));
}

void Door::on_event(std::unique_ptr<Connection> connection, Sign sign) {
  if (connection->is_late()) return on_deadline(std::move(connection));  // also of one that never rests
  if (connection->phase() == Phase::writing) {
    const Step step = connection->flush();
    return settle(std::move(connection), step);
  }
  if (connection->phase() == Phase::draining) {
    const Step step = connection->drain();
    return settle(std::move(connection), step);
  }
  if (sign == Sign::hang_up && has_nothing(*connection)) return;  // so that the dead do not stand in the queue
  dispatch(std::move(connection));
}

void Door::on_deadline(std::unique_ptr<Connection> connection) {
  if (connection->phase() == Phase::idle) {
    // A request that comes at the last moment is served; its caller would not know whether it was.
    if (connection->established() && !has_nothing(*connection)) dispatch(std::move(connection));
    return;
  }
  if (connection->phase() != Phase::reading) return;
  const Step step = refuse(*connection, request_too_slow());
  settle(std::move(connection), step);
}

void Door::dispatch(std::unique_ptr<Connection> connection) {
  connection->begin();
  if (!express_paths_.empty() && workers_.saturated() && is_express(*connection)) {
    connection = express_.submit(std::move(connection));
    if (!connection) return;
  }
  connection = workers_.submit(std::move(connection));
  if (!connection) return;
  ++requests_refused_;
  const Step step = refuse(*connection, {503, "there are too many requests at once"});
  settle(std::move(connection), step);
}

bool Door::is_express(Connection& connection) const {
  if (!connection.established()) return true;  // what it will ask for is not known before the handshake
  if (connection.has_input()) return false;
  std::array<char, 512> buffer{};
  const std::string_view bytes = connection.peek(buffer);
  return std::any_of(express_paths_.begin(), express_paths_.end(),
                     [&](const std::string& path) { return asks_for(bytes, path); });
}

/// Takes one request as far as it goes at once, in a worker.
Step Door::serve(Connection& connection) {
  const Step received = connection.receive();
  if (received == Step::refused) return refuse(connection, connection.refusal());
  if (received != Step::done) return received;
  Head head = connection.take_request();
  head.request.caller_gone = [this, transport = &connection.transport()] { return cut_ || transport->peer_gone(); };
  Answer answer = answer_to(head);
  std::optional<UnderWay> download;
  if (answer.body_source) download.emplace(bodies_);
  return connection.send(std::move(answer));
}

Answer Door::answer_to(Head& head) {
  if (head.streamed) {
    const UnderWay upload(bodies_);
    return codec_.answer(head);
  }
  if (!has_deadlines_.at(head.request.endpoint)) return codec_.answer(head);
  const AtWork::Entry handler(handlers_);
  return codec_.answer(head);
}

/// As serve(), but a handshake is all that it does at once: the request behind it may be no express one.
Step Door::serve_express(Connection& connection) {
  if (connection.established()) return serve(connection);
  const Step step = connection.establish();
  return step == Step::refused ? refuse(connection, connection.refusal()) : step;
}

/// Leaves a connection where it goes on after a step.
void Door::settle(std::unique_ptr<Connection> connection, Step step) {
  if (step == Step::closed) return;
  if (step == Step::done && connection->has_input()) return dispatch(std::move(connection));
  reactor_.park(std::move(connection));
}

ListenError no_endpoint() {
  return {ListenError::Reason::bad_address, "there is no address to listen on", "name one with `listen`"};
}

/// Null for an endpoint without TLS.
crypto::Result<std::shared_ptr<TlsServer>, ListenError> open_tls(const Endpoint& endpoint, TlsServer::Report report) {
  const std::string& url = endpoint.url;
  if (!endpoint.tls && url.starts_with("https:")) {
    return listen_error(ListenError::Reason::bad_certificate, url, "https needs a certificate",
                        "name its files with `tls`; `fleetsign make-cert` makes them");
  }
  if (!endpoint.tls) return std::shared_ptr<TlsServer>();
  auto server = TlsServer::open(
      *endpoint.tls, [url, report = std::move(report)](const std::string& message) { report(url + ": " + message); });
  if (server.ok()) return server;
  const ListenError& unusable = server.error();
  return listen_error(unusable.reason, url, unusable.message, unusable.hint);
}

/// The sockets of one endpoint: the one that it makes, or all that systemd has passed under its name.
crypto::Result<Endpoints, ListenError> open_all(const Endpoint& endpoint, std::size_t index,
                                                std::vector<PassedSocket>& passed) {
  Endpoints bound;
  if (!endpoint.url.starts_with(kSystemdScheme)) {
    auto one = BoundEndpoint::open(endpoint, index);
    if (!one.ok()) return std::move(one).error();
    bound.push_back(*std::move(one));
    return bound;
  }
  auto sockets = take_named(passed, endpoint);
  if (!sockets.ok()) return std::move(sockets).error();
  for (Descriptor& socket : *sockets) bound.push_back(BoundEndpoint::adopt(std::move(socket), endpoint, index));
  return bound;
}

/// An address may be taken by systemd itself, for us.
ListenError explained(ListenError error, const std::vector<PassedSocket>& unnamed) {
  if (error.reason != ListenError::Reason::in_use || unnamed.empty()) return error;
  const std::string name(std::string(kSystemdScheme) + unnamed.front().name);
  error.hint = "systemd has passed a socket that no entry of `listen` names: is it `listen: " + name + "`?";
  return error;
}

}  // namespace

crypto::Result<std::unique_ptr<Listener>, ListenError> Listener::open(ListenerOptions options) {
  if (options.endpoints.empty()) return no_endpoint();
  Endpoints endpoints;
  std::vector<std::shared_ptr<TlsServer>> servers;
  for (std::size_t i = 0; i < options.endpoints.size(); ++i) {
    auto tls = open_tls(options.endpoints[i], options.report);
    if (!tls.ok()) return std::move(tls).error();
    servers.push_back(*tls);
    auto bound = open_all(options.endpoints[i], i, options.passed);
    if (!bound.ok()) return explained(std::move(bound).error(), options.passed);
    for (auto& endpoint : *bound) {
      endpoint->use_tls(*tls);
      endpoints.push_back(std::move(endpoint));
    }
  }
  for (const PassedSocket& socket : options.passed)
    options.report("systemd has passed " + socket.name + ", which no entry of `listen` names");
  options.passed.clear();
  return std::unique_ptr<Listener>(
      std::make_unique<Door>(std::move(options), std::move(endpoints), std::move(servers)));
}

}  // namespace fleetsign::http
