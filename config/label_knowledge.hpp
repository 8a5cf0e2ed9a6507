// What labels incidents can have at all, to find matchers that never match.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/table.hpp"
#include "core/matcher.hpp"
#include "core/rules.hpp"

namespace tocsin {

class label_knowledge {
public:
  explicit label_knowledge(const std::vector<expected_daemon>& inventory);
  /// Nothing when some incident has such a label.
  std::optional<keys::complaint> unknown(const std::string& name) const;
  /// Why a matcher says the same of every incident; nothing when it can tell them apart.
  std::optional<keys::complaint> pointless(const matcher& m) const;
  /// False when no incident can match all of them.
  bool possible(const std::vector<matcher>& all) const;
  /// The worst severity an incident can have that matches all of them.
  std::optional<severity> worst(const std::vector<matcher>& all) const;

private:
  std::set<std::string, std::less<>> names_;
};

} // namespace tocsin
