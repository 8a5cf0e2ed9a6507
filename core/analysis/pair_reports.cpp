#include <algorithm>
#include <array>
#include <cmath>

#include "core/analysis/analyses.hpp"
#include "core/detectors/correlation.hpp"
#include "core/detectors/yield_correlation.hpp"

namespace tocsin {

namespace {
constexpr std::size_t rows_least = 8;

double half_correlation(const table& rows, std::size_t a, std::size_t b, bool late) {
  const std::size_t middle = rows.rows() / 2, begin = late ? middle : 0, end = late ? rows.rows() : middle;
  std::vector<double> x, y;
  for (std::size_t i = begin; i < end; ++i) {
    x.push_back(rows.row(i)[a]);
    y.push_back(rows.row(i)[b]);
  }
  const auto c = spearman(x, y);
  return c ? c->coefficient : std::nan("");
}

bool lasts(double whole, double early, double late) {
  const auto same = [whole](double part) { return part * whole > 0 && std::abs(part) >= 0.5 * std::abs(whole); };
  return same(early) && same(late);
}

std::string lower(const std::string& text) {
  std::string out;
  for (const char c : text.substr(0, 40)) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}
} // namespace

result<report> correlation_report(const series& of, std::size_t most) {
  if (of.channels.size() < 2) return fail(errc::invalid, of.name + ": one channel correlates with nothing; give a series of two channels or more");
  if (of.at.size() < rows_least)
    return fail(errc::invalid, of.name + ": " + std::to_string(of.at.size()) + " rows; at least " + std::to_string(rows_least) + " are needed");
  auto pairs = correlate_parameters(of.rows);
  if (!pairs) return fail(pairs.error().code, of.name + ": " + pairs.error().text + " with --columns");
  report out{.analysis = "correlations"};
  out.count("rows", of.at.size());
  out.count("channels", of.channels.size());
  out.count("pairs", pairs->size());
  if (pairs->empty()) return fail(errc::invalid, of.name + ": no two channels have three rows in common and vary; nothing can be tested");
  std::size_t sure = 0, chance = 0;
  for (const auto& p : *pairs) {
    sure += p.q_value <= q_value_most ? 1 : 0;
    chance += p.rank.p_value <= 0.05 ? 1 : 0;
  }
  out.count("pairs_with_q_below_0.05", sure);
  out.columns = {"first", "second", "values", "pearson", "spearman", "shared", "p", "q", "early", "late", "stable"};
  for (const auto& p : *pairs) {
    if (out.findings.size() >= most) break;
    const double early = half_correlation(of.rows, p.first, p.second, false), late = half_correlation(of.rows, p.first, p.second, true);
    const double rho = p.rank.coefficient;
    out.findings.push_back({of.channels[p.first], of.channels[p.second], cell(p.rank.pairs), p.linear.coefficient, rho, rho * rho, p.rank.p_value, p.q_value,
                            early, late, lasts(rho, early, late)});
  }
  if (pairs->size() > most) out.note("the strongest " + std::to_string(most) + " of " + std::to_string(pairs->size()) + " pairs are shown; --most N shows more");
  if (sure == 0)
    out.note("no pair is surer than chance: " + std::to_string(chance) + " of " + std::to_string(pairs->size()) + " have p below 0.05, " +
             std::to_string(pairs->size() / 20) + " would by chance");
  out.note("shared is the square of Spearman's coefficient; early and late are the halves of the rows; p takes rows as independent, so look at stable, too");
  return out;
}

result<outcome> parse_outcome(const std::string& text) {
  static const std::array<std::string, 9> passed{"0", "pass", "passed", "ok", "good", "false", "no", "-1", "0.0"},
      failed{"1", "fail", "failed", "nok", "bad", "true", "yes", "+1", "1.0"};
  const std::string word = lower(text);
  if (word.empty() || word == "nan" || word == "na" || word == "null") return outcome::unknown;
  if (std::find(passed.begin(), passed.end(), word) != passed.end()) return outcome::passed;
  if (std::find(failed.begin(), failed.end(), word) != failed.end()) return outcome::failed;
  return fail(errc::invalid, "'" + word + "' is neither pass nor fail; write 0 or 1, pass or fail, ok or nok, false or true");
}

result<report> yield_report(const series& of, const std::vector<outcome>& outcomes, std::size_t most) {
  table known{of.rows.columns, {}};
  std::vector<bool> failed;
  for (std::size_t i = 0; i < of.at.size(); ++i)
    if (outcomes[i] != outcome::unknown) {
      known.push(of.rows.row(i));
      failed.push_back(outcomes[i] == outcome::failed);
    }
  const auto bad = static_cast<std::size_t>(std::count(failed.begin(), failed.end(), true));
  if (bad < 3 || failed.size() - bad < 3)
    return fail(errc::invalid, of.name + ": " + std::to_string(bad) + " rows failed and " + std::to_string(failed.size() - bad) +
                                   " passed; at least 3 of each are needed");
  const auto found = correlate_yield(known, failed);
  if (!found) return fail(found.error().code, of.name + ": " + found.error().text);
  report out{.analysis = "yield"};
  out.count("passed", failed.size() - bad);
  out.count("failed", bad);
  out.count("unknown", of.at.size() - failed.size());
  out.count("parameters_tested", found->size());
  std::size_t chance = 0, sure = 0, lasting = 0;
  for (const auto& f : *found) {
    chance += f.test.p_value < 0.05 ? 1 : 0;
    sure += f.q_value < q_value_most ? 1 : 0;
    lasting += f.q_value < q_value_most && f.stable ? 1 : 0;
  }
  out.count("with_p_below_0.05", chance);
  out.fact("expected_by_chance", std::round(0.05 * static_cast<double>(found->size())));
  out.count("with_q_below_0.05", sure);
  out.count("of_them_stable", lasting);
  out.columns = {"parameter", "auc", "where_it_failed", "p", "q", "auc_early", "auc_late", "stable", "verdict"};
  for (const auto& f : *found)
    out.findings.push_back({of.channels[f.parameter], f.test.auc, std::string{f.test.auc > 0.5 ? "larger" : f.test.auc < 0.5 ? "smaller" : "alike"},
                            f.test.p_value, f.q_value, f.auc_early, f.auc_late, f.stable,
                            std::string{!(f.q_value < q_value_most) ? "chance" : f.stable ? "lasts" : "not stable"}});
  if (found->empty()) out.note("no parameter could be tested: each needs values where it failed and where it passed");
  else if (sure == 0) out.note("nothing survives: with as many parameters, differences like these come by chance; no parameter explains the failures on its own");
  else if (lasting == 0) out.note("nothing lasts: what differs over the whole does not differ in both halves of time; do not act on it");
  out.keep(most);
  out.note("auc is the probability that a value where it failed is larger than one where it passed (0.5: no difference); a finding needs a q-value below 0.05 and to be stable, and still has to be repeated on later lots");
  return out;
}

} // namespace tocsin
