#include "actors/cli_series.hpp"

namespace tocsin::cli {

bool read_all(plain_or_gzip& input, series_csv& csv, const series_csv::taker& take) {
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

std::optional<series> read_series(const std::string& file, const series_columns& wanted) {
  auto input = plain_or_gzip::open(file);
  if (!input) {
    std::fprintf(stderr, "tocsin: %s\n", input.error().text.c_str());
    return std::nullopt;
  }
  series out;
  out.name = file == "-" ? "standard input" : file;
  out.texts.resize(wanted.texts.size());
  series_csv csv{out.name, wanted};
  bool fits = true;
  const bool read = read_all(*input, csv, [&](const series_row& row) {
    fits = fits && out.rows.values.size() + row.values.size() <= series_values_max;
    if (!fits) return;
    out.rows.columns = row.values.size();
    out.rows.push(row.values);
    out.at.push_back(row.at);
    for (std::size_t i = 0; i < row.texts.size(); ++i) out.texts[i].emplace_back(row.texts[i]);
  });
  if (!read) return std::nullopt;
  out.channels = csv.channels();
  if (!fits) {
    std::fprintf(stderr, "tocsin: %s: more than %zu values; give fewer rows, or fewer channels with --columns\n", out.name.c_str(), series_values_max);
    return std::nullopt;
  }
  if (out.at.empty()) {
    std::fprintf(stderr, "tocsin: %s: there is a header and no row; is it the right file?\n", out.name.c_str());
    return std::nullopt;
  }
  return out;
}

output_file open_output(const std::string& path) {
  output_file out{path == "-" ? stdout : std::fopen(path.c_str(), "w")};
  if (!out) std::fprintf(stderr, "tocsin: cannot write '%s'; name a file in a folder that is there\n", path.c_str());
  return out;
}

bool written(const output_file& out, const std::string& path) {
  if (std::fflush(out.get()) == 0 && !std::ferror(out.get())) return true;
  std::fprintf(stderr, "tocsin: '%s' could not be written to its end; is the disk full?\n", path.c_str());
  return false;
}

} // namespace tocsin::cli
