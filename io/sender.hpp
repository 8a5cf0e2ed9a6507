// One attempt to deliver one notification. Returns whether another attempt can help; the retry policy is not here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/connections.hpp"
#include "core/error.hpp"
#include "core/incident.hpp"
#include "core/labels.hpp"
#include "core/rules.hpp"
#include "core/time.hpp"

namespace tocsin {

struct delivery {
  enum class outcome_t { delivered, retry, refused };
  outcome_t outcome;
  std::string answer;                    ///< status line or error, for the ledger
  std::optional<duration> retry_after;   ///< from 429/503 Retry-After
  /// HTTP 410: the receiver wants nothing any more. Keep what is for it; try nothing until the configuration is
  /// read anew.
  bool disable = false;
  /// The parts that are still to do: recipients of a mail, incidents of a PagerDuty notification. Empty = all.
  std::vector<std::string> remaining{};
  bool answered = false;                 ///< the receiver is alive, whatever it said
};

/// What the caller knows about one attempt.
struct attempt_info {
  timestamp at = unset;            ///< for signatures; unset = the wall clock's
  std::vector<std::string> only{}; ///< `remaining` of the attempt before; empty = all
};

class sender {
public:
  virtual ~sender() = default;
  /// Blocks, at most the receiver's time-out. Thread-safe for different senders only.
  virtual delivery send(const notification& n) = 0;
  virtual delivery attempt(const notification& n, const attempt_info&) { return send(n); }
};

/// Inventory that gives incidents more labels; may be null.
using labels_source = std::shared_ptr<const rule_book>;

std::unique_ptr<sender> make_mail_sender(mail_settings settings, labels_source book = nullptr);
/// In the format the settings name.
std::unique_ptr<sender> make_webhook_sender(webhook_settings settings, labels_source book = nullptr);
/// Forwards into a Prometheus Alertmanager whose address is `settings.url`: POST <url>/api/v2/alerts.
std::unique_ptr<sender> make_alertmanager_sender(webhook_settings settings, labels_source book = nullptr);

/// The bodies, for tests and preview.
std::string mail_message(const notification& n, const mail_settings& settings);
/// With texts of the house's templates; an empty one is the built-in text.
struct mail_texts {
  std::string subject, text, html;
};
std::string mail_message(const notification& n, const mail_settings& settings, const mail_texts& own);
/// The texts as they are sent: `own`, and the built-in ones where that has none.
mail_texts final_texts(const notification& n, const mail_settings& settings, const mail_texts& own);
/// What the templates of the settings give; the error names file and line.
result<mail_texts> mail_texts_of(const notification& n, const mail_settings& settings, const rule_book* book = nullptr);
std::string webhook_body(const notification& n, const std::string& receiver, const std::string& external_url);
std::string alertmanager_webhook(const notification& n, const webhook_settings& settings, const rule_book* book);
/// One element for each incident, as /api/v2/alerts takes them; and one that ends for each of `ended`. An open one is
/// said to end 24 h after `now` unless it is repeated before: an Alertmanager forgets what has no end after minutes.
std::string alertmanager_alerts(const notification& n, const webhook_settings& settings, const rule_book* book,
                                timestamp now, const std::vector<label_set>& ended = {});
/// CloudEvents 1.0, structured mode; the data is the notification.
std::string cloud_event(const notification& n, const webhook_settings& settings, const rule_book* book);
/// PagerDuty Events API v2, for one incident of the notification.
std::string pagerduty_event(const notification& n, const incident& about, const webhook_settings& settings,
                            const rule_book* book, const std::string& routing_key);

} // namespace tocsin
