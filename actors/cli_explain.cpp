// tocsin explain and tocsin notifications: why somebody was told or not, and dead letters that are sent again.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "actors/cli.hpp"
#include "actors/explanation.hpp"
#include "config/vantages.hpp"
#include "io/clock.hpp"
#include "io/http_client.hpp"

namespace tocsin::cli {

namespace {

using json = nlohmann::ordered_json;

int complain(const std::string& text, int code) {
  std::fprintf(stderr, "tocsin: %s\n", text.c_str());
  return code;
}

std::string plain(const json& j) { return j.is_string() ? j.get<std::string>() : j.dump(); }

void print(const json& j) {
  const json& i = j.at("incident");
  std::printf("%s\n%s, %s since %s; cause: %s of %s\n", plain(i.at("title")).c_str(), plain(i.at("severity")).c_str(),
              plain(i.at("state")).c_str(), plain(i.at("since")).c_str(), plain(i.at("cause").at("kind")).c_str(),
              plain(i.at("cause").at("subject")).c_str());
  const json& rule = j.at("rule");
  std::printf("rule: %s, judged by rules %s (now %s)\n  thresholds now: %s\n  values: %s\n", plain(rule.at("condition")).c_str(),
              rule.at("version").is_null() ? "of a version that was not kept" : plain(rule.at("version")).c_str(), plain(rule.at("version_now")).c_str(),
              rule.at("thresholds").dump().c_str(), rule.at("values").dump().c_str());
  std::puts("journal:");
  for (const json& r : j.at("journal").at("records")) {
    const std::string place = (r.contains("partition") ? r.at("partition").dump() + "@" : std::string{}) + r.at("offset").dump();
    std::printf("  %s  %s  %s %s %s\n", place.c_str(), plain(r.at("at")).c_str(), plain(r.at("kind")).c_str(),
                r.value("subject", "").c_str(), r.contains("values") ? r.at("values").dump().c_str() : "");
  }
  if (j.at("journal").contains("error")) std::printf("  not all of it: %s\n", plain(j.at("journal").at("error")).c_str());
  for (const json& r : j.at("routes"))
    std::printf("route %s -> %s: %s\n", plain(r.at("id")).c_str(), plain(r.at("receiver")).c_str(), plain(r.at("because")).c_str());
  for (const json& r : j.at("receivers")) {
    std::printf("%s:\n", plain(r.at("receiver")).c_str());
    for (const json& n : r.at("notifications")) {
      std::printf("  %s  %s, made %s\n", plain(n.at("id")).c_str(), plain(n.at("state")).c_str(), plain(n.at("created")).c_str());
      for (const json& a : n.at("attempts"))
        std::printf("    attempt %s at %s: %s %s\n", a.at("number").dump().c_str(), plain(a.at("at")).c_str(),
                    plain(a.at("state")).c_str(), plain(a.at("answer")).c_str());
    }
    for (const json& d : r.at("history"))
      std::printf("  %s  %s by route %s: %s\n", plain(d.at("at")).c_str(), plain(d.at("what")).c_str(), plain(d.at("route")).c_str(),
                  plain(d.at("detail")).c_str());
  }
  if (j.contains("not_notified")) {
    const json& n = j.at("not_notified");
    std::printf("%s%s\n", n.at("notified") == true ? "" : (plain(n.at("stopped_by")) + " stopped it: ").c_str(), plain(n.at("because")).c_str());
  }
  if (j.contains("recomputed")) std::printf("recomputed: %s\n", plain(j.at("recomputed").at("text")).c_str());
}

/// From the files alone, while nothing runs or beside it.
result<std::string> explain_offline(const explain_command& c, const settings& s) {
  auto disk = open_sqlite_store_read_only(c.data_dir + "/tocsin.db");
  if (!disk) return tl::make_unexpected(disk.error());
  const alerting_rules alerting = s.alerting();
  return tocsin::explain({disk->get(), std::make_shared<const rule_book>(s.rules), &alerting, vantage_names(s), {}, c.incident, c.receiver,
                          c.recompute, wall_clock(), shared_input(s)});
}

void print_list(const json& j) {
  for (const json& n : j.at("notifications"))
    std::printf("%s  %s  %s  %s  attempts %s  %s\n", plain(n.at("id")).c_str(), plain(n.at("receiver")).c_str(),
                plain(n.at("state")).c_str(), plain(n.at("created")).c_str(), n.at("attempts").dump().c_str(),
                plain(n.at("last_answer")).c_str());
}

} // namespace

int explain(const explain_command& c) {
  if (c.output != "table" && c.output != "json") return complain("-o is table or json, not '" + c.output + "'", usage);
  std::string text;
  if (!c.data_dir.empty()) {
    const auto s = load_or_complain(c.config);
    if (!s) return usage;
    auto said = explain_offline(c, *s);
    if (!said) return complain(said.error().text, problem);
    text = *said + "\n";
  } else {
    const auto answer = http_get(c.server + "/api/v1/incidents/" + url_encoded(c.incident) + "/explain?receiver=" +
                                 url_encoded(c.receiver) + (c.recompute ? "&recompute=true" : ""));
    if (!answer) return complain(answer.error().text, no_server);
    if (answer->status != 200) return complain_about(*answer, c.server);
    text = answer->body;
  }
  const json j = json::parse(text, nullptr, false);
  if (!j.is_object()) return complain(c.server + " answered with something that is no JSON; is it a tocsin?", no_server);
  if (c.output == "json") std::fputs(text.c_str(), stdout);
  else print(j);
  if (j.contains("recomputed") && j.at("recomputed").at("agrees") != true) return problem;
  return j.contains("not_notified") && j.at("not_notified").at("notified") == true ? problem : done;
}

int notifications(const notifications_command& c) {
  if (c.output != "table" && c.output != "json") return complain("-o is table or json, not '" + c.output + "'", usage);
  const std::string url = c.server + "/api/v1/notifications";
  json body = json::object();
  for (const auto& [key, value] : {std::pair{"receiver", &c.receiver}, std::pair{"from", &c.from}, std::pair{"until", &c.until}})
    if (!value->empty()) body[key] = *value;
  const auto answer = c.redrive ? http_post_json(url + "/redrive", body.dump(-1, ' ', false, json::error_handler_t::replace))
                                : http_get(url + "?limit=" + std::to_string(c.most) + "&state=" + url_encoded(c.state) +
                                           "&receiver=" + url_encoded(c.receiver));
  if (!answer) return complain(answer.error().text, no_server);
  if (answer->status != 200) return complain_about(*answer, c.server);
  const json j = json::parse(answer->body, nullptr, false);
  if (!j.is_object()) return complain(c.server + " answered with something that is no JSON; is it a tocsin?", no_server);
  if (c.output == "json") std::fputs(answer->body.c_str(), stdout);
  else if (c.redrive) std::printf("%s notifications are sent again\n", j.at("redriven").dump().c_str());
  else print_list(j);
  return done;
}

void add_explain(CLI::App& app, explain_command& c) {
  auto* s = app.add_subcommand("explain", "Why an incident was said, and who was told of it or was not, and why");
  s->add_option("incident", c.incident, "Id of the incident")->required();
  s->add_option("--not-notified", c.receiver, "Why was this receiver not told? Exit 1 when it was");
  s->add_flag("--recompute", c.recompute, "Make the verdict again from the journal; exit 1 when it differs");
  s->add_option("-s,--server", c.server, "Address of the running tocsin")->envname("TOCSIN_SERVER")->capture_default_str();
  s->add_option("-o,--output", c.output, "table or json")->capture_default_str();
  s->add_option("--data-dir", c.data_dir, "Ask the files of this directory instead of a running tocsin");
  s->add_option("-c,--config", c.config, "With --data-dir: its YAML configuration");
  s->footer("Example:  tocsin explain I0c972e1e661a --not-notified ops-mail");
}

void add_notifications(CLI::App& app, notifications_command& c) {
  auto* noun = app.add_subcommand("notifications", "The outbox: what was delivered, waits or is dead");
  noun->require_subcommand(1);
  auto* list = noun->add_subcommand("list", "All of them, newest first");
  auto* again = noun->add_subcommand("redrive", "Send dead ones again, with the same ids; without a range those of the last 7 days");
  for (auto* s : {list, again}) {
    s->add_option("-s,--server", c.server, "Address of the running tocsin")->envname("TOCSIN_SERVER")->capture_default_str();
    s->add_option("-o,--output", c.output, "table or json")->capture_default_str();
    s->add_option("--receiver", c.receiver, "Only of this receiver");
  }
  list->add_option("--state", c.state, "Only those: waiting, delivered, dead");
  list->add_option("--limit", c.most, "At most so many")->capture_default_str();
  again->add_option("--from", c.from, "Made then or later (RFC 3339)");
  again->add_option("--until", c.until, "Made before then (RFC 3339)");
  again->callback([&c] { c.redrive = true; });
  noun->footer("Example:  tocsin notifications redrive --receiver ops-mail --from 2026-11-21T00:00:00Z");
}

} // namespace tocsin::cli
