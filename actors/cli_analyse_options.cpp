// The command line of tocsin analyse.
#include <CLI/CLI.hpp>

#include "actors/cli.hpp"
#include "actors/cli_analyse.hpp"

namespace tocsin::cli {

namespace {

CLI::App* add_one(CLI::App& noun, analyse_command& c, const char* name, const char* help) {
  auto* s = noun.add_subcommand(name, help);
  s->add_flag("--json", c.json, "One JSON object instead of a table");
  s->callback([&c, name] { c.what = name; });
  return s;
}

CLI::Option* add_input(CLI::App* s, analyse_command& c) {
  s->add_option("--columns", c.columns, "The only channels, with commas between; without it all")->delimiter(',');
  return s->add_option("-i,--input", c.input, "CSV with a time column and value columns, plain or gzip, or - for standard input");
}

void add_most(CLI::App* s, analyse_command& c, const char* help) { s->add_option("--most", c.most, help)->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}))->capture_default_str(); }

void add_training(CLI::App* s, analyse_command& c) {
  add_input(s, c);
  s->add_option("--train", c.train, "CSV of normal operation; judged itself when there is no --input")->required();
  s->add_option("-o,--output", c.output, "Where the scores of all rows go, as CSV; - for standard output");
  add_most(s, c, "Worst rows shown");
}

void add_parameters(CLI::App& noun, analyse_command& c) {
  auto* trend = add_one(noun, c, "trend", "Which channels rise or fall, how fast, and whether it could be chance");
  add_input(trend, c)->required();
  trend->add_option("--per", c.per, "Unit of the slopes")->capture_default_str();
  trend->footer("Example:  tocsin analyse trend --input chamber-7.csv.gz --per 1d");

  auto* season = add_one(noun, c, "season", "Take channels apart into trend, season and remainder");
  add_input(season, c)->required();
  season->add_option("--period", c.period, "Rows, or a span of time such as 1d")->required();
  auto* robust = season->add_flag("--robust", c.robust, "Outliers do not bend trend and season");
  season->add_flag("--classic", c.classic, "By moving averages instead of local regression (STL)")->excludes(robust);
  season->add_option("-o,--output", c.output, "Where the parts go, as CSV; - for standard output");
  season->footer("Example:  tocsin analyse season --input chamber-7.csv --period 1d --output parts.csv");

  auto* pairs = add_one(noun, c, "correlations", "Which channels go together, with q-values and stability over time");
  add_input(pairs, c)->required();
  add_most(pairs, c, "Pairs shown");
  pairs->footer("Example:  tocsin analyse correlations --input lots.csv --most 10");

  auto* yield = add_one(noun, c, "yield", "Which parameters differ where it failed, with q-values and stability over time");
  add_input(yield, c)->required();
  yield->add_option("--failed", c.failed, "Column that says what failed: 0 and 1, pass and fail, ok and nok")->required();
  add_most(yield, c, "Parameters shown");
  yield->footer("Example:  tocsin analyse yield --input lots.csv --failed scrapped");
}

void add_rows(CLI::App& noun, analyse_command& c) {
  auto* components = add_one(noun, c, "components", "Principal components of normal rows: T2 and SPE of others, and which channels carry them");
  add_training(components, c);
  components->add_option("--components", c.components, "How many; 0: as many as explain --explained of the variance")->capture_default_str();
  components->add_option("--explained", c.explained, "Share of the variance")->check(CLI::Range(0.01, 1.0))->capture_default_str();
  components->add_option("--alpha", c.alpha, "Share of normal rows beyond each limit")->check(CLI::Range(1e-9, 0.5))->capture_default_str();
  components->footer("Example:  tocsin analyse components --train normal.csv --input today.csv");

  auto* forest = add_one(noun, c, "forest", "Isolation forest of normal rows: how easily others are told from them");
  add_training(forest, c);
  forest->add_option("--trees", c.trees, "Number of trees")->check(CLI::Range(std::size_t{1}, std::size_t{10'000}))->capture_default_str();
  forest->add_option("--sample", c.sample, "Rows of each tree")->check(CLI::Range(std::size_t{2}, std::size_t{65'536}))->capture_default_str();
  forest->add_option("--share", c.alpha, "Share of normal rows beyond the limit")->check(CLI::Range(1e-6, 0.5))->capture_default_str();
  forest->add_option("--seed", c.seed, "Same seed, same trees")->capture_default_str();
  forest->footer("Example:  tocsin analyse forest --train normal.csv --input today.csv --output scores.csv");

  auto* spc = add_one(noun, c, "spc", "Control charts of subgroup means, with limits for each context");
  add_input(spc, c)->required();
  spc->add_option("--subgroup", c.subgroup, "Rows of one point")->required()->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
  spc->add_option("--rules", c.rules, "western_electric, nelson, ewma or cusum")->check(CLI::IsMember({"western_electric", "nelson", "ewma", "cusum"}))->capture_default_str();
  spc->add_option("--context", c.context, "Column whose every value has limits of its own: a recipe, a chamber");
  spc->add_option("--learn", c.learn, "First points of a context, which its limits are learnt from")->check(CLI::Range(std::size_t{3}, std::size_t{1'000'000}))->capture_default_str();
  add_most(spc, c, "Findings shown");
  spc->footer("Example:  tocsin analyse spc --input chamber-7.csv --subgroup 5 --rules nelson --context recipe");
}

void add_signature(CLI::App& parent, analyse_command& c) {
  auto* noun = parent.add_subcommand("signature", "Capture a fault's pattern over the channels, and recognise it again");
  noun->require_subcommand(1);
  const auto add_ranges = [&c](CLI::App* s) {
    add_input(s, c)->required();
    s->add_option("--rows", c.rows, "Rows of the fault, first and last, from 0: 120-180")->required();
    s->add_option("--normal", c.normal, "Rows of normal operation of the same file")->required();
  };
  const auto add_library = [&c](CLI::App* s) { s->add_option("--library", c.library, "File with the signatures (JSON)")->required(); };
  auto* capture = add_one(*noun, c, "capture", "Add a fault to the library");
  add_ranges(capture);
  add_library(capture);
  capture->add_option("--name", c.name, "What people call the fault; several signatures may have one name")->required();
  auto* recognise = add_one(*noun, c, "recognise", "Which fault of the library is this?");
  add_ranges(recognise);
  add_library(recognise);
  add_library(add_one(*noun, c, "list", "What the library holds"));
  noun->footer("Example:  tocsin analyse signature capture --input etch3.csv --rows 1200-1260 --normal 0-1000 --name 'RF match' --library faults.json");
}

} // namespace

void add_analyse(CLI::App& app, analyse_command& c) {
  auto* noun = app.add_subcommand("analyse", "Ask a CSV: trends, seasons, correlations, yield, components, charts, fault signatures");
  noun->require_subcommand(1);
  add_parameters(*noun, c);
  add_rows(*noun, c);
  add_signature(*noun, c);
  noun->footer("Example:  tocsin analyse trend --input chamber-7.csv");
}

} // namespace tocsin::cli
