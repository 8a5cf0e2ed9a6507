// A notification as Alertmanager's webhook message, version 4: receivers made for it work with us.
#include "codecs/json_views.hpp"
#include "io/incident_text.hpp"
#include "io/sender.hpp"
#include "io/text.hpp"

namespace tocsin {

namespace {

/// An object of texts; the caller closes what it opened before.
class texts {
public:
  explicit texts(std::string& out) : out_(out) { out_ += '{'; }
  texts& add(std::string_view name, std::string_view value) {
    if (out_.back() != '{') out_ += ',';
    append_json_string(out_, name);
    out_ += ':';
    append_json_string(out_, value);
    return *this;
  }
  void end() { out_ += '}'; }

private:
  std::string& out_;
};

/// The reasons Alertmanager knows; another severity or cause is, in its eyes, another alert of the
/// group.
std::string_view alertmanager_reason(const std::string& reason) {
  if (reason == "opened") return "first_notification";
  if (reason == "closed") return "all_alerts_resolved";
  if (reason == "worse" || reason == "cause_changed") return "new_alerts_added";
  return "unknown";
}

std::string description(const incident_text& text) {
  std::string out;
  for (const auto& [label, value] : text.facts) out += label + ": " + value + "\n";
  if (!text.members.empty()) {
    out += "Members: ";
    for (std::size_t i = 0; i < text.members.size(); ++i) out += (i ? ", " : "") + text.members[i];
    if (text.members_left_out != 0)
      out += " and " + std::to_string(text.members_left_out) + " more";
    out += "\n";
  }
  for (const auto& [name, value] : text.evidence) out += name + ": " + value + "\n";
  if (!out.empty()) out.pop_back();
  return out;
}

} // namespace

std::string webhook_body(const notification& n, const std::string& receiver,
                         const std::string& external_url) {
  const incident& i = n.about;
  const bool over = i.state == incident_state::closed;
  const std::string_view status = over ? "resolved" : "firing";
  const incident_text text = describe(n, external_url);

  std::string labels, annotations;
  texts{labels}
      .add("alertname", to_text(i.because.kind))
      .add("severity", to_text(i.level))
      .add("incident", i.id)
      .add("subject", i.because.subject)
      .add("group", i.group)
      .end();
  texts{annotations}
      .add("summary", one_line(i.title, 500))
      .add("description", description(text))
      .end();

  std::string out = R"({"version":"4","groupKey":)";
  append_json_string(out, "{}:{incident=\"" + i.id + "\"}");
  out += R"(,"truncatedAlerts":0,"status":)";
  append_json_string(out, status);
  out += R"(,"receiver":)";
  append_json_string(out, receiver);
  out += R"(,"notification_reason":)";
  append_json_string(out, alertmanager_reason(n.reason));
  out += R"(,"groupLabels":)";
  texts{out}.add("incident", i.id).end();
  out += R"(,"commonLabels":)" + labels + R"(,"commonAnnotations":)" + annotations +
         R"(,"routeLabels":{},"externalURL":)";
  append_json_string(out, external_url);
  out += R"(,"alerts":[{"status":)";
  append_json_string(out, status);
  out += R"(,"labels":)" + labels + R"(,"annotations":)" + annotations + R"(,"startsAt":)";
  append_json_string(out, to_rfc3339(i.since));
  out += R"(,"endsAt":)";
  // Go's zero time is what Alertmanager says while an alert fires.
  append_json_string(out, over ? to_rfc3339(i.until.value_or(i.at)) : "0001-01-01T00:00:00Z");
  out += R"(,"generatorURL":)";
  append_json_string(out, text.link);
  out += R"(,"fingerprint":)";
  append_json_string(out, hex_hash(i.id));
  out += "}]}";
  return out;
}

} // namespace tocsin
