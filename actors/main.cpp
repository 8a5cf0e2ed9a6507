// The one binary: reads the command line and calls the command.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "actors/cli.hpp"
#include "actors/cli_analyse.hpp"

namespace {

using namespace tocsin::cli;

void add_run(CLI::App& app, run_command& c) {
  auto* s = app.add_subcommand("run", "Watch: sources in, incidents out, until SIGTERM; SIGHUP reads the configuration anew");
  s->add_option("-c,--config", c.config, "YAML configuration; without it the defaults, and input from standard input");
  s->add_option("--data-dir", c.data_dir, "Where journal, incidents and outbox are kept; 'none' keeps nothing");
  s->add_option("--http", c.http, "Address to serve HTTP on; 'none' for no HTTP");
  s->add_option("-i,--input", c.input, "One more source: a file, or - for standard input");
  s->add_option("-f,--format", c.format, "Of --input: tibrvlisten, jsonl, or auto (told by the first character)");
  s->add_option("--emit", c.emit, "Also print symptoms, incidents or notifications, or of equipment windows, anomalies, states, downtimes, joins, quality or equipment (all but quality), as JSON lines");
  s->add_option("--clock", c.clock, "A drill: RECORDED@MACHINExSPEED; at MACHINE time by the system's clock RECORDED time begins, SPEED times as fast (docs/operating.md, Drill)");
  s->add_flag("--once", c.once, "End when every source has ended and everything is delivered");
  s->footer("Example:  tibrvlisten \"_RV.*.SYSTEM.>\" | tocsin run --emit incidents");
}

void add_replay(CLI::App& app, replay_command& c) {
  auto* s = app.add_subcommand("replay", "Read a recording with a virtual clock as fast as it goes and print what is said as JSON lines");
  s->add_option("-i,--input", c.input, "File, or - for standard input")->required();
  s->add_option("-f,--format", c.format, "tibrvlisten, jsonl, rv-hex, journal or samples")->required();
  s->add_option("-c,--config", c.config, "YAML configuration");
  s->add_option("--until", c.until, "Let time pass to then after the last record (RFC 3339)");
  s->add_option("--emit", c.emit, "incidents, symptoms or notifications; of samples also windows, anomalies, states, downtimes, joins, quality or equipment (all but quality)")->capture_default_str();
  s->add_option("--through", c.through, "machines, or actors: the same through the mailboxes")->check(CLI::IsMember({"machines", "actors"}))->capture_default_str();
  s->add_option("--shards", c.shards, "Through actors: number of shards; 0 = as configured")->check(CLI::Range(0u, 256u));
  s->add_option("--workers", c.workers, "Through actors: number of threads; 0 = one less than processors")->check(CLI::Range(0u, 256u));
  s->add_option("--block-bytes", c.block_bytes, "Bytes read at a time")->check(CLI::Range(std::size_t{1}, std::size_t{64} << 20));
  s->add_flag("--strict", c.strict, "Exit 1 when a piece of input could not be used");
  s->footer("Example:  tocsin replay --input last-tuesday.txt --format tibrvlisten --emit notifications");
}

void add_query(CLI::App& app, const std::string& what, const std::string& one, query_command& c, bool& wanted) {
  auto* noun = app.add_subcommand(what, "Ask a running tocsin about its " + what);
  noun->require_subcommand(1);
  auto common = [&c](CLI::App* s) {
    s->add_option("-s,--server", c.server, "Address of the running tocsin")->envname("TOCSIN_SERVER")->capture_default_str();
    s->add_option("-o,--output", c.output, "table or json")->capture_default_str();
  };
  auto* list = noun->add_subcommand("list", "All of them");
  common(list);
  list->add_option("--state", c.state, what == "daemons" ? "Only those: alive, late, lost, stopped, unknown, missing" : "Only those: open, closed");
  if (what == "daemons") list->add_option("--host", c.host, "Only this host address");
  list->add_option("--limit", c.most, "At most so many")->capture_default_str();
  auto* show = noun->add_subcommand("show", "One of them in full");
  common(show);
  show->add_option("id", c.id, one)->required();
  for (auto* s : {list, show}) {
    if (what == "daemons") s->add_flag("--local", c.local, "Only what that node knows itself, not what the others of its cluster know");
    s->callback([&c, &wanted, what] {
      c.what = what;
      wanted = true;
    });
  }
  noun->footer("Example:  tocsin " + what + " list --state " + (what == "daemons" ? "lost" : "open") + " -o json");
}

void add_cluster(CLI::App& app, query_command& c, bool& wanted) {
  auto* noun = app.add_subcommand("cluster", "Ask a running tocsin about the nodes of its cluster");
  noun->require_subcommand(1);
  auto* show = noun->add_subcommand("show", "The nodes, and who owns which partition of the input, as that node sees it");
  show->add_option("-s,--server,--node", c.server, "Address of the running tocsin")->envname("TOCSIN_SERVER")->capture_default_str();
  show->add_option("-o,--output", c.output, "table or json")->capture_default_str();
  show->callback([&c, &wanted] {
    c.what = "cluster";
    wanted = true;
  });
  noun->footer("Example:  tocsin cluster show --node http://10.0.0.2:8420");
}

void add_simulate(CLI::App& app, simulate_command& c) {
  auto* s = app.add_subcommand("simulate", "Print what a simulated fleet of daemons would be heard to say, or a simulated line of equipment would measure, as JSON lines");
  s->add_option("--scenario", c.scenario, "Scenario file with fleets and faults; without it one healthy fleet");
  s->add_option("--daemons", c.daemons, "Size of the fleet without a scenario")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  auto* units = s->add_option("--units", c.units, "Sensor readings of a line of so many units instead of a fleet")->check(CLI::Range(1, 1000));
  s->add_option("--channels", c.channels, "Of each unit")->needs(units)->capture_default_str();
  s->add_option("--interval", c.interval, "Between two readings of a channel")->needs(units)->capture_default_str();
  s->add_option("--fault", c.faults, "What goes wrong with the line: step etch1.pressure 4 sd at 2m for 1m; may be given again")->needs(units)->expected(1)->take_all();
  s->add_option("--seed", c.seed, "Same seed, same lines")->capture_default_str();
  s->add_option("--until", c.until, "For how long, in its own time, without a scenario")->capture_default_str();
  s->add_option("--vantage", c.vantage, "Only what is heard through this vantage point of the scenario");
  s->add_option("--start", c.start, "When it begins (RFC 3339)")->capture_default_str();
  auto* pace = s->add_option("--pace", c.pace, "none: as fast as it goes; 1: as in life; 30: thirty times faster")->capture_default_str();
  s->add_option("--clock", c.clock, "Instead of a pace: each line at its time by the clock of a drill, as for tocsin run")->excludes(pace);
  s->footer("Example:  tocsin simulate --daemons 5 --until 10m | tocsin replay -i - -f jsonl --emit symptoms\n"
            "          tocsin simulate --units 4 --fault 'spike etch1.pressure 20 sd at 5m' --until 10m | tocsin replay -i - -f samples --emit anomalies");
}

void add_route(CLI::App& app, route_command& c, int (*&wanted)(const route_command&)) {
  auto* noun = app.add_subcommand("route", "Show the tree of routes, or test which of them an incident takes");
  noun->require_subcommand(1);
  auto common = [&c](CLI::App* s) {
    s->add_option("-c,--config", c.config, "YAML configuration");
    s->add_option("-o,--output", c.output, "table or json")->capture_default_str();
  };
  auto* show = noun->add_subcommand("show", "The whole tree");
  common(show);
  show->callback([&wanted] { wanted = route_show; });
  auto* test = noun->add_subcommand("test", "The routes taken by an incident with these labels, with receivers, groups and timers");
  common(test);
  test->add_option("labels", c.labels, "LABEL=VALUE; a subject also gives host, service and the inventory's labels");
  test->add_option("--at", c.at, "When, for calendars (RFC 3339); without it now, and muted routes count as taken");
  test->add_option("--verify-receivers", c.verify, "Receivers that must be told, with commas between; exit 1 when it is others");
  test->callback([&wanted] { wanted = route_test; });
  test->footer("Examples:  tocsin route test -c tocsin.yaml severity=critical subject=rvd/10.98.163.10/7500\n"
               "           tocsin route test -c tocsin.yaml severity=warning --at 2026-11-21T03:00:00+01:00 --verify-receivers night-shift");
  noun->footer("Example:  tocsin route show -c tocsin.yaml");
}

void add_template(CLI::App& app, template_command& c) {
  auto* noun = app.add_subcommand("template", "What receivers get");
  noun->require_subcommand(1);
  auto* preview = noun->add_subcommand("preview", "Print what a receiver would get about an incident");
  preview->add_option("-c,--config", c.config, "YAML configuration");
  preview->add_option("-r,--receiver", c.receiver, "Name of the receiver")->required();
  preview->add_option("--incident", c.incident, "File with an incident or a notification as JSON, or sample")->capture_default_str();
  preview->footer("Example:  tocsin template preview -c tocsin.yaml --receiver ops-mail");
}

void add_test(CLI::App& app, test_command& c) {
  auto* s = app.add_subcommand("test", "Run tests of a configuration: what comes in, who must be told; exit 1 when one fails");
  s->add_option("files", c.files, "YAML files with tests")->required();
  s->footer("Example:  tocsin test /etc/tocsin/*.tests.yaml");
}

void add_check(CLI::App& app, check_command& c) {
  auto* s = app.add_subcommand("check-config", "Read a configuration and name every problem with file, line, column and remedy");
  s->add_option("file", c.config, "YAML configuration; none: the defaults");
  s->add_option("-c,--config", c.config, "The same");
  s->add_flag("--schema", c.schema, "Print the JSON Schema of the configuration");
  s->footer("Example:  tocsin check-config /etc/tocsin/tocsin.yaml");
}

int dispatch(int argc, char** argv) {
  CLI::App app{"Tocsin watches TIB/RV daemons and equipment, and tells the right person, once, what is wrong and why.", "tocsin"};
  app.set_version_flag("--version", std::string{"tocsin "} + TOCSIN_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 a problem was found, 2 wrong usage or unusable configuration, 3 only warnings,\n"
             "4 no answer from the server, 70 a bug.");
  run_command to_run;
  replay_command to_replay;
  simulate_command to_simulate;
  check_command to_check;
  query_command to_query;
  bool query_wanted = false, order_wanted = false;
  order_command to_order;
  route_command to_route;
  template_command to_preview;
  test_command to_test;
  int (*route_wanted)(const route_command&) = nullptr;
  std::string shell;
  add_run(app, to_run);
  add_replay(app, to_replay);
  add_simulate(app, to_simulate);
  add_check(app, to_check);
  add_query(app, "daemons", "rvd/<host>/<service>, or <host>/<service>", to_query, query_wanted);
  add_query(app, "incidents", "Id of the incident", to_query, query_wanted);
  add_cluster(app, to_query, query_wanted);
  add_orders(app, to_order, order_wanted, to_query, query_wanted);
  add_route(app, to_route, route_wanted);
  add_template(app, to_preview);
  explain_command to_explain;
  notifications_command to_notify;
  add_explain(app, to_explain);
  add_notifications(app, to_notify);
  add_test(app, to_test);
  score_command to_score;
  add_score(app, to_score);
  analyse_command to_analyse;
  add_analyse(app, to_analyse);
  produce_command to_produce;
  add_produce(app, to_produce);
  auto* completion = app.add_subcommand("completion", "Print a completion script");
  completion->add_option("shell", shell, "bash, zsh or fish")->required();
  completion->footer("Example:  source <(tocsin completion bash)");

  // Otherwise only the lack of a command would be said.
  const auto is_named = [&](const CLI::App* s) { return argc > 1 && s->get_name() == argv[1]; };
  if (argc > 1 && argv[1][0] != '-' && app.get_subcommands(is_named).empty()) {
    std::fprintf(stderr, "tocsin: there is no command '%s'; see tocsin --help\n", argv[1]);
    return usage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? done : usage;
  }
  if (app.got_subcommand("run")) return run(to_run);
  if (app.got_subcommand("replay")) return replay(to_replay);
  if (app.got_subcommand("simulate")) return simulate(to_simulate);
  if (app.got_subcommand("check-config")) return check(to_check);
  if (app.got_subcommand("template")) return preview_template(to_preview);
  if (app.got_subcommand("test")) return test_rules(to_test);
  if (app.got_subcommand("score")) return score(to_score);
  if (app.got_subcommand("analyse")) return analyse(to_analyse);
  if (app.got_subcommand("produce")) return produce(to_produce);
  if (app.got_subcommand("completion")) return complete(shell);
  if (app.got_subcommand("explain")) return explain(to_explain);
  if (app.got_subcommand("notifications")) return notifications(to_notify);
  if (order_wanted) return give_order(to_order);
  if (route_wanted) return route_wanted(to_route);
  if (query_wanted && to_query.what == "report") return print_report(to_query);
  return query_wanted ? query(to_query) : usage;
}

} // namespace

int main(int argc, char** argv) {
  try {
    return dispatch(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "tocsin: this is a bug: %s\n", e.what());
    return bug;
  }
}
