// One attempt to deliver one notification. Returns whether another attempt can help; the retry policy is not here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/connections.hpp"
#include "core/incident.hpp"
#include "core/time.hpp"

namespace tocsin {

struct delivery {
  enum class outcome_t { delivered, retry, refused };
  outcome_t outcome;
  std::string answer;                    ///< status line or error, for the ledger
  std::optional<duration> retry_after;   ///< from 429/503 Retry-After
};

class sender {
public:
  virtual ~sender() = default;
  /// Blocks, at most the receiver's time-out. Thread-safe for different senders only.
  virtual delivery send(const notification& n) = 0;
};

std::unique_ptr<sender> make_mail_sender(mail_settings settings);
/// Alertmanager webhook v4 JSON.
std::unique_ptr<sender> make_webhook_sender(webhook_settings settings);

/// The bodies, for tests and preview.
std::string mail_message(const notification& n, const mail_settings& settings);
std::string webhook_body(const notification& n, const std::string& receiver, const std::string& external_url);

} // namespace tocsin
