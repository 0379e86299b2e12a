// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "daemon/cli/failures.h"
#include "daemon/cli/simulation.h"
#include "daemon/cli/subcommand.h"
#include "daemon/ops/process.h"

namespace fleetsign::cli {
namespace {

struct SimulateOptions {
  std::string listen = "127.0.0.1:4481";
  std::size_t vehicles = 1;
  std::string key_file;
};

int simulate(const SimulateOptions& options) {
  const ops::TerminationSignals signals;
  const auto key = crypto::load_public_pem(options.key_file);
  if (!key) return fail(key.error());
  const bool is_url = options.listen.find("://") != std::string::npos;
  auto simulation = Simulation::start((is_url ? "" : "http://") + options.listen, options.vehicles, *key);
  if (!simulation) return fail(simulation.error());
  if (const int status = print("ready " + (*simulation)->url() + '\n'); status != kDone) return status;
  [[maybe_unused]] const int signal = signals.wait();
  (*simulation)->stop();
  return kDone;
}

}  // namespace

Action prepare_simulate(CLI::App& options) {
  auto chosen = std::make_shared<SimulateOptions>();
  options.add_option("--listen", chosen->listen, "Where to serve; port 0 takes any free one")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  options.add_option("--vehicles", chosen->vehicles, "How many vehicles: 5YJS0000000000001, …2 and so on")
      ->type_name("N")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  options.add_option("--key", chosen->key_file, "The public key that the vehicles accept")
      ->type_name("PEM")
      ->required();
  return [=] { return simulate(*chosen); };
}

}  // namespace fleetsign::cli
