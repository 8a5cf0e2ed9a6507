// tocsin score: the service's own detectors over any CSV, row by row, as they would see it live.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "actors/cli.hpp"
#include "actors/cli_series.hpp"
#include "actors/score_judge.hpp"

namespace tocsin::cli {

namespace {

/// Writes `row,score,alert,cp`; the judge is made when the first row shows how many channels there are.
class scorer {
public:
  scorer(std::FILE* out, const channel_options& options, std::size_t learn, row_judge trained)
      : out_(out), options_(options), learn_(learn), judge_(std::move(trained)) {
    std::fputs("row,score,alert,cp\n", out);
  }
  void take(const series_row& row) {
    if (!judge_) judge_ = judge_of_series(row.values.size(), options_, learn_);
    const row_verdict v = row.ragged ? row_verdict{} : judge_(row.at, row.values);
    std::fprintf(out_, "%llu,%.6g,%d,%d\n", static_cast<unsigned long long>(rows_), v.score, v.alert ? 1 : 0, v.change_point ? 1 : 0);
    ++rows_;
  }
  std::uint64_t rows() const { return rows_; }

private:
  std::FILE* out_;
  channel_options options_;
  std::size_t learn_;
  row_judge judge_;
  std::uint64_t rows_ = 0;
};

/// Rows; 0 for auto.
std::optional<std::size_t> learning_of(const std::string& text) {
  if (text == "auto") return 0;
  std::size_t rows = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), rows);
  if (bad == std::errc{} && end == text.data() + text.size()) return rows;
  std::fprintf(stderr, "tocsin: --learn is a number of rows, or auto for what the configuration says, not '%s'\n", text.c_str());
  return std::nullopt;
}

struct training {
  std::vector<std::string> channels;
  std::shared_ptr<trained_group_monitor> monitor;
};

/// Null monitor: said why.
training train_on(const std::string& file) {
  auto input = plain_or_gzip::open(file);
  if (!input) {
    std::fprintf(stderr, "tocsin: %s\n", input.error().text.c_str());
    return {};
  }
  series_csv csv{file};
  table rows;
  const bool read = read_all(*input, csv, [&rows](const series_row& row) {
    if (row.ragged || !std::ranges::all_of(row.values, [](double v) { return std::isfinite(v); })) return;
    rows.columns = row.values.size();
    rows.push(row.values);
  });
  if (!read) return {};
  auto trained = trained_group_monitor::train(rows);
  if (!trained) {
    std::fprintf(stderr, "tocsin: %s: %s\n", file.c_str(), trained.error().text.c_str());
    return {};
  }
  return {csv.channels(), std::make_shared<trained_group_monitor>(std::move(*trained))};
}

} // namespace

int score(const score_command& c) {
  auto s = load_or_complain(c.config);
  const auto learn = learning_of(c.learn);
  if (!s || !learn) return usage;
  training trained;
  if (!c.train.empty() && !(trained = train_on(c.train)).monitor) return problem;
  auto input = plain_or_gzip::open(c.input);
  if (!input) {
    std::fprintf(stderr, "tocsin: %s\n", input.error().text.c_str());
    return problem;
  }
  const output_file out = open_output(c.output);
  if (!out) return problem;
  series_csv csv{c.input};
  scorer to{out.get(), s->detectors, *learn, trained.monitor ? judge_by_training(trained.monitor) : row_judge{}};
  bool same = true;
  const bool read = read_all(*input, csv, [&](const series_row& row) {
    same = same && (!trained.monitor || csv.channels() == trained.channels);
    if (same) to.take(row);
  });
  if (!same) {
    std::fprintf(stderr, "tocsin: %s has other columns than %s; train on a series of the same channels in the same order\n", c.input.c_str(), c.train.c_str());
    return problem;
  }
  if (!written(out, c.output)) return problem;
  return read ? done : problem;
}

void add_score(CLI::App& app, score_command& c) {
  auto* s = app.add_subcommand("score", "Run the detectors over a CSV with a time column and value columns, and write row,score,alert,cp");
  s->add_option("-i,--input", c.input, "CSV, plain or gzip, or - for standard input")->required();
  s->add_option("-o,--output", c.output, "Where the scores go, or - for standard output")->required();
  s->add_option("-c,--config", c.config, "YAML configuration; its section detectors counts here");
  s->add_option("--train", c.train, "CSV of normal operation with the same columns: the group is trained on it, and every row is judged");
  s->add_option("--learn", c.learn, "First rows, which give no alert; auto: as configured")->capture_default_str();
  s->footer("Example:  tocsin score --input chamber-7.csv.gz --output scores.csv");
}

} // namespace tocsin::cli
