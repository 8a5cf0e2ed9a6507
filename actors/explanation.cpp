#include "actors/explanation.hpp"

#include <algorithm>
#include <set>

#include "codecs/notification_json.hpp"
#include "core/labels.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

using json = nlohmann::ordered_json;

json view(const decision& d) {
  return {{"at", to_rfc3339(d.at)}, {"route", d.route}, {"what", to_text(d.what)}, {"detail", d.detail}};
}

/// The matchers on the way from the root to a route.
json path_to(const route_rule& root, const std::string& id) {
  json out = json::array();
  for (std::size_t end = id.find('/'); end != id.npos; ) {
    end = id.find('/', end + 1);
    if (const route_rule* r = find_route(root, id.substr(0, end)))
      for (const matcher& m : r->matchers) out.push_back(m.text());
  }
  return out;
}

json routes_taken(const explain_question& q, const label_set& labels) {
  json out = json::array();
  for (const route_rule* r : routes_of(q.alerting->routing.root, labels)) {
    json why = path_to(q.alerting->routing.root, r->id);
    json steps = json::array();
    for (const escalation_step& e : r->escalation)
      steps.push_back({{"after", to_text(e.after)}, {"receiver", e.receiver}});
    out.push_back({{"id", r->id},
                   {"receiver", r->receiver},
                   {"because", why.empty() ? json("it takes whatever no other route takes") : why},
                   {"group_wait", to_text(r->group_wait)},
                   {"escalation", steps}});
  }
  return out;
}

json receivers(const explain_question& q, const json& routes, const json& ledger, const std::vector<decision>& history) {
  std::set<std::string> names;
  for (const json& r : routes) names.insert(r.at("receiver").get<std::string>());
  for (const decision& d : history) names.insert(d.receiver);
  for (const json& n : ledger) names.insert(n.at("receiver").get<std::string>());
  json out = json::array();
  for (const std::string& name : names) {
    json one{{"receiver", name}, {"notifications", json::array()}, {"in_force", json::array()}, {"history", json::array()}};
    for (const json& n : ledger)
      if (n.at("receiver") == name) one["notifications"].push_back(n);
    std::vector<decision> own;
    std::ranges::copy_if(history, std::back_inserter(own), [&](const decision& d) { return d.receiver == name; });
    std::map<std::string, decision> last;
    for (const decision& d : own) last[d.route] = d;
    for (const decision& d : q.standing)
      if (d.receiver == name) last[d.route] = d;
    for (const auto& [route, d] : last) one["in_force"].push_back(view(d));
    if (own.size() > limits::explain_history_max)
      own.erase(own.begin(), own.end() - static_cast<std::ptrdiff_t>(limits::explain_history_max));
    for (const decision& d : own) one["history"].push_back(view(d));
    out.push_back(std::move(one));
  }
  return out;
}

} // namespace

result<std::string> explain(const explain_question& q) {
  const auto found = q.disk->find_incident(q.incident);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found) return fail(errc::missing, "no incident " + q.incident + " is kept; tocsin incidents list names those that are");
  const auto i = parse_incident((*found)->json);
  if (!i) return tl::make_unexpected(i.error());
  const auto history = q.disk->decisions(q.incident);
  if (!history) return tl::make_unexpected(history.error());
  const auto text = q.disk->ledger(q.incident);
  if (!text) return tl::make_unexpected(text.error());
  const json ledger = json::parse(*text, nullptr, false);
  if (!ledger.is_array()) return fail(errc::malformed, "the ledger of " + q.incident + " is unreadable");

  json out;
  out["incident"] = json::parse((*found)->json, nullptr, false);
  out["rule"] = {{"condition", to_text(i->because.kind)},
                 {"version", (*found)->rules.empty() ? json(nullptr) : json((*found)->rules)},
                 {"version_now", q.rules->version},
                 {"thresholds", thresholds_of(*q.rules, *i)},
                 {"values", out["incident"].value("evidence", json::object())}};
  out["journal"] = evidence_records(q, *i);
  const label_set labels = labels_of(*i, q.rules.get());
  out["labels"] = json::object();
  for (const auto& [name, value] : labels) out["labels"][name] = value;
  out["routes"] = routes_taken(q, labels);
  out["receivers"] = receivers(q, out["routes"], ledger, *history);
  if (!q.receiver.empty()) out["not_notified"] = not_notified(q, *i, ledger, *history);
  if (q.recompute) out["recomputed"] = recomputed(q, *i, (*found)->rules);
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace tocsin
