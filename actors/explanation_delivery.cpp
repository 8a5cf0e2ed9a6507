// Why a receiver was not told of an incident: which of route, state, silence, delay or delivery stopped it, in one sentence.
#include <algorithm>
#include <optional>

#include "actors/explanation.hpp"
#include "core/labels.hpp"

namespace tocsin {

namespace {

using json = nlohmann::ordered_json;

struct verdict {
  std::string stopped_by, because;
};

std::string text_of(const json& j, const char* key) {
  return j.contains(key) && j.at(key).is_string() ? j.at(key).get<std::string>() : std::string{};
}

std::string_view stage_of(decision_kind what) {
  switch (what) {
  case decision_kind::silenced: return "silence";
  case decision_kind::inhibited: return "inhibition";
  case decision_kind::calendar: return "calendar";
  case decision_kind::digest: return "flood";
  case decision_kind::waiting: case decision_kind::delayed: case decision_kind::held: case decision_kind::covered: return "delay";
  case decision_kind::told: return "delivery";
  default: return "state";
  }
}

std::string words_of(const decision& d) {
  switch (d.what) {
  case decision_kind::silenced: return "silence " + d.detail;
  case decision_kind::inhibited: return "it is inhibited by rule and incident " + d.detail;
  case decision_kind::calendar: return "calendar " + d.detail + " mutes the route";
  case decision_kind::digest: return "the receiver is in flood mode (" + d.detail + ")";
  case decision_kind::waiting: return "its group is still filling (" + d.detail + ")";
  case decision_kind::delayed: return "on_delay of the condition holds it " + d.detail;
  case decision_kind::held: return "its end is held " + d.detail;
  case decision_kind::covered: return "it is covered: " + d.detail;
  case decision_kind::below_severity: return "its severity is below what the receiver wants: " + d.detail;
  case decision_kind::shelved: return "its alarm is shelved " + d.detail;
  case decision_kind::suppressed: return "its alarm is suppressed: " + d.detail;
  case decision_kind::out_of_service: return "its subject is out of service: " + d.detail;
  case decision_kind::never_told: return d.detail;
  case decision_kind::end_unwanted: return "ends are not wanted: " + d.detail;
  case decision_kind::told: return "notification " + d.detail + " was made, but the outbox keeps it no more";
  }
  return d.detail;
}

/// An open incident about the receiver itself: its circuit breaker is open.
std::string failing(const store& disk, const std::string& receiver) {
  const auto open = disk.incidents("open", 1000);
  if (!open) return {};
  for (const stored_incident& i : *open)
    if (const json j = json::parse(i.json, nullptr, false); j.is_object() && j.at("cause").at("subject") == "receiver/" + receiver)
      return "; its breaker is open: " + i.title;
  return {};
}

verdict by_delivery(const explain_question& q, const json& n) {
  const auto& attempts = n.at("attempts");
  const std::string answer = attempts.empty() ? "" : text_of(attempts.back(), "answer");
  const std::string id = text_of(n, "id");
  if (n.at("state") == "dead")
    return {"delivery", "notification " + id + " is dead" + (answer.empty() ? "" : ": " + answer) +
                            "; cure the receiver, then: tocsin notifications redrive --receiver " + q.receiver};
  return {"delivery", "notification " + id + " still waits" +
                          (answer.empty() ? ", not tried yet" : "; the last of its attempts was answered: " + answer) +
                          failing(*q.disk, q.receiver)};
}

/// The first way to a route of that receiver: what keeps the incident from going it.
struct search {
  const label_set& labels;
  const std::string& receiver;
  std::optional<std::string> why;

  void look(const route_rule& r, const std::string& barred) {
    if (why) return;
    std::string here = barred;
    if (here.empty())
      for (const matcher& m : r.matchers)
        if (!m.matches(labels)) {
          const std::string_view is = value_of(labels, m.name());
          here = "matcher " + m.text() + " of route " + r.id + " failed: " + m.name() +
                 (is.empty() ? " is not there" : " is \"" + std::string{is} + '"');
          break;
        }
    if (r.receiver == receiver && !here.empty()) why = here;
    std::string taken;
    for (const route_rule& child : r.routes) {
      look(child, here.empty() ? taken : here);
      if (here.empty() && taken.empty() && match_all(child.matchers, labels)) {
        if (r.receiver == receiver && !why) why = "route " + child.id + " below route " + r.id + " takes it to " + child.receiver;
        if (!child.go_on) taken = "route " + child.id + " takes it before, without continue";
      }
    }
  }
};

verdict by_route(const explain_question& q, const incident& i) {
  const route_rule& root = q.alerting->routing.root;
  const label_set labels = labels_of(i, q.rules.get());
  const bool known = std::ranges::any_of(q.alerting->receivers, [&](const receiver_rule& r) { return r.name == q.receiver; });
  if (!known) return {"route", "no receiver is called " + q.receiver + " in the configuration in force"};
  for (const route_rule* r : routes_of(root, labels)) {
    if (r->receiver == q.receiver && r->group_wait > 0s && i.state != incident_state::closed && q.now < i.at + r->group_wait)
      return {"delay", "its group waits for others: group_wait of route " + r->id + " is " + to_text(r->group_wait)};
    if (r->receiver == q.receiver)
      return {"route", "route " + r->id + " leads to it by the configuration in force, but nothing was decided by it: "
                       "the configuration was another one then"};
    for (const escalation_step& e : r->escalation)
      if (e.receiver == q.receiver)
        return {"delay", "it is told by escalation of route " + r->id + " only, " + to_text(e.after) +
                             " after the first notification when nobody acknowledges"};
  }
  search s{labels, q.receiver, {}};
  s.look(root, "");
  return {"route", s.why ? *s.why : "no route leads to " + q.receiver};
}

} // namespace

json not_notified(const explain_question& q, const incident& i, const json& ledger, const std::vector<decision>& history) {
  const json* made = nullptr;
  for (const json& n : ledger) {
    if (n.at("receiver") != q.receiver) continue;
    if (n.at("state") == "delivered")
      return {{"receiver", q.receiver}, {"notified", true}, {"stopped_by", nullptr},
              {"because", "it was told: notification " + text_of(n, "id") + ", made at " + text_of(n, "created")}};
    made = &n;
  }
  const decision *last = nullptr, *before = nullptr;
  const auto take = [&](const decision& d) {
    if (d.receiver != q.receiver || d.what == decision_kind::told) return;
    if (last && last->what != decision_kind::never_told) before = last;
    last = &d;
  };
  std::ranges::for_each(history, take);
  if (!last) std::ranges::for_each(q.standing, take);
  verdict v;
  if (made) v = by_delivery(q, *made);
  else if (!last) v = by_route(q, i);
  else if (last->what == decision_kind::never_told && before)
    v = {std::string{stage_of(before->what)}, "it was over before it could be told; until then " + words_of(*before)};
  else v = {std::string{stage_of(last->what)}, words_of(*last)};
  return {{"receiver", q.receiver}, {"notified", false}, {"stopped_by", v.stopped_by}, {"because", v.because}};
}

} // namespace tocsin
