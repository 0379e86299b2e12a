// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "daemon/cli/daemon.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/simulation.h"
#include "daemon/cli/state_folder.h"
#include "daemon/cli/subcommand.h"
#include "daemon/ops/process.h"

namespace fleetsign::cli {
namespace {

/// Where the demonstration keeps what it would keep for a restart; it goes with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "fleetsign-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::system_category(), name);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct DemoOptions {
  std::string listen = "http://127.0.0.1:4480";
  std::size_t vehicles = 1;
};

void print_tour(const std::string& url, const std::string& simulator, const std::string& vin,
                const std::string& token) {
  std::printf("ready %s vin=%s token=%s\n\n", url.c_str(), vin.c_str(), token.c_str());
  std::printf("# Paste these into another terminal:\n");
  std::printf("URL=%s VIN=%s TOKEN=%s\n", url.c_str(), vin.c_str(), token.c_str());
  std::puts(
      "curl -s -H \"Authorization: Bearer $TOKEN\" -d '{\"percent\": 80}' "
      "$URL/api/1/vehicles/$VIN/command/set_charge_limit\n"
      "curl -s -H \"Authorization: Bearer $TOKEN\" -X POST $URL/api/1/vehicles/$VIN/command/door_unlock\n"
      "curl -s -H \"Authorization: Bearer $TOKEN\" -d '{\"driver_temp\": 21.5}' "
      "$URL/api/1/vehicles/$VIN/command/set_temps\n"
      "curl -s -H \"Authorization: Bearer $TOKEN\" $URL/api/1/vehicles/$VIN/vehicle_data");
  std::printf("\n# What the vehicle executed, and the requests that Fleet API saw:\n");
  std::printf("curl -s %s/sim/v1/vehicles/%s\n", simulator.c_str(), vin.c_str());
  std::printf("curl -s %s/sim/v1/requests\n\n# Ctrl-C ends it.\n", simulator.c_str());
  std::fflush(stdout);
}

int demo(const DemoOptions& options) {
  const ops::TerminationSignals signals;
  ops::protect_memory();
  auto key = crypto::PrivateKey::generate();
  auto simulation =
      Simulation::start("http://127.0.0.1:0", {.vehicles = options.vehicles, .enrolled_keys = {key.public_point()}});
  if (!simulation) return fail(simulation.error());

  config::Config config;
  config.listen = {config::Listen{.url = options.listen}};
  config.fleet_api.base_url = (*simulation)->url();
  const TemporaryFolder folder;
  config.state_dir = folder.path();
  auto log = make_log(config.log);
  auto store = open_state(config, Taker::daemon, report_to(log));
  if (!store) return fail(store.error());
  auto daemon = Daemon::start(config, std::make_shared<const crypto::PrivateKey>(std::move(key)),
                              {.state = *std::move(store)}, log);
  if (!daemon) {
    auto error = std::move(daemon).error();
    if (error.reason == http::ListenError::Reason::in_use)
      error.hint += "; `--listen http://127.0.0.1:0` takes any free one";
    return fail(error);
  }
  print_tour((*daemon)->urls().front(), (*simulation)->url(), (*simulation)->vins().front(),
             simulator::Fleet::sample_token());

  [[maybe_unused]] const int signal = signals.wait();
  (*daemon)->stop();
  (*simulation)->stop();
  return kDone;
}

}  // namespace

Action prepare_demo(CLI::App& options) {
  auto chosen = std::make_shared<DemoOptions>();
  options.add_option("--listen", chosen->listen, "Where to serve; port 0 takes any free one")
      ->type_name("URL")
      ->capture_default_str();
  options.add_option("--vehicles", chosen->vehicles, "How many vehicles to simulate")
      ->type_name("N")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  return [=] { return demo(*chosen); };
}

}  // namespace fleetsign::cli
