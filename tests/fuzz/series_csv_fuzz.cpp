// Fuzz target: any bytes as a CSV of series, whole and in pieces: finite or missing values, times that never decrease.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "codecs/series_csv.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string read(std::string_view input, std::size_t piece) {
  tocsin::series_csv csv{"f"};
  std::string all;
  tocsin::timestamp before = tocsin::unset;
  const auto take = [&](const tocsin::series_row& r) {
    require(r.at >= before && r.values.size() == csv.channels().size());
    before = r.at;
    all += std::to_string(tocsin::to_nanoseconds(r.at));
    for (double v : r.values) {
      require(std::isnan(v) || std::isfinite(v));
      all += ' ' + std::to_string(v);
    }
    all += '\n';
  };
  for (std::size_t at = 0; at < input.size(); at += std::min(piece, input.size() - at)) csv.feed(input.substr(at, piece), take);
  csv.finish(take);
  require(csv.problems().size() <= tocsin::series_csv::problems_kept && csv.problems().size() <= csv.problem_count());
  return all + std::to_string(csv.problem_count()) + (csv.failure() ? csv.failure()->text : "");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  require(read(input, size + 1) == read(input, 1 + (size ? data[size / 2] : 0)));
  return 0;
}
