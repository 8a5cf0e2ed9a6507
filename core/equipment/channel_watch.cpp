#include "core/equipment/channel_watch.hpp"

#include <algorithm>
#include <cstdio>

#include "core/rules.hpp"

namespace tocsin {

namespace {

std::string chart_key(const equipment_context& c) { return context_key(c) + '\x1f' + std::to_string(c.epoch); }

point_detector kind_of(sample_detector d) {
  return static_cast<point_detector>(static_cast<std::size_t>(point_detector::spike) + static_cast<std::size_t>(d) - 1);
}

std::shared_ptr<const sample_limits> limits_of(const watch_rules& rules) {
  static const auto usual = std::make_shared<const sample_limits>();
  return rules.limits ? rules.limits : usual;
}

std::string rules_text(std::uint16_t bits) {
  constexpr std::string_view names[] = {"beyond_3",  "run_of_9",       "steady_6",      "alternating_14", "two_of_3",
                                        "four_of_5", "fifteen_within", "eight_outside", "run_of_8"};
  std::string text;
  for (std::size_t i = 0; i < std::size(names); ++i) {
    if (!(bits >> i & 1u)) continue;
    if (!text.empty()) text += ", ";
    text += names[i];
  }
  return text;
}

} // namespace

std::string chart_watch::next(const std::string& context, double point) {
  const auto limits = limits_.add(context, point);
  if (!limits || !*limits) return {};
  auto known = charts_.find(context);
  if (known == charts_.end()) {
    const chart_limits& l = **limits;
    chart fresh = rule_->kind == chart_rule::kind_t::ewma    ? chart{ewma_chart{l}}
                  : rule_->kind == chart_rule::kind_t::cusum ? chart{cusum_chart{l}}
                  : rule_->kind == chart_rule::kind_t::nelson_rules ? chart{shewhart_chart{l, nelson}}
                                                              : chart{shewhart_chart{l, western_electric}};
    known = charts_.emplace(context, std::move(fresh)).first;
  }
  if (auto* c = std::get_if<shewhart_chart>(&known->second)) return rules_text(c->next(point));
  if (auto* c = std::get_if<ewma_chart>(&known->second)) return c->next(point) ? "ewma" : "";
  return std::get<cusum_chart>(known->second).next(point) != 0 ? "cusum" : "";
}

channel_watch::channel_watch(const channel_name& of, const watch_rules& rules)
    : of_(&of), rules_(&rules), subject_("equipment/" + of.equipment + "/" + of.channel) {
  const std::string name = of.equipment + "/" + of.channel;
  for (const chart_rule& r : rules.charts)
    if (glob_match(r.channels, name)) charts_.emplace_back(r);
}

void channel_watch::enter(timestamp at, const equipment_context& where, equipment_effects& out) {
  changes_ = where.changes;
  if (step_count_ > 0)
    for (chart_watch& c : charts_)
      if (c.rule().points == chart_rule::points_t::step && !step_key_.empty())
        chart_point(c, at, step_key_, step_sum_ / static_cast<double>(step_count_), out);
  step_sum_ = 0;
  step_count_ = 0;
  step_key_ = where.recipe.empty() && where.step.empty() ? std::string{} : chart_key(where);
  const std::string key = context_key(where);
  auto known = std::ranges::find(contexts_, key, &in_context::key);
  if (known == contexts_.end()) {
    if (contexts_.size() < watch_contexts_max) {
      contexts_.push_back({key, where.epoch, 0, false, sample_monitor{limits_of(*rules_)}});
      known = contexts_.end() - 1;
    } else {
      known = std::ranges::min_element(contexts_, {}, &in_context::used);
      *known = {key, where.epoch, 0, false, sample_monitor{limits_of(*rules_)}};
    }
  } else if (known->epoch != where.epoch) {
    known->epoch = where.epoch;
    known->alarming = false;
    known->monitor.rebase();
  }
  known->monitor.interrupted();
  known->used = ++entered_;
  now_ = &*known;
}

void channel_watch::found(timestamp at, double value, const sample_verdict& v, const equipment_context& where, equipment_effects& out) {
  if (v.alert) out.anomalies.push_back({of_, at, kind_of(v.detector), value, v.score, 1, v.confidence});
  if (v.confidence < rules_->samples.confidence) return;
  by_samples_ = true;
  const bool level = now_->moved() && v.detector != sample_detector::stuck;
  const std::string_view what = to_text(level ? sample_detector::shift : v.detector);
  if (!anomaly_.holds(at, rules_->samples.level, what)) return;
  evidence facts{{"detector", std::string{what}}, {"value", value}, {"score", static_cast<double>(v.score)}, {"probability", static_cast<double>(v.confidence)}};
  add_context(facts, where);
  anomaly_.say(subject_, std::move(facts), out.symptoms);
}

/// The present context is calm. One that was left in alarm counts until it is seen calm, or for an hour at most.
void channel_watch::calm(timestamp at, equipment_effects& out) {
  const bool elsewhere = std::ranges::any_of(contexts_, &in_context::alarming);
  if (elsewhere && at - anomaly_.last() < watch_silence) return;
  by_samples_ = false;
  for (in_context& c : contexts_) c.alarming = false;
  if (!by_points_) anomaly_.end(at, subject_, {}, out.symptoms);
}

void channel_watch::window(const window_result& w, const equipment_context& where, equipment_effects& out) {
  if (!w.complete || w.corrected || w.window->kind == window_rule::kind_t::session) return;
  if (rules_->points.enabled && w.window->size == rules_->points.window) judge_point(w, where, out);
  for (chart_watch& c : charts_)
    if (c.rule().points == chart_rule::points_t::window && w.window->size == c.rule().window) chart_point(c, w.end, chart_key(where), w.mean, out);
}

void channel_watch::judge_point(const window_result& w, const equipment_context& where, equipment_effects& out) {
  if (!points_) points_ = std::make_unique<channel_monitor>(rules_->composite);
  const row_verdict v = points_->next(w.end, w.mean);
  if (!v.alert) {
    if (!by_points_ || ++points_calm_ < rules_->points.clear) return;
    by_points_ = false;
    if (!by_samples_) anomaly_.end(w.end, subject_, {}, out.symptoms);
    return;
  }
  by_points_ = true;
  points_calm_ = 0;
  out.anomalies.push_back({of_, w.end, point_detector::composite, w.mean, v.score, 1, 0});
  if (!anomaly_.holds(w.end, rules_->points.level, "composite")) return;
  std::string strongest;
  for (const detector_share& s : points_->strongest()) {
    if (s.share < 0.05) continue;
    char text[64];
    std::snprintf(text, sizeof text, "%s%.*s %.2f", strongest.empty() ? "" : ", ", static_cast<int>(to_text(s.kind).size()), to_text(s.kind).data(), s.share);
    strongest += text;
  }
  evidence facts{{"detector", std::string{"composite"}}, {"value", w.mean}, {"score", v.score}, {"strongest", strongest}};
  add_context(facts, where);
  anomaly_.say(subject_, std::move(facts), out.symptoms);
}

void channel_watch::chart_point(chart_watch& chart, timestamp at, const std::string& context, double point, equipment_effects& out) {
  const std::string broken = chart.next(context, point);
  if (broken.empty()) {
    if (violation_.raised() && ++chart_calm_ >= chart_clear_) violation_.end(at, subject_, {}, out.symptoms);
    return;
  }
  chart_calm_ = 0;
  chart_clear_ = chart.rule().clear;
  out.anomalies.push_back({of_, at, point_detector::chart, point, 1, 1, 0});
  if (!violation_.holds(at, chart.rule().level, broken)) return;
  const auto first = context.find('\x1f'), second = context.find('\x1f', first + 1);
  evidence facts{{"chart", chart.rule().name}, {"rules", broken}, {"value", point}};
  if (first > 0) facts.push_back({"recipe", context.substr(0, first)});
  if (second > first + 1) facts.push_back({"step", context.substr(first + 1, second - first - 1)});
  violation_.say(subject_, std::move(facts), out.symptoms);
}

void channel_watch::pass(timestamp latest, equipment_effects& out) {
  const evidence why{{"reason", std::string{"no more readings"}}};
  if (anomaly_.raised() && latest - anomaly_.last() > watch_silence) {
    by_samples_ = by_points_ = false;
    anomaly_.end(latest, subject_, why, out.symptoms);
  }
  if (violation_.raised() && latest - violation_.last() > watch_silence) violation_.end(latest, subject_, why, out.symptoms);
}

void channel_watch::prefetch() const {
  constexpr std::size_t line = 64;
  if (!now_) return;
  for (std::size_t i = 0; i < sizeof(in_context); i += line) __builtin_prefetch(reinterpret_cast<const char*>(now_) + i);
}

} // namespace tocsin
