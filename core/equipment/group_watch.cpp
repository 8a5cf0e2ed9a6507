#include "core/equipment/group_watch.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "core/rules.hpp"

namespace tocsin {

namespace {
constexpr std::uint64_t gathering_rows = 10; ///< so many rows say which channels there are
constexpr double slow = 1.0 / 2000;          ///< weight of a row in the usual mean and variance


using pattern_parts = std::vector<std::pair<std::string_view, double>>;

result<pattern_parts> parts_of(std::string_view text) {
  pattern_parts all;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    const std::size_t space = part.rfind(' ');
    double weight = 0;
    const char* const end = part.data() + part.size();
    if (space == std::string_view::npos || std::from_chars(part.data() + space + 1, end, weight).ptr != end || !std::isfinite(weight))
      return fail(errc::malformed, "'" + std::string{part} + "' is not a channel and a number; write 'ch1.pressure 0.62, ch1.flow -0.44'");
    all.emplace_back(part.substr(0, space), weight);
  }
  if (all.empty()) return fail(errc::malformed, "the pattern is empty; write 'ch1.pressure 0.62, ch1.flow -0.44'");
  return all;
}
} // namespace

std::string pattern_text(const std::vector<std::string>& channels, const std::vector<double>& deviations) {
  const double length = std::sqrt(std::inner_product(deviations.begin(), deviations.end(), deviations.begin(), 0.0));
  std::vector<std::size_t> order(channels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return std::fabs(deviations[i]); });
  std::string text;
  for (std::size_t i : order) {
    const double part = length > 0 ? deviations[i] / length : 0;
    if (std::fabs(part) < 0.1 || text.size() > 180) break;
    char number[16];
    std::snprintf(number, sizeof number, " %.2f", part);
    text += (text.empty() ? "" : ", ") + channels[i] + number;
  }
  return text;
}

result<std::vector<double>> parse_pattern(std::string_view text, const std::vector<std::string>& channels) {
  const auto parts = parts_of(text);
  if (!parts) return tl::unexpected{parts.error()};
  std::vector<double> pattern(channels.size());
  for (const auto& [name, weight] : *parts) {
    const auto known = std::ranges::find(channels, name);
    if (known == channels.end()) return fail(errc::malformed, "no channel '" + std::string{name} + "' in the group");
    pattern[static_cast<std::size_t>(known - channels.begin())] = weight;
  }
  return pattern;
}

result<void> check_fault_pattern(std::string_view text) {
  if (auto parts = parts_of(text); !parts) return tl::unexpected{parts.error()};
  return {};
}

group_watch::group_watch(const std::string& unit, const group_watch_rule& rule, const watch_rules& rules)
    : rule_(&rule), rules_(&rules), subject_("equipment/" + unit + "/" + rule.name) {}

std::optional<std::size_t> group_watch::add(const std::string& channel) {
  const bool wanted = std::ranges::any_of(rule_->channels, [&](const std::string& glob) { return glob_match(glob, channel); });
  if (!wanted || channels_.size() >= channels_max) return std::nullopt;
  channels_.push_back(channel);
  sums_.push_back(0);
  counts_.push_back(0);
  contexts_.clear();
  rows_ = 0;
  learn_signatures();
  return channels_.size() - 1;
}

void group_watch::end_row(timestamp at, const equipment_context& where, equipment_effects& out) {
  const timestamp end = row_end_;
  row_end_ = timestamp{(at.time_since_epoch() / rule_->every + 1) * rule_->every};
  std::vector<double> row(channels_.size());
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = counts_[i] == 0 ? std::nan("") : sums_[i] / counts_[i];
  std::ranges::fill(sums_, 0);
  std::ranges::fill(counts_, 0);
  // A row across a change of context belongs to neither.
  if (end == unset || std::exchange(changes_, where.changes) != where.changes || ++rows_ <= gathering_rows) return;
  judge(model_for(where), end, row, where, out);
}

group_watch::in_context& group_watch::model_for(const equipment_context& where) {
  const std::string key = context_key(where);
  auto known = std::ranges::find(contexts_, key, &in_context::key);
  const auto fresh = [&] {
    return in_context{key, where.epoch, 0, make_group_method(rule_->method, channels_.size(), rule_->learn, rule_->run_length),
                      std::vector<double>(channels_.size()), std::vector<double>(channels_.size()), 0};
  };
  if (known == contexts_.end()) {
    if (contexts_.size() < watch_contexts_max) known = contexts_.insert(contexts_.end(), fresh());
    else *(known = std::ranges::min_element(contexts_, {}, &in_context::used)) = fresh();
  } else if (known->epoch != where.epoch) {
    *known = fresh(); // after maintenance nothing of before is normal
  }
  known->used = ++used_;
  return *known;
}

void group_watch::judge(in_context& c, timestamp at, const std::vector<double>& row, const equipment_context& where, equipment_effects& out) {
  const row_verdict v = c.method->next(at, row);
  if (!v.alert) {
    learn(c, row);
    anomaly_.end(at, subject_, {}, out.symptoms);
    return;
  }
  found(c, at, row, v, where, out);
}

void group_watch::learn(in_context& c, const std::vector<double>& row) const {
  const double weight = std::max(1.0 / static_cast<double>(++c.rows), slow);
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!std::isfinite(row[i])) continue;
    const double e = row[i] - c.mean[i], step = weight * e;
    c.mean[i] += step;
    c.variance[i] = (1 - weight) * (c.variance[i] + e * step);
  }
}

std::vector<double> group_watch::deviations(const in_context& c, const std::vector<double>& row) const {
  std::vector<double> z(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    const double scale = std::sqrt(c.variance[i]) + 1e-9 * std::fabs(c.mean[i]) + 1e-12;
    z[i] = std::isfinite(row[i]) ? std::clamp((row[i] - c.mean[i]) / scale, -30.0, 30.0) : 0;
  }
  return z;
}

void group_watch::found(const in_context& c, timestamp at, const std::vector<double>& row, const row_verdict& v, const equipment_context& where,
                        equipment_effects& out) {
  const std::vector<double> z = deviations(c, row);
  std::optional<recognised> fault;
  if (known_.size() > 0)
    if (const auto seen = fault_signature::capture("", z)) fault = known_.recognise(*seen, similarity_least_);
  if (!anomaly_.holds(at, rule_->level, fault ? fault->name : "unknown")) return;
  constexpr std::string_view methods[] = {"adaptive", "components", "canonical", "forest"};
  std::string carried;
  for (const contribution& share : c.method->contributions()) {
    if (share.share < 0.1 || carried.size() > 150) break;
    char text[16];
    std::snprintf(text, sizeof text, " %.2f", share.share);
    carried += (carried.empty() ? "" : ", ") + channels_[share.channel] + text;
  }
  evidence facts{{"method", std::string{methods[static_cast<std::size_t>(rule_->method)]}}, {"score", v.score}};
  if (!carried.empty()) facts.push_back({"contributions", carried});
  if (std::string pattern = pattern_text(channels_, z); !pattern.empty()) facts.push_back({"pattern", std::move(pattern)});
  if (fault) {
    facts.push_back({"known_fault", fault->name});
    facts.push_back({"similarity", fault->similarity});
  }
  add_context(facts, where);
  anomaly_.say(subject_, std::move(facts), out.symptoms);
}

/// Those of this group whose channels are all here.
void group_watch::learn_signatures() {
  known_ = {};
  similarity_least_ = 1;
  for (const signature_rule& s : rules_->signatures) {
    if (s.group != rule_->name) continue;
    auto pattern = parse_pattern(s.pattern, channels_);
    if (!pattern) continue; // of another unit's channels
    auto known = fault_signature::capture(s.name, std::move(*pattern));
    if (known && known_.add(std::move(*known))) similarity_least_ = std::min(similarity_least_, s.similarity);
  }
}

void group_watch::pass(timestamp latest, equipment_effects& out) {
  if (anomaly_.raised() && latest - anomaly_.last() > watch_silence)
    anomaly_.end(latest, subject_, {{"reason", std::string{"no more readings"}}}, out.symptoms);
}

} // namespace tocsin
