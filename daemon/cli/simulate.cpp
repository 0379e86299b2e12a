// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/cli/failures.h"
#include "daemon/cli/simulation.h"
#include "daemon/cli/subcommand.h"
#include "daemon/ops/process.h"

namespace fleetsign::cli {
namespace {

struct SimulateOptions {
  std::string listen = "127.0.0.1:4481";
  std::size_t vehicles = 1;
  std::vector<std::string> key_files;
  std::vector<std::string> clients;  ///< as ID:SECRET
  bool require_tokens = false;
};

constexpr char kClientSeparator = ':';

/// What is wrong with such a text, for a person; empty when nothing is.
std::string check_client(const std::string& text) {
  const auto colon = text.find(kClientSeparator);
  const bool has_both = colon != std::string::npos && colon > 0 && colon + 1 < text.size();
  return has_both ? std::string() : "must be an id and a secret, with a colon between them";
}

simulator::FleetOptions fleet_options(const SimulateOptions& options, std::vector<crypto::PublicPoint> keys) {
  simulator::FleetOptions fleet{.vehicles = options.vehicles, .enrolled_keys = std::move(keys)};
  fleet.require_tokens = options.require_tokens;
  for (const auto& client : options.clients) {
    const auto colon = client.find(kClientSeparator);
    fleet.clients.push_back({.id = client.substr(0, colon), .secret = client.substr(colon + 1)});
  }
  return fleet;
}

int simulate(const SimulateOptions& options) {
  const ops::TerminationSignals signals;
  std::vector<crypto::PublicPoint> keys;
  for (const auto& file : options.key_files) {
    const auto key = crypto::load_public_pem(file);
    if (!key) return fail(key.error());
    keys.push_back(*key);
  }
  const bool is_url = options.listen.find("://") != std::string::npos;
  auto simulation =
      Simulation::start((is_url ? "" : "http://") + options.listen, fleet_options(options, std::move(keys)));
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
  options
      .add_option("--key", chosen->key_files,
                  "A public key that the vehicles accept; the first is that of the partner's domain")
      ->type_name("PEM")
      ->required();
  options.add_option("--client", chosen->clients, "An invented app of the OAuth server; without any, all are known")
      ->type_name("ID:SECRET")
      ->check(CLI::Validator(check_client, ""));
  options.add_flag("--require-tokens", chosen->require_tokens, "Refuse tokens that the OAuth server has not issued");
  return [=] { return simulate(*chosen); };
}

}  // namespace fleetsign::cli
