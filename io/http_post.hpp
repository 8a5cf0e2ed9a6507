// What the senders by HTTP share: one POST, and what its answer means for a notification.
#pragma once

#include "core/connections.hpp"
#include "core/error.hpp"
#include "io/curl.hpp"
#include "io/sender.hpp"

namespace tocsin {

class http_post {
public:
  /// One attempt. `type`: the body's; `more`: further header lines, without line ends.
  delivery send(const webhook_settings& settings, const std::string& url, const std::string& type,
                const std::vector<std::string>& more, const std::string& body);

private:
  delivery judge(CURLcode code, const std::string& answer);
  curl_session curl_;
};

/// What every request about a notification carries: ids that stay the same over retries, and signatures when there
/// are secrets.
result<std::vector<std::string>> notification_headers(const webhook_settings& settings, const std::string& id,
                                                      timestamp at, const std::string& body);

} // namespace tocsin
