#include <malloc.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <unistd.h>

#include "actors/cli.hpp"
#include "actors/node.hpp"
#include "io/clock.hpp"
#include "io/log.hpp"

namespace tocsin::cli {

namespace {

void set_log(const settings& s) {
  log::set_json(s.log_json);
  log::set_level(s.log_level == "debug"     ? log::level::debug
                 : s.log_level == "warning" ? log::level::warning
                 : s.log_level == "error"   ? log::level::error
                                            : log::level::info);
}

/// What the command line adds to the file.
void apply(const run_command& c, settings& s) {
  if (!c.data_dir.empty()) s.data_dir = c.data_dir == "none" ? "" : c.data_dir;
  if (!c.http.empty()) s.http_address = c.http == "none" ? "" : c.http;
  if (!c.input.empty() || s.sources.empty()) {
    source_settings input;
    input.name = "input";
    input.kind = c.format == "auto" ? "auto" : c.format;
    input.path = c.input.empty() ? "-" : c.input;
    input.context = s.replay_context;
    input.mapping = s.replay_mapping;
    s.sources.push_back(std::move(input));
  }
}

void reload(node& n, const run_command& c) {
  auto fresh = load_or_complain(c.config);
  if (!fresh) {
    log::error("reload_refused", {{"file", c.config}, {"remedy", "the former configuration goes on; mend the file and send SIGHUP again"}});
    n.reload_failed();
    return;
  }
  apply(c, *fresh);
  const auto kept = n.reload(*fresh);
  if (!kept) {
    log::error("reload_refused", {{"file", c.config}, {"reason", kept.error().text}});
    n.reload_failed();
    return;
  }
  set_log(*fresh);
  std::string later;
  for (const std::string& key : *kept) later += (later.empty() ? "" : ", ") + key;
  log::info("reloaded", {{"file", c.config}, {"version", fresh->rules.version}, {"needs_restart", later.empty() ? "nothing" : later}});
}

} // namespace

int run(const run_command& c) {
  const bool of_equipment = equipment_printer::knows(c.emit);
  const auto wanted = of_equipment ? emitter::what::none : emitter::parse(c.emit);
  if (!wanted) {
    std::fprintf(stderr, "tocsin: --emit is symptoms, incidents or notifications, or windows, anomalies, states, downtimes, joins, quality or equipment, not '%s'\n", c.emit.c_str());
    return usage;
  }
  if (c.format != "auto" && c.format != "tibrvlisten" && c.format != "jsonl") {
    std::fprintf(stderr, "tocsin: --format is tibrvlisten, jsonl or auto, not '%s'\n", c.format.c_str());
    return usage;
  }
  auto s = load_or_complain(c.config);
  if (!s || !begin_drill_or_complain(c.clock)) return usage;
  apply(c, *s);
  set_log(*s);
  if (drill().given())
    log::warning("drill", {{"recorded", to_rfc3339(drill().from())}, {"from", to_rfc3339(drill().begins())}, {"speed", std::to_string(drill().speed())},
                           {"remedy", "not for production: incidents, silences and notifications follow this clock; without --clock it is the system's"}});

  // A snapshot of a large fleet is a hundred megabytes for a moment: it goes back to the system, what batches need is kept.
  mallopt(M_MMAP_THRESHOLD, 8 << 20);
  mallopt(M_TRIM_THRESHOLD, 32 << 20);

  // Signals are taken by this thread alone; every thread started later inherits the mask.
  sigset_t signals;
  sigemptyset(&signals);
  for (int each : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, each);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  emitter out{*wanted};
  node_options o;
  o.config = *s;
  if (*wanted != emitter::what::none)
    o.tell = [&out](const story& told) {
      out.print(told);
      out.flush();
    };
  equipment_printer equipment_out{c.emit};
  if (of_equipment)
    o.tell_equipment = [&equipment_out](const equipment_effects& said) {
      equipment_out.print(said);
      equipment_out.flush();
    };
  o.failed = [](const std::string&) { kill(getpid(), SIGUSR1); };
  node n{std::move(o)};
  if (auto up = n.start(); !up) {
    log::error("start_failed", {{"reason", up.error().text}});
    std::_Exit(problem);
  }
  log::info("started", {{"http", s->http_address.empty() ? "none" : "port " + std::to_string(n.http_port())},
                        {"data_dir", s->data_dir.empty() ? "none" : s->data_dir},
                        {"sources", std::to_string(s->sources.size())}});
  int code = done;
  for (;;) {
    const timespec tick{0, 100'000'000};
    const int got = c.once ? sigtimedwait(&signals, nullptr, &tick) : sigwaitinfo(&signals, nullptr);
    if (got == SIGHUP) {
      reload(n, c);
    } else if (got == SIGUSR1) {
      code = bug;
      break;
    } else if (got == SIGTERM || got == SIGINT || (got < 0 && c.once && n.drained())) {
      break;
    }
  }
  n.stop();
  log::info("stopped", {});
  std::fflush(nullptr);
  std::_Exit(code); // everything is stored; a hanging detached actor must not hold up the exit
}

} // namespace tocsin::cli
