#include "core/analysis/signature_library.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "core/statistics/order.hpp"

namespace tocsin {

namespace {
constexpr std::size_t rows_least = 8;
constexpr double sure_errors = 4, deviations_most = 1000;

std::string text_of(row_range r) { return "rows " + std::to_string(r.first) + "-" + std::to_string(r.last); }

result<void> check(const series& of, row_range r) {
  if (r.last >= of.at.size()) return fail(errc::invalid, of.name + ": " + text_of(r) + ": the series ends at row " + std::to_string(of.at.size() - 1));
  if (r.size() < rows_least)
    return fail(errc::invalid, of.name + ": " + text_of(r) + ": " + std::to_string(r.size()) + " rows; at least " + std::to_string(rows_least) +
                                   " are needed to tell a fault from noise");
  return {};
}

std::vector<double> values_of(const series& of, row_range r, std::size_t channel) {
  std::vector<double> out;
  for (std::size_t i = r.first; i <= r.last; ++i)
    if (const double v = of.rows.row(i)[channel]; std::abs(v) < 1e100) out.push_back(v);
  return out;
}

double signed_root(double x) { return std::copysign(std::sqrt(std::abs(x)), x); }

/// Level and spread of one channel.
std::pair<double, double> deviations_of(const std::vector<double>& fault, const std::vector<double>& normal) {
  if (fault.size() < rows_least || normal.size() < rows_least) return {0, 0};
  const double error = sure_errors * std::sqrt(1.0 / static_cast<double>(fault.size()) + 1.0 / static_cast<double>(normal.size()));
  const double middle = median(normal), spread = median_absolute_deviation(normal), now = median_absolute_deviation(fault);
  const double away = median(fault) - middle;
  // A channel that stood still while all was normal deviates by any move.
  const double level = spread > 0 ? std::clamp(away / spread, -deviations_most, deviations_most) : std::abs(away) > 1e-9 * std::abs(middle) ? std::copysign(10.0, away) : 0;
  // Standard errors: 1.25 s / sqrt(n) of a median, 1.17 / sqrt(n) of the logarithm of a MAD.
  const double limit = spread > 0 ? 1.25 * error * std::max(1.0, now / spread) : 0;
  double ratio = 0;
  if (spread > 0) ratio = now > 0 ? std::clamp(2 * std::log(now / spread), -10.0, 10.0) : -10;
  else if (now > 0) ratio = 10;
  return {std::abs(level) > limit ? signed_root(level) : 0, std::abs(ratio) > 2 * 1.17 * error ? signed_root(ratio) : 0};
}
} // namespace

result<row_range> parse_row_range(const std::string& text) {
  row_range out;
  const char *begin = text.data(), *end = begin + text.size();
  const auto first = std::from_chars(begin, end, out.first);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '-') {
    const auto last = std::from_chars(first.ptr + 1, end, out.last);
    if (last.ec == std::errc{} && last.ptr == end && out.first <= out.last) return out;
  }
  return fail(errc::invalid, "'" + text.substr(0, 40) + "' is no range of rows; write first and last, counted from 0, as in 120-180");
}

result<fault_signature> capture_signature(const series& of, row_range fault, row_range normal, const std::string& name) {
  if (auto good = check(of, fault); !good) return tl::make_unexpected(good.error());
  if (auto good = check(of, normal); !good) return tl::make_unexpected(good.error());
  if (fault.first <= normal.last && normal.first <= fault.last)
    return fail(errc::invalid, of.name + ": " + text_of(fault) + " of the fault and " + text_of(normal) + " of normal operation overlap; give others");
  if (name.empty() || name.size() > signature_library::name_bytes_max || std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return fail(errc::invalid, "a fault's name has 1 to " + std::to_string(signature_library::name_bytes_max) + " bytes and no control characters");
  std::vector<double> pattern;
  for (std::size_t c = 0; c < of.channels.size(); ++c) {
    const auto [level, spread] = deviations_of(values_of(of, fault, c), values_of(of, normal, c));
    pattern.push_back(level);
    pattern.push_back(spread);
  }
  auto out = fault_signature::capture(name, std::move(pattern));
  if (!out) return fail(errc::invalid, of.name + ": " + text_of(fault) + ": no channel deviates from " + text_of(normal) + "; look for the fault's rows with tocsin score");
  return out;
}

result<void> add_signature(signature_library& to, const series& of, kept_signature added) {
  if (to.known.empty()) to.channels = of.channels;
  if (to.channels != of.channels)
    return fail(errc::invalid, of.name + ": other channels than the library's (" + std::to_string(of.channels.size()) + ", there " + std::to_string(to.channels.size()) +
                                   "); use a library of its own for each kind of equipment");
  if (to.known.size() >= fault_library::signatures_most)
    return fail(errc::too_large, "the library holds " + std::to_string(to.known.size()) + " signatures, as many as it may; begin another one");
  to.known.push_back(std::move(added));
  return {};
}

std::string carried_by(const fault_signature& signature, const std::vector<std::string>& channels) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < signature.pattern.size(); ++i)
    if (std::abs(signature.pattern[i]) >= 0.2) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return std::abs(signature.pattern[a]) > std::abs(signature.pattern[b]); });
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), 4); ++i) {
    const bool up = signature.pattern[order[i]] > 0, spread = order[i] % 2 == 1;
    out += (i == 0 ? "" : ", ") + channels[order[i] / 2] + (spread ? up ? " noisier" : " quieter" : up ? " up" : " down");
  }
  return out;
}

report capture_report(const signature_library& library, const kept_signature& added) {
  report out{.analysis = "signature"};
  out.fact("captured", added.signature.name);
  out.fact("from", added.captured_from);
  out.fact("carried_by", carried_by(added.signature, library.channels));
  out.count("signatures", library.known.size());
  return out;
}

result<report> recognise_report(const signature_library& library, const series& of, const fault_signature& seen) {
  if (library.known.empty()) return fail(errc::missing, "the library holds no signature; capture one first");
  if (library.channels != of.channels)
    return fail(errc::invalid, of.name + ": other channels than the library's; it knows " + std::to_string(library.channels.size()) + ", beginning with '" + library.channels.front() +
                                   "' (--columns chooses)");
  fault_library all;
  std::map<std::string, double> similarity;
  for (const auto& k : library.known) {
    if (auto added = all.add(k.signature); !added) return tl::make_unexpected(added.error());
    double cosine = 0;
    for (std::size_t i = 0; i < seen.pattern.size(); ++i) cosine += k.signature.pattern[i] * seen.pattern[i];
    const auto [at, fresh] = similarity.emplace(k.signature.name, cosine);
    if (!fresh) at->second = std::max(at->second, cosine);
  }
  report out{.analysis = "signature"};
  const auto found = all.recognise(seen);
  out.fact("recognised", found ? report_cell{found->name} : report_cell{});
  out.fact("similarity", found ? report_cell{found->similarity} : report_cell{});
  out.fact("margin", found ? report_cell{found->margin} : report_cell{});
  out.fact("carried_by", carried_by(seen, library.channels));
  out.columns = {"name", "similarity"};
  for (const auto& [name, cosine] : similarity) out.findings.push_back({name, cosine});
  std::stable_sort(out.findings.begin(), out.findings.end(), [](const auto& a, const auto& b) { return std::get<double>(a[1]) > std::get<double>(b[1]); });
  if (!found) out.note("not recognised: a name needs a similarity of 0.8 and a margin of 0.05 to the next one; capture it under a name of its own when you know what it is");
  return out;
}

report library_report(const signature_library& library) {
  report out{.analysis = "signature"};
  out.count("channels", library.channels.size());
  out.count("signatures", library.known.size());
  out.columns = {"name", "carried_by", "captured_from"};
  for (const auto& k : library.known) out.findings.push_back({k.signature.name, carried_by(k.signature, library.channels), k.captured_from});
  return out;
}

} // namespace tocsin
