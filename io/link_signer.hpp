// Signs links with which the reader of a mail acknowledges an incident without a login.
#pragma once

#include <string>

#include "core/error.hpp"
#include "core/time.hpp"

namespace tocsin {

class link_signer {
public:
  /// The key in `directory`/link.key; made (32 random bytes, readable by us alone) when it is not there.
  static result<link_signer> open(const std::string& directory);
  /// <external_url>/acknowledge?…, good until `end`.
  std::string url(const std::string& external_url, const std::string& incident, const std::string& receiver, timestamp end) const;
  /// Refuses a signature that is not ours (errc::invalid) and a link that is too old (errc::timeout).
  result<void> check(const std::string& incident, const std::string& receiver, const std::string& expires,
                     const std::string& signature, timestamp now) const;

private:
  explicit link_signer(std::string key) : key_(std::move(key)) {}
  std::string sign(const std::string& incident, const std::string& receiver, const std::string& expires) const;
  std::string key_;
};

} // namespace tocsin
