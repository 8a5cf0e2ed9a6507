// The command line of orders: tocsin incidents acknowledge, alarms shelve, silences add and their kin.
#include <CLI/CLI.hpp>

#include "actors/cli.hpp"

namespace tocsin::cli {

namespace {

struct verb {
  const char *name, *kind, *help, *target, *target_help;
  bool ends, reason; ///< takes --for and --until; needs --comment
};

void add_verb(CLI::App& noun, const verb& v, order_command& c, bool& wanted) {
  auto* s = noun.add_subcommand(v.name, v.help);
  s->add_option("-s,--server", c.server, "Address of the running tocsin")->envname("TOCSIN_SERVER")->capture_default_str();
  s->add_option("--who", c.who, "Your name; without it TOCSIN_WHO or the user of this shell");
  auto* comment = s->add_option("--comment", c.comment, v.reason ? "The reason, kept with it" : "Kept with it");
  if (v.reason) comment->required();
  if (v.ends) {
    s->add_option("--for", c.duration, "For so long from now, e.g. 8h");
    s->add_option("--until", c.until, "Until then (RFC 3339)");
  }
  if (v.target) s->add_option(v.target, c.target, v.target_help)->required();
  s->callback([&c, &wanted, kind = v.kind] {
    c.kind = kind;
    wanted = true;
  });
}

CLI::App* add_list(CLI::App& app, const char* what, const char* help, query_command& c, bool& wanted) {
  auto* noun = app.add_subcommand(what, help);
  noun->require_subcommand(1);
  auto* list = noun->add_subcommand("list", "All of them");
  list->add_option("-s,--server", c.server, "Address of the running tocsin")->envname("TOCSIN_SERVER")->capture_default_str();
  list->add_option("-o,--output", c.output, "table or json")->capture_default_str();
  list->callback([&c, &wanted, what] {
    c.what = what;
    wanted = true;
  });
  return noun;
}

} // namespace

void add_orders(CLI::App& app, order_command& order, bool& order_wanted, query_command& query, bool& query_wanted) {
  auto* incidents = app.get_subcommand("incidents");
  add_verb(*incidents, {"acknowledge", "acknowledge", "Say that you have it: no repeats, no escalation", "id", "Id of the incident", true, false}, order, order_wanted);
  add_verb(*incidents, {"unacknowledge", "unacknowledge", "Give it back", "id", "Id of the incident", false, false}, order, order_wanted);
  auto* alarms = add_list(app, "alarms", "Alarms after ISA-18.2: list, shelve, take out of service", query, query_wanted);
  constexpr const char* key = "\"<cause kind> <subject>\", as alarms list shows it";
  add_verb(*alarms, {"shelve", "shelve", "Keep it off the list for a time", "alarm", key, true, true}, order, order_wanted);
  add_verb(*alarms, {"unshelve", "unshelve", "Put it back before its time", "alarm", key, false, false}, order, order_wanted);
  add_verb(*alarms, {"reset", "reset", "Let go of a latched alarm that is over", "alarm", key, false, false}, order, order_wanted);
  add_verb(*alarms, {"out-of-service", "out_of_service", "Maintenance: nothing of these subjects is told", "subjects", "Glob over subjects, e.g. 'rvd/10.1.*'", true, true}, order, order_wanted);
  add_verb(*alarms, {"return-to-service", "return_to_service", "The maintenance is over", "subjects", "The glob given before", false, false}, order, order_wanted);
  alarms->footer("Example:  tocsin alarms shelve 'clients_high rvd/10.1.2.3/7500' --for 8h --comment 'licence ordered'");
  auto* report = app.add_subcommand("report", "How well people are served by the alarms: rates, floods, bad actors (EEMUA 191)");
  report->add_option("-s,--server", query.server, "Address of the running tocsin")->envname("TOCSIN_SERVER")->capture_default_str();
  report->add_option("-o,--output", query.output, "text, html or json")->check(CLI::IsMember({"text", "html", "json"}));
  report->callback([&query, &query_wanted] {
    query.what = "report";
    if (query.output == "table") query.output = "text";
    query_wanted = true;
  });
  report->footer("Example:  tocsin report");
  auto* silences = add_list(app, "silences", "Mute what matches for a time", query, query_wanted);
  add_verb(*silences, {"add", "silence", "Mute every incident whose labels match", nullptr, nullptr, true, true}, order, order_wanted);
  auto* add = silences->get_subcommand("add");
  add->add_option("matchers", order.matchers, "e.g. severity=warning 'host=~\"10\\\\.1\\\\..*\"'")->required();
  add->add_option("--id", order.target, "Its id; without it one is made");
  add->add_option("--from", order.from, "Not before then (RFC 3339)");
  add_verb(*silences, {"expire", "expire_silence", "End it now", "id", "Id of the silence", false, false}, order, order_wanted);
  silences->footer("Example:  tocsin silences add 'alertname=clients_high' --for 2h --comment 'migration of line 4'");
}

} // namespace tocsin::cli
