// An incident in words for people, before any format: mail and webhook say the same.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/incident.hpp"

namespace tocsin {

struct incident_text {
  std::string headline; ///< "CRITICAL: <title>", "CLOSED: <title>"; one line
  std::vector<std::pair<std::string, std::string>> facts; ///< label and value: since, cause, …
  std::vector<std::string> members;                       ///< the first 20
  std::size_t members_left_out = 0;
  std::vector<std::pair<std::string, std::string>> evidence; ///< what decided
  std::string link;                                          ///< empty without an own address
  std::string response;            ///< what to do, in the configuration's words; may have lines
  std::string acknowledge;         ///< link of one click; may be empty
  std::vector<std::string> others; ///< headlines of the group's others, the first 20
  std::size_t others_left_out = 0;
};

/// Every text but `response` is one line of valid UTF-8 without control characters.
incident_text describe(const notification& n, const std::string& external_url);
/// Without what belongs to the notification.
incident_text describe(const incident& i, const std::string& external_url);
/// "2026-11-21 07:21:00 UTC", to the second.
std::string readable_time(timestamp t);
/// Where a person finds the incident; empty if `external_url` is.
std::string incident_link(const incident& i, const std::string& external_url);

} // namespace tocsin
