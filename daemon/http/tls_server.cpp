// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/tls_server.h"

#include <sys/stat.h>

#include <utility>

#include "daemon/http/tls_context.h"

namespace fleetsign::http {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
constexpr std::chrono::minutes kReportEvery{1};

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

crypto::Result<std::shared_ptr<TlsServer>, ListenError> TlsServer::open(Tls files, Report report,
                                                                        std::function<Clock::time_point()> now) {
  std::shared_ptr<TlsServer> server(new TlsServer(std::move(files), std::move(report), std::move(now)));
  auto loaded = load_tls(server->files_);
  if (!loaded) return std::move(loaded).error();
  if (loaded->warning) server->report_(*loaded->warning);
  server->context_ = std::move(loaded->context);
  server->ends_ = loaded->ends;
  return server;
}

TlsServer::TlsServer(Tls files, Report report, std::function<Clock::time_point()> now)
    : files_(std::move(files)),
      report_(std::move(report)),
      now_(std::move(now)),
      stamps_(look()),
      look_again_(now_() + kLookEvery) {}

std::shared_ptr<ssl_ctx_st> TlsServer::context() {
  {
    const std::lock_guard lock(mutex_);
    if (now_() < look_again_) return context_;
    look_again_ = now_() + kLookEvery;
  }
  if (const std::unique_lock looking(looking_, std::try_to_lock); looking) {
    if (const Stamps stamps = look(); stamps != stamps_) read_again(stamps);
  }
  const std::lock_guard lock(mutex_);
  return context_;
}

std::int64_t TlsServer::ends() {
  static_cast<void>(context());
  const std::lock_guard lock(mutex_);
  return ends_;
}

void TlsServer::note_failure(const std::string& reason) {
  std::string others;
  {
    const std::lock_guard lock(mutex_);
    const auto now = now_();
    if (now < report_again_) {
      ++unreported_;
      return;
    }
    report_again_ = now + kReportEvery;
    if (unreported_ > 0) others = "; not reported before it: " + std::to_string(std::exchange(unreported_, 0));
  }
  report_("a handshake has failed (" + reason + ")" + others);
}

TlsServer::Stamp TlsServer::stamp_of(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

TlsServer::Stamps TlsServer::look() const {
  return {stamp_of(files_.cert_file), stamp_of(files_.key_file),
          files_.client_ca_file ? stamp_of(*files_.client_ca_file) : Stamp{}};
}

/// `stamps` were taken before, so that a change which comes while the files are read is seen the next time.
void TlsServer::read_again(const Stamps& stamps) {
  stamps_ = stamps;
  auto loaded = load_tls(files_);
  if (!loaded) return report_(loaded.error().message + "; the certificate read before stays in use");
  {
    const std::lock_guard lock(mutex_);
    context_ = std::move(loaded->context);
    ends_ = loaded->ends;
  }
  report_(
      loaded->warning.value_or(files_.cert_file + ": a new certificate is in use, valid until " + loaded->valid_until));
}

}  // namespace fleetsign::http
