// Incidents as alerts.
#include "io/alert_json.hpp"

#include <algorithm>

#include "codecs/json_views.hpp"
#include "io/incident_text.hpp"
#include "io/text.hpp"

namespace tocsin {

namespace {

constexpr std::size_t label_bytes_max = 1024;

std::string label_name(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (digit && out.empty()) out += '_';
    out += digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? c : '_';
  }
  return out.empty() ? "_" : out;
}

std::string description(const incident_text& text) {
  std::string out;
  for (const auto& [label, value] : text.facts) out += label + ": " + value + "\n";
  if (!text.members.empty()) {
    out += "Members: ";
    for (std::size_t i = 0; i < text.members.size(); ++i) out += (i ? ", " : "") + text.members[i];
    if (text.members_left_out != 0) out += " and " + std::to_string(text.members_left_out) + " more";
    out += "\n";
  }
  for (const auto& [name, value] : text.evidence) out += name + ": " + value + "\n";
  if (!out.empty()) out.pop_back();
  return out;
}

} // namespace

label_set alert_labels(const incident& i, const rule_book* book) {
  label_set out;
  for (const auto& [name, value] : labels_of(i, book)) out.emplace_back(label_name(name), one_line(value, label_bytes_max));
  std::sort(out.begin(), out.end());
  const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  out.erase(std::unique(out.begin(), out.end(), same_name), out.end()); // "a-b" and "a_b" are one there
  return out;
}

label_set alert_annotations(const incident& i, const std::string& response, const std::string& external_url,
                            const std::string& acknowledge_url) {
  label_set out;
  if (!acknowledge_url.empty()) out.emplace_back("acknowledge", acknowledge_url);
  out.emplace_back("description", description(describe(i, external_url)));
  if (!response.empty()) out.emplace_back("response", plain_text(response));
  out.emplace_back("summary", one_line(i.title, 500));
  return out;
}

label_set common(const std::vector<label_set>& all) {
  if (all.empty()) return {};
  label_set out = all.front();
  for (const label_set& other : all)
    std::erase_if(out, [&](const auto& l) { return std::find(other.begin(), other.end(), l) == other.end(); });
  return out;
}

std::string alert_fingerprint(const incident& i) { return hex_hash(i.id); }

void append_json(std::string& out, const label_set& labels) {
  out += '{';
  for (const auto& [name, value] : labels) append_member(out, name, value);
  out += '}';
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (out.back() != '{') out += ',';
  append_json_string(out, name);
  out += ':';
  append_json_string(out, value);
}

} // namespace tocsin
