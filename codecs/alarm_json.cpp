#include "codecs/alarm_json.hpp"

#include <nlohmann/json.hpp>

namespace tocsin {

namespace {

using json = nlohmann::ordered_json;

json time_of(timestamp t) { return t == unset || t == never ? json{} : json(to_rfc3339(t)); }

/// Texts of operators and daemons need not be valid UTF-8: what is not is replaced.
void append(std::string& out, const json& j) {
  out += j.dump(-1, ' ', false, json::error_handler_t::replace);
}

json view(const alarm& a, const alarm_rules& rules) {
  json j{{"alarm", a.key},
         {"state", to_text(state_of(a))},
         {"activity", to_text(activity_state(a))},
         {"kind", to_text(a.kind)},
         {"subject", a.subject},
         {"severity", to_text(a.level)},
         {"priority", priority_of(rules, a.kind, a.level)},
         {"incident", a.incident},
         {"open", a.open},
         {"active_since", time_of(a.active_since)},
         {"over_since", time_of(a.over_since)},
         {"acknowledged", nullptr},
         {"shelved", nullptr},
         {"out_of_service", nullptr},
         {"suppressed_by", nullptr},
         {"latched", a.latched},
         {"chattering", a.chattering},
         {"activations", a.activations},
         {"response", nullptr}};
  if (!a.owner.empty())
    j["acknowledged"] = {{"by", a.owner},
                         {"comment", a.comment},
                         {"at", time_of(a.acknowledged_at)},
                         {"until", time_of(a.acknowledged_until)}};
  if (a.shelved_until != unset)
    j["shelved"] = {
        {"by", a.shelved_by}, {"reason", a.shelved_reason}, {"until", time_of(a.shelved_until)}};
  if (!a.out_of_service_by.empty()) j["out_of_service"] = a.out_of_service_by;
  if (!a.suppressed_by.empty()) j["suppressed_by"] = a.suppressed_by;
  if (const condition_rule* c = rules.condition(a.kind))
    j["response"] = {{"cause", c->cause},
                     {"consequence", c->consequence},
                     {"action", c->action},
                     {"time_to_respond", c->time_to_respond}};
  return j;
}

json view(const std::vector<kpi_check>& checks) {
  json all = json::array();
  for (const kpi_check& c : checks)
    all.push_back({{"name", c.name},
                   {"value", c.value},
                   {"limit", c.limit},
                   {"unit", c.unit},
                   {"source", c.source},
                   {"met", c.met()}});
  return all;
}

json view(const kpi_rates& r) {
  json floods = json::array();
  for (const kpi_flood& f : r.floods)
    floods.push_back({{"from", time_of(f.from)},
                      {"until", time_of(f.until)},
                      {"count", f.count},
                      {"peak", f.peak}});
  return {{"name", r.name},
          {"count", r.count},
          {"per_hour", r.per_hour},
          {"per_day", r.per_day},
          {"per_10min", r.per_10min},
          {"peak_10min", r.peak_10min},
          {"peak_hour", r.peak_hour},
          {"manageable_share", r.manageable_share},
          {"above_10_share", r.above_10_share},
          {"flood_share", r.flood_share},
          {"flood_count", r.flood_count},
          {"floods", std::move(floods)},
          {"checks", view(r.checks)}};
}

json view(const std::vector<kpi_actor>& actors) {
  json all = json::array();
  for (const kpi_actor& a : actors)
    all.push_back({{"alarm", a.key}, {"count", a.count}, {"share", a.share}});
  return all;
}

json view(const std::vector<kpi_standing>& standing) {
  json all = json::array();
  for (const kpi_standing& s : standing)
    all.push_back({{"alarm", s.key},
                   {"since", time_of(s.since)},
                   {"lasts_s", to_seconds(s.lasts)},
                   {"why", s.why}});
  return all;
}

} // namespace

void append_json(std::string& out, const alarm& a, const alarm_rules& rules) {
  append(out, view(a, rules));
}

void append_json(std::string& out, const std::vector<alarm>& alarms,
                 const std::vector<service_order>& orders, const alarm_rules& rules) {
  json all = json::array(), orders_view = json::array();
  for (const alarm& a : alarms) all.push_back(view(a, rules));
  for (const service_order& o : orders)
    orders_view.push_back(
        {{"pattern", o.glob}, {"by", o.who}, {"reason", o.comment}, {"until", time_of(o.until)}});
  append(out, {{"alarms", std::move(all)}, {"out_of_service_orders", std::move(orders_view)}});
}

void append_json(std::string& out, const kpi_report& r) {
  json receivers = json::array();
  for (const kpi_rates& one : r.receivers) receivers.push_back(view(one));
  append(out, {{"at", time_of(r.at)},
               {"from", time_of(r.from)},
               {"detailed_from", time_of(r.detailed_from)},
               {"observed_hours", r.observed_hours},
               {"activations", view(r.activations)},
               {"hidden", r.hidden},
               {"receivers", std::move(receivers)},
               {"top", view(r.top)},
               {"top_share", r.top_share},
               {"chattering_count", r.chattering_count},
               {"chattering", view(r.chattering)},
               {"fleeting_count", r.fleeting_count},
               {"fleeting", view(r.fleeting)},
               {"stale_count", r.stale_count},
               {"stale", view(r.stale)},
               {"shelved_count", r.shelved_count},
               {"shelved", view(r.shelved)},
               {"suppressed_count", r.suppressed_count},
               {"suppressed", view(r.suppressed)},
               {"out_of_service_count", r.out_of_service_count},
               {"out_of_service", view(r.out_of_service)},
               {"priorities",
                {{"low", r.priorities[0]},
                 {"medium", r.priorities[1]},
                 {"high", r.priorities[2]},
                 {"highest", r.priorities[3]}}},
               {"response",
                {{"acknowledged", r.response.acknowledged},
                 {"missed", r.response.missed},
                 {"median_s", to_seconds(r.response.median)},
                 {"p90_s", to_seconds(r.response.p90)}}},
               {"checks", view(r.checks)}});
}

} // namespace tocsin
