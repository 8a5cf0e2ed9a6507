// tocsin score: the service's own detectors over any CSV, row by row, as they would see it live.
#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <vector>

#include "actors/cli.hpp"
#include "codecs/series_csv.hpp"
#include "core/detectors/channel_monitor.hpp"
#include "io/plain_or_gzip.hpp"

namespace tocsin::cli {

namespace {

using judge = std::function<row_verdict(timestamp, std::span<const double>)>;

/// The seam between one channel and several: everything about groups of channels is in here.
judge make_judge(std::size_t channels, const channel_options& options) {
  auto shared = std::make_shared<const channel_options>(options);
  auto monitors = std::make_shared<std::vector<channel_monitor>>(channels, channel_monitor{shared});
  return [monitors](timestamp at, std::span<const double> values) {
    row_verdict all;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const row_verdict one = (*monitors)[i].next(at, values[i]);
      all.score = std::max(all.score, one.score);
      all.alert |= one.alert;
      all.change_point |= one.change_point;
    }
    return all;
  };
}

struct file_closer {
  void operator()(std::FILE* f) const {
    if (f != stdout) std::fclose(f);
  }
};
using output_file = std::unique_ptr<std::FILE, file_closer>;

/// Writes `row,score,alert,cp`; the judge is made when the first row shows how many channels there are.
class scorer {
public:
  scorer(std::FILE* out, const channel_options& options) : out_(out), options_(options) { std::fputs("row,score,alert,cp\n", out); }
  void take(const series_row& row) {
    if (!judge_) judge_ = make_judge(row.values.size(), options_);
    const row_verdict v = row.ragged ? row_verdict{} : judge_(row.at, row.values);
    std::fprintf(out_, "%llu,%.6g,%d,%d\n", static_cast<unsigned long long>(rows_), v.score, v.alert ? 1 : 0, v.change_point ? 1 : 0);
    ++rows_;
  }
  std::uint64_t rows() const { return rows_; }

private:
  std::FILE* out_;
  channel_options options_;
  judge judge_;
  std::uint64_t rows_ = 0;
};

bool set_learning(const std::string& text, channel_options& options) {
  if (text == "auto") return true;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), options.learn_rows);
  if (bad == std::errc{} && end == text.data() + text.size()) return true;
  std::fprintf(stderr, "tocsin: --learn is a number of rows, or auto for what the configuration says, not '%s'\n", text.c_str());
  return false;
}

/// False: the input could not be read to its end, or not at all.
bool read_all(plain_or_gzip& input, series_csv& csv, scorer& to) {
  const auto take = [&to](const series_row& row) { to.take(row); };
  bool whole = true;
  while (!csv.failure()) {
    const auto piece = input.next();
    if (!piece) std::fprintf(stderr, "tocsin: %s\n", piece.error().text.c_str());
    whole = piece.has_value();
    if (!piece || piece->empty()) break;
    csv.feed(*piece, take);
  }
  csv.finish(take);
  for (const std::string& p : csv.problems()) std::fprintf(stderr, "tocsin: %s\n", p.c_str());
  if (csv.problem_count() > csv.problems().size())
    std::fprintf(stderr, "tocsin: %llu such problems in all\n", static_cast<unsigned long long>(csv.problem_count()));
  if (!csv.failure()) return whole;
  std::fprintf(stderr, "tocsin: %s\n", csv.failure()->text.c_str());
  return false;
}

} // namespace

int score(const score_command& c) {
  auto s = load_or_complain(c.config);
  if (!s || !set_learning(c.learn, s->detectors)) return usage;
  auto input = plain_or_gzip::open(c.input);
  if (!input) {
    std::fprintf(stderr, "tocsin: %s\n", input.error().text.c_str());
    return problem;
  }
  output_file out{c.output == "-" ? stdout : std::fopen(c.output.c_str(), "w")};
  if (!out) {
    std::fprintf(stderr, "tocsin: cannot write '%s'; name a file in a folder that is there\n", c.output.c_str());
    return problem;
  }
  series_csv csv{c.input};
  scorer to{out.get(), s->detectors};
  const bool read = read_all(*input, csv, to);
  if (std::fflush(out.get()) != 0 || std::ferror(out.get())) {
    std::fprintf(stderr, "tocsin: '%s' could not be written to its end; is the disk full?\n", c.output.c_str());
    return problem;
  }
  return read ? done : problem;
}

void add_score(CLI::App& app, score_command& c) {
  auto* s = app.add_subcommand("score", "Run the detectors over a CSV with a time column and value columns, and write row,score,alert,cp");
  s->add_option("-i,--input", c.input, "CSV, plain or gzip, or - for standard input")->required();
  s->add_option("-o,--output", c.output, "Where the scores go, or - for standard output")->required();
  s->add_option("-c,--config", c.config, "YAML configuration; its section detectors counts here");
  s->add_option("--learn", c.learn, "First rows, which give no alert; auto: as configured")->capture_default_str();
  s->footer("Example:  tocsin score --input chamber-7.csv.gz --output scores.csv");
}

} // namespace tocsin::cli
