// A notification as Alertmanager's webhook message, version 4, and as the alerts an Alertmanager takes.
#include <algorithm>

#include "codecs/json_views.hpp"
#include "io/alert_json.hpp"
#include "io/clock.hpp"
#include "io/incident_text.hpp"
#include "io/sender.hpp"
#include "io/text.hpp"

namespace tocsin {

namespace {

constexpr duration open_for = 24h;

bool is_over(const incident& i) { return i.state == incident_state::closed; }

std::vector<const incident*> all_of(const notification& n) {
  std::vector<const incident*> out{&n.about};
  for (const incident& i : n.more) out.push_back(&i);
  return out;
}

/// The reasons Alertmanager knows; another severity or cause is, in its eyes, another alert of the group.
std::string_view alertmanager_reason(const notification& n, bool firing) {
  if (n.reason == "opened") return "first_notification";
  if (n.reason == "closed") return firing ? "some_alerts_resolved" : "all_alerts_resolved";
  if (n.reason == "worse" || n.reason == "cause_changed" || n.reason == "added") return "new_alerts_added";
  if (n.reason == "repeat") return "repeat_interval_elapsed";
  return "unknown";
}

label_set group_labels(const notification& n) {
  label_set out = n.group_labels;
  if (out.empty() && n.more.empty()) out.emplace_back("incident", n.about.id);
  return out;
}

std::string group_key(const notification& n, const label_set& labels) {
  std::string out = (n.route.empty() ? "{}" : one_line(n.route, 500)) + ":{";
  for (const auto& [name, value] : labels) {
    if (out.back() != '{') out += ", ";
    out += name + "=\"" + value + '"';
  }
  return out + '}';
}

timestamp end_of(const incident& i) { return i.until.value_or(i.at); }

} // namespace

std::string webhook_body(const notification& n, const std::string& receiver, const std::string& external_url) {
  webhook_settings settings;
  settings.external_url = external_url;
  notification to = n;
  to.receiver = receiver;
  return alertmanager_webhook(to, settings, nullptr);
}

std::string alertmanager_webhook(const notification& n, const webhook_settings& settings, const rule_book* book) {
  const auto all = all_of(n);
  const bool firing = std::any_of(all.begin(), all.end(), [](const incident* i) { return !is_over(*i); });
  const std::size_t told = settings.max_alerts == 0 ? all.size() : std::min<std::size_t>(all.size(), settings.max_alerts);
  std::vector<label_set> labels, annotations;
  for (const incident* i : all) {
    labels.push_back(alert_labels(*i, book));
    annotations.push_back(alert_annotations(*i, i == &n.about ? n.response : "", settings.external_url,
                                            i == &n.about ? n.acknowledge_url : ""));
  }
  const label_set group = group_labels(n);

  std::string out = "{";
  append_member(out, "version", "4");
  append_member(out, "groupKey", group_key(n, group));
  out += ",\"truncatedAlerts\":" + std::to_string(all.size() - told);
  append_member(out, "status", firing ? "firing" : "resolved");
  append_member(out, "receiver", n.receiver);
  append_member(out, "notification_reason", alertmanager_reason(n, firing));
  append_json(out += ",\"groupLabels\":", group);
  append_json(out += ",\"commonLabels\":", common(labels));
  append_json(out += ",\"commonAnnotations\":", common(annotations));
  out += ",\"routeLabels\":{}";
  append_member(out, "externalURL", settings.external_url);
  out += ",\"alerts\":[";
  for (std::size_t k = 0; k < told; ++k) {
    const incident& i = *all[k];
    out += k ? ",{" : "{";
    append_member(out, "status", is_over(i) ? "resolved" : "firing");
    append_json(out += ",\"labels\":", labels[k]);
    append_json(out += ",\"annotations\":", annotations[k]);
    append_member(out, "startsAt", to_rfc3339(i.since));
    // Go's zero time is what Alertmanager says while an alert fires.
    append_member(out, "endsAt", is_over(i) ? to_rfc3339(end_of(i)) : "0001-01-01T00:00:00Z");
    append_member(out, "generatorURL", incident_link(i, settings.external_url));
    append_member(out, "fingerprint", alert_fingerprint(i));
    out += '}';
  }
  return out + "]}";
}

std::string alertmanager_alerts(const notification& n, const webhook_settings& settings, const rule_book* book,
                                timestamp now, const std::vector<label_set>& ended) {
  // An Alertmanager compares them with its own clock.
  const std::string horizon = to_rfc3339(drill().machine(std::max(n.at, now)) + open_for);
  std::string out = "[";
  for (const incident* i : all_of(n)) {
    if (out.back() != '[') out += ',';
    append_json(out += "{\"labels\":", alert_labels(*i, book));
    append_json(out += ",\"annotations\":", alert_annotations(*i, i == &n.about ? n.response : "", settings.external_url,
                                                                  i == &n.about ? n.acknowledge_url : ""));
    append_member(out, "startsAt", to_rfc3339(drill().machine(i->since)));
    append_member(out, "endsAt", is_over(*i) ? to_rfc3339(drill().machine(end_of(*i))) : horizon);
    if (const auto link = incident_link(*i, settings.external_url); !link.empty()) append_member(out, "generatorURL", link);
    out += '}';
  }
  for (const label_set& labels : ended) {
    append_json(out += ",{\"labels\":", labels);
    append_member(out, "endsAt", to_rfc3339(drill().machine(n.at)));
    out += '}';
  }
  return out + ']';
}

} // namespace tocsin
