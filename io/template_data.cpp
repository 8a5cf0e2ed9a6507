// What templates are filled with, and what is wrong with them.
#include "io/template_data.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "codecs/json_views.hpp"
#include "io/alert_json.hpp"
#include "io/incident_text.hpp"

namespace tocsin {

namespace {

using nlohmann::json;
using escaping = text_template::escaping;

json pairs(const std::vector<std::pair<std::string, std::string>>& all) {
  json out = json::array();
  for (const auto& [name, value] : all) out.push_back({{"name", name}, {"value", value}});
  return out;
}

void check(const std::string& file, escaping how, const json& data, std::vector<template_problem>& out) {
  if (file.empty()) return;
  const auto parsed = text_template::load(file, how);
  if (!parsed) {
    out.push_back({true, parsed.error().text});
    return;
  }
  std::vector<std::string> unknown;
  const auto text = parsed->render(data, &unknown);
  if (!text) out.push_back({true, text.error().text});
  // Once, however often a section repeats it.
  std::sort(unknown.begin(), unknown.end());
  unknown.erase(std::unique(unknown.begin(), unknown.end()), unknown.end());
  // What decided differs from incident to incident: only the sample's is known.
  for (const std::string& name : unknown)
    if (name.find("evidence.") == name.npos && name.find("labels.") == name.npos)
      out.push_back({false, name + " is not known; it gives nothing"});
}

} // namespace

json template_data(const notification& n, const std::string& external_url, const rule_book* book) {
  std::string text;
  append_json(text, n);
  json out = json::parse(text);
  for (const char* name : {"route", "response"}) out.emplace(name, "");
  out.emplace("more", json::array());
  const incident_text t = describe(n, external_url);
  out["headline"] = t.headline;
  out["link"] = t.link;
  out["acknowledge_url"] = n.acknowledge_url;
  out["external_url"] = external_url;
  out["labels"] = json::object();
  for (const auto& [name, value] : alert_labels(n.about, book)) out["labels"][name] = value;
  out["facts"] = pairs(t.facts);
  out["details"] = pairs(t.evidence);
  out["members"] = t.members;
  out["members_left_out"] = t.members_left_out;
  out["others"] = t.others;
  out["closed"] = n.about.state == incident_state::closed;
  return out;
}

notification sample_notification(const std::string& receiver) {
  const auto moment = [](const char* text) { return *parse_rfc3339(text); };
  incident i{};
  i.at = moment("2026-01-10T07:25:03.5Z");
  i.id = "I0123456789ab";
  i.revision = 1;
  i.state = incident_state::opened;
  i.level = severity::critical;
  i.title = "Daemon 10.98.163.137 on service 7500 is silent";
  i.because = {cause_kind::heartbeat_lost, "rvd/10.98.163.137/7500", 0.93};
  i.members = {"rvd/10.98.163.137/7500"};
  i.member_count = 1;
  i.group = "segment/7500/;239.1.1.1";
  i.since = moment("2026-01-10T07:21:00Z");
  i.facts = {{"last_heard", i.since}, {"misses", std::int64_t{3}}, {"period_s", 90.0}};
  notification n{i.at, i.id + ".1@" + receiver, receiver, "opened", i};
  n.more = {i};
  n.more[0].id = "I0123456789ac";
  n.more[0].level = severity::warning;
  n.more[0].title = "Daemon 10.98.163.138 on service 7500 loses data";
  n.route = "root/0";
  n.group_labels = {{"group", i.group}};
  n.response = "Cause: the host or its daemon is down.\nAction: call the shift.";
  n.acknowledge_url = "https://tocsin.example.com/acknowledge/sample";
  return n;
}

result<std::string> filled(const std::string& file, escaping how, const json& data) {
  if (file.empty()) return std::string{};
  const auto parsed = text_template::load(file, how);
  if (!parsed) return fail(parsed.error().code, parsed.error().text);
  return parsed->render(data);
}

result<std::string> filled_json(const std::string& file, const json& data) {
  auto text = filled(file, escaping::json, data);
  if (!text) return text;
  if (!json::accept(*text)) return fail(errc::malformed, file + ":1: gives no JSON; look at it with `tocsin template preview`");
  return text;
}

std::vector<template_problem> check_templates(const mail_settings& m, const webhook_settings& w) {
  std::vector<template_problem> out;
  const json data = template_data(sample_notification("sample"), "https://tocsin.example.com", nullptr);
  check(m.subject_template, escaping::none, data, out);
  check(m.text_template, escaping::none, data, out);
  check(m.html_template, escaping::html, data, out);
  check(w.payload_template, escaping::json, data, out);
  if (out.empty() && !w.payload_template.empty())
    if (const auto body = filled_json(w.payload_template, data); !body) out.push_back({true, body.error().text});
  return out;
}

} // namespace tocsin
