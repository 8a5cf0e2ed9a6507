// tocsin analyse: reads the series, asks core/analysis, prints the report.
#include "actors/cli_analyse.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "actors/cli.hpp"
#include "actors/cli_series.hpp"
#include "codecs/report_text.hpp"
#include "core/analysis/analyses.hpp"

namespace tocsin::cli {

namespace {

int print(const analyse_command& c, const result<report>& said) { return said ? print(c, *said) : complain(said.error()); }

/// For a cell of a CSV: empty when it is no number.
void put_number(std::FILE* out, double v) {
  if (std::isfinite(v)) std::fprintf(out, ",%.10g", v);
  else std::fputc(',', out);
}

int trend(const analyse_command& c) {
  const auto per = parse_duration(c.per);
  if (!per) return complain(per.error(), usage);
  const auto of = read_series(c.input, {{}, c.columns});
  return of ? print(c, trend_report(*of, *per)) : problem;
}

bool write_parts(const std::string& path, const series& of, const std::vector<decomposition>& parts) {
  const output_file out = open_output(path);
  if (!out) return false;
  std::fputs("timestamp", out.get());
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (!parts[i].trend.empty())
      for (const char* part : {"trend", "season", "remainder"}) std::fprintf(out.get(), ",%s_%s", of.channels[i].c_str(), part);
  std::fputc('\n', out.get());
  for (std::size_t row = 0; row < of.at.size(); ++row) {
    std::fputs(to_rfc3339(of.at[row]).c_str(), out.get());
    for (const decomposition& p : parts)
      if (!p.trend.empty())
        for (const auto* part : {&p.trend, &p.season, &p.remainder}) put_number(out.get(), (*part)[row]);
    std::fputc('\n', out.get());
  }
  return written(out, path);
}

int season(const analyse_command& c) {
  season_options options;
  const char* end = c.period.data() + c.period.size();
  const auto [at, bad] = std::from_chars(c.period.data(), end, options.rows);
  if (bad != std::errc{} || at != end) {
    options.rows = 0;
    const auto length = parse_duration(c.period);
    if (!length) return complain({errc::invalid, "--period is a number of rows or a span of time, such as 24 or 1d: " + length.error().text}, usage);
    options.length = *length;
  } else if (options.rows < 2) {
    return complain({errc::invalid, "--period " + c.period + ": a period has at least two rows"}, usage);
  }
  options.robust = c.robust;
  options.classic = c.classic;
  const auto of = read_series(c.input, {{}, c.columns});
  if (!of) return problem;
  const auto answer = season_report(*of, options);
  if (!answer) return complain(answer.error());
  if (!c.output.empty() && !write_parts(c.output, *of, answer->parts)) return problem;
  return print(c, answer->said);
}

int correlations(const analyse_command& c) {
  const auto of = read_series(c.input, {{}, c.columns});
  return of ? print(c, correlation_report(*of, c.most)) : problem;
}

int yield(const analyse_command& c) {
  const auto of = read_series(c.input, {{c.failed}, c.columns});
  if (!of) return problem;
  std::vector<outcome> outcomes;
  for (const std::string& text : of->texts[0]) {
    const auto one = parse_outcome(text);
    if (!one) return complain({errc::invalid, of->name + ": row " + std::to_string(outcomes.size()) + ", column '" + c.failed + "': " + one.error().text});
    outcomes.push_back(*one);
  }
  return print(c, yield_report(*of, outcomes, c.most));
}

bool write_scores(const std::string& path, const std::vector<row_score>& rows, bool two) {
  const output_file out = open_output(path);
  if (!out) return false;
  std::fputs(two ? "row,t2_in_limits,spe_in_limits,alert\n" : "row,score,alert\n", out.get());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::fprintf(out.get(), "%zu", i);
    put_number(out.get(), rows[i].score);
    if (two) put_number(out.get(), rows[i].second);
    std::fprintf(out.get(), ",%d\n", rows[i].alert ? 1 : 0);
  }
  return written(out, path);
}

int by_training(const analyse_command& c) {
  const auto normal = read_series(c.train, {{}, c.columns});
  if (!normal) return problem;
  std::optional<series> other;
  if (!c.input.empty() && !(other = read_series(c.input, {{}, c.columns}))) return problem;
  const series& judged = other ? *other : *normal;
  const bool components = c.what == "components";
  const auto answer = components ? components_report(*normal, judged, {c.components, c.explained, c.alpha}, c.most)
                                 : forest_report(*normal, judged, {c.trees, c.sample, c.seed}, c.alpha, c.most);
  if (!answer) return complain(answer.error());
  if (!c.output.empty() && !write_scores(c.output, answer->rows, components)) return problem;
  return print(c, answer->said);
}

int spc(const analyse_command& c) {
  series_columns wanted{{}, c.columns};
  if (!c.context.empty()) wanted.texts.push_back(c.context);
  const auto of = read_series(c.input, wanted);
  return of ? print(c, spc_report(*of, {c.subgroup, c.learn, c.rules, c.most})) : problem;
}

} // namespace

int complain(const error& e, int code) {
  std::fprintf(stderr, "tocsin: %s\n", e.text.c_str());
  return code;
}

int print(const analyse_command& c, const report& said) {
  const std::string text = c.json ? to_json(said) : to_text(said);
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (std::fflush(stdout) == 0) return done;
  std::fputs("tocsin: standard output could not be written to its end\n", stderr);
  return problem;
}

int analyse(const analyse_command& c) {
  if (c.what == "trend") return trend(c);
  if (c.what == "season") return season(c);
  if (c.what == "correlations") return correlations(c);
  if (c.what == "yield") return yield(c);
  if (c.what == "components" || c.what == "forest") return by_training(c);
  return c.what == "spc" ? spc(c) : signature(c);
}

} // namespace tocsin::cli
