// The expect statements of a scenario.
#include <algorithm>

#include "core/scenario_words.hpp"

namespace tocsin {

namespace {
template <class Enum, class Names>
bool take_one_of(scenario_words& w, const Names& names, std::optional<Enum>& out) {
  for (Enum e : names)
    if (w.take(to_text(e))) {
      out = e;
      return true;
    }
  return false;
}
constexpr incident_state incident_states[] = {incident_state::opened, incident_state::updated,
                                              incident_state::closed};
constexpr symptom_state symptom_states[] = {symptom_state::raised, symptom_state::changed,
                                            symptom_state::cleared};
constexpr severity severities[] = {severity::info, severity::warning, severity::critical};
constexpr std::string_view reasons[] = {"opened", "worse", "cause_changed", "closed"};

bool take_kind(scenario_words& w, expectation& e) {
  const auto kind = parse_cause_kind(w.peek());
  if (!kind) return false;
  e.kind = kind;
  w.text("a kind", "heartbeat_lost");
  return true;
}

/// A host is completed to "rvd/<host>/<service>" when the whole file is read.
std::string parse_subject(scenario_words& w) {
  if (w.take("host")) return "host/" + w.text("a host", "10.0.0.7");
  if (w.take("vantage")) return "vantage/" + w.text("the name of a vantage point", "main");
  if (w.take("segment")) {
    std::string segment = "segment/" + w.text("a service", "7500") + "/";
    // The network may be left out when it is empty; then one of the words that follow a subject
    // comes.
    for (std::string_view word : {"", "opened", "updated", "closed", "within", "before", "after",
                                  "members", "probability", "severity"})
      if (w.peek() == word) return segment;
    return segment + w.text("a network", "\";239.1.1.1\"");
  }
  const std::vector<plant_target> t = w.targets();
  if (t.size() != 1) {
    w.complain("an expectation is about one subject", "write one line for each");
    return {};
  }
  return t[0].service.empty() ? "rvd/" + t[0].host : subject_of(t[0].host, t[0].service);
}

bool take_state(scenario_words& w, expectation& e) {
  switch (e.about) {
  case expectation::about_t::incident:
  case expectation::about_t::incidents:
    return take_one_of(w, incident_states, e.incident_is);
  case expectation::about_t::symptom:
  case expectation::about_t::symptoms:
    return take_one_of(w, symptom_states, e.symptom_is);
  default:
    for (std::string_view r : reasons)
      if (w.take(r)) {
        e.reason = std::string{r};
        return true;
      }
    return false;
  }
}

void parse_window(scenario_words& w, expectation& e) {
  const duration length = w.span("length");
  w.need("of");
  e.from = w.moment("time");
  e.to = length < never - e.from ? e.from + length : never;
}

void parse_details(scenario_words& w, expectation& e) {
  const bool symptoms =
      e.about == expectation::about_t::symptom || e.about == expectation::about_t::symptoms;
  while (!w.done()) {
    if (take_state(w, e)) continue;
    if (w.take("of") || w.take("about"))
      e.subject = parse_subject(w);
    else if (w.take("within"))
      parse_window(w, e);
    else if (w.take("before"))
      e.to = w.moment("time") - duration{1};
    else if (w.take("after"))
      e.from = w.moment("time");
    else if (!symptoms && w.take("members"))
      e.members = w.compared("number of members");
    else if (!symptoms && w.take("probability"))
      e.probability = w.compared("probability");
    else if (w.take("severity")) {
      if (!take_one_of(w, severities, e.level))
        w.complain("'" + std::string{w.peek()} + "' is no severity",
                   "write info, warning or critical");
    } else {
      w.end(symptoms ? "write raised, changed, cleared, of, within, before, after or severity"
                     : "write opened, updated, closed, of, within, before, after, members, "
                       "probability or severity");
    }
  }
}
} // namespace

void parse_expectation(scenario_words& w, std::string_view line, expectation& e) {
  e.line = w.line();
  const std::string_view cut = line.substr(0, line.find('#'));
  const std::size_t from = cut.find_first_not_of(" \t"), to = cut.find_last_not_of(" \t\r");
  e.text = std::string{cut.substr(from, to - from + 1)};
  e.none = w.take("no");
  using about_t = expectation::about_t;
  if (w.take("incident"))
    e.about = about_t::incident;
  else if (w.take("symptom"))
    e.about = about_t::symptom;
  else if (!e.none && w.take("incidents"))
    e.about = about_t::incidents;
  else if (!e.none && w.take("symptoms"))
    e.about = about_t::symptoms;
  else if (!e.none && w.take("notifications"))
    e.about = about_t::notifications;
  else
    w.complain("'" + std::string{w.peek()} + "' cannot be expected",
               e.none ? "write: expect no incident, or: expect no symptom heartbeat_lost"
                      : "write incident, symptom, no incident, no symptom, incidents, symptoms or "
                        "notifications");
  if (e.about != about_t::incident && e.about != about_t::symptom) e.count = w.compared("number");
  constexpr std::string_view details[] = {
      "opened", "updated", "closed", "raised", "changed", "cleared", "worse",       "cause_changed",
      "of",     "about",   "within", "before", "after",   "members", "probability", "severity"};
  if (!take_kind(w, e) && !w.done() &&
      std::find(std::begin(details), std::end(details), w.peek()) == std::end(details))
    w.complain("'" + std::string{w.peek()} + "' is no kind",
               "write a kind like heartbeat_lost or segment_silent");
  parse_details(w, e);
  const bool symptoms = e.about == about_t::symptom || e.about == about_t::symptoms;
  if (symptoms && e.kind && static_cast<std::size_t>(*e.kind) >= symptom_kind_count)
    w.complain("no symptom is of the kind " + std::string{to_text(*e.kind)},
               "expect an incident of that kind");
}

} // namespace tocsin
