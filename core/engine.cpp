#include "core/engine.hpp"

#include "core/saturating.hpp"

namespace tocsin {

std::uint64_t sequence(record_batch& batch, timestamp& watermark) {
  std::uint64_t moved = 0;
  for (record& r : batch.records) {
    if (r.at < watermark) {
      r.moved_s += static_cast<float>(to_seconds(between(r.at, watermark)));
      r.at = watermark;
      ++moved;
    }
    watermark = r.at;
  }
  return moved;
}

engine::engine(std::shared_ptr<const rule_book> rules, alerting_rules receivers, options o)
    : options_(o), table_(rules, *this, {}), groups_(rules, std::move(receivers)) {}

void engine::feed(record_batch& batch, story& out) {
  if (batch.records.empty()) return;
  const bool first = watermark_ == unset;
  moved_ += sequence(batch, watermark_);
  if (first) table_.start(batch.records.front().at, fresh_);
  table_.apply(batch, fresh_);
  table_.advance(watermark_, fresh_);
  settle(watermark_, out);
}

void engine::advance(timestamp until, story& out) {
  if (watermark_ == unset || until < watermark_) return;
  watermark_ = until + duration{1};
  table_.advance(watermark_, fresh_);
  settle(watermark_, out);
}

void engine::finish(story& out) {
  if (watermark_ != unset) settle(watermark_ + duration{1}, out);
}

void engine::settle(timestamp complete_until, story& out) {
  merge_.add(std::move(fresh_));
  fresh_.clear();
  effects ready = merge_.release(complete_until);
  if (options_.groups) {
    groups_.apply(ready, out);
    groups_.advance(complete_until, out);
  }
  for (effect& e : ready)
    if (auto* s = std::get_if<symptom>(&e.what); s && s->state != symptom_state::repeated) out.symptoms.push_back(std::move(*s));
  // Symptoms that only groups can see come in between: one order for all of them.
  if (options_.groups)
    std::stable_sort(out.symptoms.begin(), out.symptoms.end(), [](const symptom& a, const symptom& b) {
      return a.at != b.at ? a.at < b.at : a.subject < b.subject;
    });
}

daemon& engine::adopt(daemon fresh) { return machines_.emplace_back(std::move(fresh)); }

daemon& engine::replace(daemon& broken, daemon fresh, const std::string&) {
  broken = std::move(fresh);
  return broken;
}

void engine::quarantine(const record&, const std::string&) {} // counted by the table; the actors keep the bytes

} // namespace tocsin
