// The commands of the one binary. Exit codes: 0 done, 1 a problem was found, 2 wrong usage or unusable
// configuration, 3 only warnings, 4 no answer from the server, 70 a bug.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "core/equipment/effect.hpp"
#include "core/group_table.hpp"
#include "io/http_client.hpp"

namespace CLI {
class App;
}

namespace tocsin::cli {

enum exit_code : int { done = 0, problem = 1, usage = 2, warnings = 3, no_server = 4, bug = 70 };

struct replay_command {
  std::string input, format, config, until, emit = "incidents", through = "machines", start_service;
  std::uint32_t shards = 0, workers = 0;
  std::size_t block_bytes = 256 * 1024;
  bool strict = false;
};
struct run_command {
  std::string config, data_dir, http, input, format = "auto", emit, clock;
  bool once = false;
};
struct check_command {
  std::string config;
  bool schema = false;
};
struct query_command {
  std::string what;   ///< daemons, incidents, cluster …
  std::string id;     ///< empty: list
  std::string server = "http://127.0.0.1:8420", output = "table", host, state;
  std::size_t most = 1000;
  bool local = false; ///< daemons: of that node alone
};
/// What a person tells a running tocsin; see core/operator_command.hpp.
struct order_command {
  std::string kind, target, who, comment, from, until, duration, server = "http://127.0.0.1:8420";
  std::vector<std::string> matchers;
};
struct simulate_command {
  std::string scenario, until = "1h", pace = "none", start = "2026-01-01T00:00:00Z", clock, vantage;
  std::uint32_t daemons = 24, units = 0, channels = 4; ///< units: a line of equipment instead of a fleet
  std::string interval = "1s";
  std::vector<std::string> faults; ///< of the line
  std::uint64_t seed = 1;
};
struct route_command {
  std::string config, at, output = "table";
  std::vector<std::string> labels;   ///< LABEL=VALUE
  std::optional<std::string> verify; ///< receivers that must be told, with commas between
};

struct template_command {
  std::string config, receiver, incident = "sample";
};

struct explain_command {
  std::string incident, receiver, server = "http://127.0.0.1:8420", output = "table", data_dir, config;
  bool recompute = false;
};
struct notifications_command {
  std::string receiver, state, from, until, server = "http://127.0.0.1:8420", output = "table";
  std::size_t most = 1000;
  bool redrive = false;
};

struct produce_command {
  std::string config, brokers, topic, input, format = "jsonl", key_field, partitioner, timestamp = "now", vantage;
  std::uint32_t timeout_s = 60;
};

int produce(const produce_command& c);
void add_produce(CLI::App& app, produce_command& c);
int explain(const explain_command& c);
void add_explain(CLI::App& app, explain_command& c);
int notifications(const notifications_command& c);
void add_notifications(CLI::App& app, notifications_command& c);
/// Scores a series with the detectors of the service.
struct score_command {
  std::string input, output, config, train, learn = "auto";
};

int score(const score_command& c);
void add_score(CLI::App& app, score_command& c);
struct analyse_command;
int analyse(const analyse_command& c);
void add_analyse(CLI::App& app, analyse_command& c);
struct test_command {
  std::vector<std::string> files;
};

int test_rules(const test_command& c);
int replay(const replay_command& c);
int run(const run_command& c);
int check(const check_command& c);
int query(const query_command& c);
int simulate(const simulate_command& c);
int give_order(const order_command& c);
int print_report(const query_command& c); ///< -o text, html or json
void add_orders(CLI::App& app, order_command& order, bool& order_wanted, query_command& query, bool& query_wanted);
int route_show(const route_command& c);
int route_test(const route_command& c);
int preview_template(const template_command& c);
/// What is wrong with the templates of these receivers, with the templates' files and lines.
std::vector<config_problem> template_problems(const settings& s);
int complete(const std::string& shell);

/// Begins the drill that --clock names, if any; complains and gives false when it is none. Before any thread.
bool begin_drill_or_complain(const std::string& clock);

/// Reads the configuration and prints its problems; nothing when it cannot be used.
std::optional<settings> load_or_complain(const std::string& path);

/// Prints an answer's error; the exit code for its status.
int complain_about(const http_answer& answer, const std::string& server);

/// Prints what was asked for as JSON lines; buffered until `flush`.
class emitter {
public:
  enum class what { none, symptoms, incidents, notifications };
  explicit emitter(what w) : what_(w) {}
  static std::optional<what> parse(const std::string& text);
  void print(const story& s);
  void flush();

private:
  what what_;
  std::string buffer_;
};

/// What equipment says as JSON lines on standard output.
class equipment_printer {
public:
  static bool knows(const std::string& what); ///< windows, anomalies, states, downtimes, joins, quality, or equipment for all but quality
  explicit equipment_printer(std::string what) : what_(std::move(what)) {}
  void print(const equipment_effects& said);
  void flush();

private:
  std::string what_;
  std::string buffer_;
};

} // namespace tocsin::cli
