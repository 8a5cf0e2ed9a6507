#include "codecs/notification_json.hpp"

#include <nlohmann/json.hpp>

namespace tocsin {

namespace {

using json = nlohmann::ordered_json; // what is sent again after a restart keeps the order of its evidence

evidence parse_facts(const json& j) {
  evidence out;
  for (const auto& [key, value] : j.items()) {
    fact f{key, std::string{}};
    if (value.is_boolean()) f.value = value.get<bool>();
    else if (value.is_number_integer()) f.value = value.get<std::int64_t>();
    else if (value.is_number()) f.value = value.get<double>();
    else if (value.is_string()) f.value = value.get<std::string>();
    else continue;
    out.push_back(std::move(f));
  }
  return out;
}

timestamp time_at(const json& j, const char* key) {
  const auto t = parse_rfc3339(j.at(key).get<std::string>());
  if (!t) throw std::invalid_argument{t.error().text};
  return *t;
}

incident incident_from(const json& j) {
  incident i{};
  i.at = time_at(j, "at");
  i.id = j.at("id");
  i.revision = j.value("revision", 1u);
  const std::string state = j.at("state");
  i.state = state == "opened" ? incident_state::opened : state == "closed" ? incident_state::closed : incident_state::updated;
  i.level = parse_severity(j.at("severity").get<std::string>()).value_or(severity::warning);
  i.title = j.at("title");
  const json& c = j.at("cause");
  i.because = {parse_cause_kind(c.at("kind").get<std::string>()).value_or(cause_kind::self_check), c.at("subject"),
               c.at("probability").is_number() ? c.at("probability").get<double>() : 0.0};
  i.members = j.at("members").get<std::vector<std::string>>();
  i.member_count = j.value("member_count", i.members.size());
  i.group = j.value("group", "");
  i.since = time_at(j, "since");
  if (j.contains("until") && j.at("until").is_string()) i.until = time_at(j, "until");
  if (j.contains("evidence")) i.facts = parse_facts(j.at("evidence"));
  return i;
}

template <class T, class Build>
result<T> parse(std::string_view text, Build build) {
  try {
    return build(json::parse(text));
  } catch (const std::exception& e) { // nlohmann-json reports by exception; here it becomes a value
    return fail(errc::malformed, std::string{"stored JSON is unreadable: "} + e.what());
  }
}

} // namespace

result<incident> parse_incident(std::string_view text) { return parse<incident>(text, incident_from); }

result<notification> parse_notification(std::string_view text) {
  return parse<notification>(text, [](const json& j) {
    notification n{time_at(j, "at"), j.at("id"), j.at("receiver"), j.at("reason"), incident_from(j.at("incident"))};
    if (j.contains("more"))
      for (const json& other : j.at("more")) n.more.push_back(incident_from(other));
    n.route = j.value("route", "");
    if (j.contains("group_labels"))
      for (const auto& [name, value] : j.at("group_labels").items()) n.group_labels.emplace_back(name, value);
    n.response = j.value("response", "");
    n.page = j.value("page", "");
    return n;
  });
}

} // namespace tocsin
