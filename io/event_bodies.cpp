// A notification as a CloudEvents 1.0 event, and its incidents as PagerDuty events.
#include <algorithm>

#include "codecs/json_views.hpp"
#include "io/alert_json.hpp"
#include "io/incident_text.hpp"
#include "io/sender.hpp"
#include "io/text.hpp"

namespace tocsin {

namespace {

constexpr std::size_t dedup_key_bytes_max = 255, summary_bytes_max = 1000; ///< of PagerDuty; it allows 1024 characters

/// The same for every event about the incident.
std::string dedup_key(const incident& i) {
  const std::string plain = one_line(i.id, 10'000);
  return plain.size() <= dedup_key_bytes_max ? plain : one_line(plain, 200) + "-" + hex_hash(i.id);
}

std::string_view pagerduty_action(const notification& n, const incident& i) {
  if (i.state == incident_state::closed) return "resolve";
  return n.reason == "acknowledged" ? "acknowledge" : "trigger";
}

void append_details(std::string& out, const notification& n, const incident& i, const incident_text& text, const rule_book* book) {
  label_set all;
  for (const auto& [label, value] : text.facts) all.emplace_back(label, value);
  for (const auto& [label, value] : text.evidence) all.emplace_back(label, value);
  std::string members;
  for (const auto& m : text.members) members += (members.empty() ? "" : ", ") + m;
  if (text.members_left_out != 0) members += " and " + std::to_string(text.members_left_out) + " more";
  if (!members.empty()) all.emplace_back("Members", members);
  if (&i == &n.about && !text.response.empty()) all.emplace_back("Response", text.response);
  for (const auto& [name, value] : alert_labels(i, book)) all.emplace_back("label " + name, value);
  // A name that comes twice would be lost with some readers: the first one counts.
  label_set once;
  for (auto& one : all)
    if (std::ranges::none_of(once, [&](const auto& o) { return o.first == one.first; })) once.push_back(std::move(one));
  append_json(out, once);
}

} // namespace

std::string cloud_event(const notification& n, const webhook_settings& settings, const rule_book* book) {
  std::string out = "{";
  append_member(out, "specversion", "1.0");
  append_member(out, "id", one_line(n.id, 500));
  append_member(out, "source", settings.external_url.empty() ? "urn:tocsin" : one_line(settings.external_url, 500));
  append_member(out, "type", "tocsin.incident." + std::string{to_text(n.about.state)});
  if (!n.about.because.subject.empty()) append_member(out, "subject", one_line(n.about.because.subject, 500));
  append_member(out, "time", to_rfc3339(n.at));
  append_member(out, "datacontenttype", "application/json");
  append_member(out, "severity", to_text(n.about.level)); // an extension: filters see only the envelope
  std::string data;
  append_json(data, n);
  data.pop_back();
  append_json(data += ",\"labels\":", alert_labels(n.about, book));
  if (const auto link = incident_link(n.about, settings.external_url); !link.empty()) append_member(data, "link", link);
  if (!n.acknowledge_url.empty()) append_member(data, "acknowledge_url", n.acknowledge_url);
  return out + ",\"data\":" + data + "}}";
}

std::string pagerduty_event(const notification& n, const incident& about, const webhook_settings& settings,
                            const rule_book* book, const std::string& routing_key) {
  notification alone = n;
  alone.about = about;
  alone.more.clear();
  const incident_text text = describe(alone, settings.external_url);
  std::string out = "{";
  append_member(out, "routing_key", routing_key);
  append_member(out, "event_action", pagerduty_action(n, about));
  append_member(out, "dedup_key", dedup_key(about));
  append_member(out, "client", "Tocsin");
  if (!text.link.empty()) append_member(out, "client_url", text.link);
  out += ",\"links\":[";
  if (!text.link.empty()) {
    append_member(out += '{', "href", text.link);
    append_member(out, "text", "The incident");
    out += '}';
  }
  if (!text.acknowledge.empty() && &about == &n.about) {
    append_member(out += out.back() == '[' ? "{" : ",{", "href", text.acknowledge);
    append_member(out, "text", "Acknowledge");
    out += '}';
  }
  out += "],\"payload\":{";
  append_member(out, "summary", one_line(about.title.empty() ? about.id : about.title, summary_bytes_max));
  append_member(out, "source", one_line(about.because.subject.empty() ? "tocsin" : about.because.subject, 500));
  append_member(out, "severity", to_text(about.level)); // info, warning and critical are called so there, too
  append_member(out, "timestamp", to_rfc3339(about.since));
  append_member(out, "component", one_line(about.because.subject, 500));
  append_member(out, "group", one_line(about.group, 500));
  append_member(out, "class", to_text(about.because.kind));
  out += ",\"custom_details\":";
  append_details(out, alone, alone.about, text, book);
  return out + "}}";
}

} // namespace tocsin
