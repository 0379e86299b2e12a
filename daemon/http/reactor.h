// SPDX-License-Identifier: Apache-2.0
// One thread on epoll that accepts connections and keeps those that wait, with their deadlines.
#pragma once

#include <sys/epoll.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/http/bound_endpoint.h"
#include "daemon/http/connection.h"
#include "daemon/http/descriptor.h"
#include "daemon/http/parking.h"

namespace fleetsign::http {

class Reactor {
 public:
  /// What becomes of connections. Called in the reactor's thread, which serves all of them: nothing here may wait. An
  /// exception costs the connection and nothing else.
  class Events {
   public:
    enum class Sign { readiness, hang_up };

    virtual void on_arrival(BoundEndpoint::Arrival arrival) = 0;
    /// A parked connection goes on. With a hang-up, its caller will send nothing more than what is here already.
    virtual void on_event(std::unique_ptr<Connection> connection, Sign sign) = 0;
    virtual void on_deadline(std::unique_ptr<Connection> connection) = 0;

   protected:
    ~Events() = default;
  };

  /// `events` outlives it. Throws std::system_error when there is no descriptor for it.
  explicit Reactor(Events& events);
  ~Reactor() { stop(); }
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  /// Starts the thread, which accepts on these.
  void start(std::vector<std::unique_ptr<BoundEndpoint>> endpoints);

  /// Keeps a new connection until its events or its deadline. In the reactor's thread.
  void admit(std::unique_ptr<Connection> connection) { keep(std::move(connection), EPOLL_CTL_ADD); }
  /// The same for one that was admitted before. Any thread.
  void park(std::unique_ptr<Connection> connection) { keep(std::move(connection), EPOLL_CTL_MOD); }

  /// Accepts all who are at the door, then closes it; drops idle connections, now and when they are parked. Returns
  /// when everybody is in. Not from the reactor's thread.
  void close_door();

  /// Ends the thread and drops all connections that are parked. Not from the reactor's thread.
  void stop();

 private:
  using Clock = Connection::Clock;
  struct Woken {
    std::unique_ptr<Connection> connection;
    Events::Sign sign;
  };
  enum class Order { none, close_door, stop };

  void run();
  int sleep_time();
  Order collect(std::span<const epoll_event> events);
  std::unique_ptr<Connection> take_late(Clock::time_point now);
  void expire();
  void accept_from(BoundEndpoint& endpoint, int arrivals);
  void watch_door(unsigned events);
  void shut_door();

  void keep(std::unique_ptr<Connection> connection, int operation);
  void give(Order order);
  void wake();

  Events& events_;
  const Descriptor epoll_;
  const Descriptor wake_;
  std::thread thread_;

  // Of the reactor's thread alone.
  std::vector<std::unique_ptr<BoundEndpoint>> endpoints_;
  Clock::time_point accept_again_ = Clock::time_point::max();
  std::vector<Woken> woken_;
  std::vector<BoundEndpoint*> knocked_;

  std::mutex mutex_;
  std::condition_variable door_changed_;
  // The rest with mutex_ held.
  Parking parking_;
  Clock::time_point wakes_at_ = Clock::time_point::min();  ///< by itself; min while the thread is awake
  Order order_ = Order::none;
  bool door_closed_ = false;
  bool stopped_ = false;
};

}  // namespace fleetsign::http
