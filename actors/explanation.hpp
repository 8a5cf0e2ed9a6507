// Why an incident was said, and why a receiver was told of it or was not: from what the store keeps.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/alerting.hpp"
#include "io/store.hpp"

namespace tocsin {

struct explain_question {
  const store* disk;
  std::shared_ptr<const rule_book> rules;  ///< in force now
  const alerting_rules* alerting;          ///< in force now
  std::vector<std::string> vantage_names;
  std::vector<decision> standing;          ///< of a running node; empty when asked offline
  std::string incident, receiver;          ///< receiver: why was it not told? "" = not asked
  bool recompute = false;                  ///< reads the whole journal
  timestamp now;
  const source_settings* input = nullptr;  ///< shared by several nodes: what they judged is there, not in the journal
};

/// One JSON object, see docs/openapi.yaml. errc::missing when no such incident is kept.
result<std::string> explain(const explain_question& q);

/// Records about the incident's subjects from shortly before it until its newest change, with their offsets; of a shared input also their
/// partitions. One question at a time reads a shared input.
nlohmann::ordered_json evidence_records(const explain_question& q, const incident& i);
/// The machines alone over the journal: do they say the same? `judged_by`: version of the rules that opened it.
nlohmann::ordered_json recomputed(const explain_question& q, const incident& i, const std::string& judged_by);
/// Thresholds in force for the cause's condition and subject.
nlohmann::ordered_json thresholds_of(const rule_book& rules, const incident& i);
/// {"receiver","notified","stopped_by","because"}. `ledger`: the incident's notifications; `history`: its decisions, oldest first.
nlohmann::ordered_json not_notified(const explain_question& q, const incident& i, const nlohmann::ordered_json& ledger,
                                    const std::vector<decision>& history);

} // namespace tocsin
