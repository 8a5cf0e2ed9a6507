// What a machine may ask for. Drivers sort effects into one canonical order, so that any number of
// workers, batch sizes and speeds say the same.
#pragma once

#include <variant>
#include <vector>

#include "core/incident.hpp"
#include "core/symptom.hpp"

namespace tocsin {

/// A daemon was first seen on a segment, or what it says of itself changed.
struct member_seen {
  std::string subject;
  std::string segment; ///< "segment/<service>/<network>"
  std::string version;
  double reliability_s; ///< 0 = unknown
  std::uint64_t vantages; ///< bit per vantage point through which it is heard
  double period_s;      ///< expected between heartbeats
};

/// A vantage point lost or regained its sight.
struct sight_changed {
  std::uint8_t vantage;
  bool sighted;
};

/// A person's order, as it came: an encoded operator_command.
struct operator_said {
  std::string bytes;
};

struct effect {
  timestamp at;
  std::string segment; ///< the group it is for; empty for sight_changed and operator_said: the whole table
  std::variant<sight_changed, member_seen, symptom, operator_said> what;
};

/// Effects of subjects, in the order in which each subject made them.
using effects = std::vector<effect>;

/// Canonical order: time, then sight, then subject; each subject's own order is kept.
void sort_canonically(effects& all);

} // namespace tocsin
