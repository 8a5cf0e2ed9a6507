#include "core/sight_promises.hpp"

#include <algorithm>

#include "core/saturating.hpp"

namespace tocsin {

namespace {
constexpr std::uint64_t bit_of(std::size_t vantage) { return std::uint64_t{1} << vantage; }
} // namespace

bool sight_promises::hear(const record& r) {
  const std::size_t v = r.vantage % promises_.size();
  const std::uint64_t bit = bit_of(v);
  const bool lost = r.kind == record_kind::sight_lost;
  if (r.peer == restart_gap) { // nobody's word
    gaps_ |= bit;
    return true;
  }
  if (r.peer == log_reader && (lost || (suspended_ | gaps_) & bit)) {
    if (lost) suspend(bit);
    else resume(bit, r.at);
    gaps_ &= ~bit;
    return lost || !((lost_ | broken_) & bit);
  }
  promise& p = promises_[v];
  bool news = true;
  if (lost) {
    p = {};
    lost_ |= bit;
    broken_ &= ~bit;
  } else if (!(r.reliability_s > 0)) { // or no number at all
    lost_ &= ~bit;
    broken_ &= ~bit;
  } else {
    news = p.until == never && !(lost_ & bit);
    p = {r.reliability_s, later(r.at, from_seconds(r.reliability_s))};
    broken_ &= ~bit;
  }
  find_due();
  return news && (lost || !(suspended_ & bit)); // whom we cannot hear we do not see, whatever he says
}

std::optional<record> sight_promises::broken_before(timestamp now) {
  if (due_ >= now) return std::nullopt;
  const std::size_t v = first();
  record r;
  r.kind = record_kind::sight_lost;
  r.vantage = static_cast<std::uint8_t>(v);
  r.at = promises_[v].until;
  promises_[v] = {};
  broken_ |= bit_of(v);
  find_due();
  return r;
}

void sight_promises::suspend(std::uint64_t whose) {
  suspended_ |= whose;
  find_due();
}

void sight_promises::resume(std::uint64_t whose, timestamp now) {
  for (std::size_t v = 0; v < promises_.size(); ++v)
    if (promise& p = promises_[v]; (whose & suspended_ & bit_of(v)) && p.until != never) p.until = std::max(p.until, later(now, from_seconds(p.within_s)));
  suspended_ &= ~whose;
  find_due();
}

void sight_promises::keep(std::uint64_t whose, std::uint64_t lost) {
  for (std::size_t v = 0; v < promises_.size(); ++v)
    if (!(whose & bit_of(v))) promises_[v] = {};
  broken_ &= whose;
  lost_ = lost;
  find_due();
}

/// Of those that can end, the one that ends first.
std::size_t sight_promises::first() const {
  std::size_t found = 0;
  timestamp earliest = never;
  for (std::size_t v = 0; v < promises_.size(); ++v)
    if (!(suspended_ & bit_of(v)) && promises_[v].until < earliest) earliest = promises_[v].until, found = v;
  return found;
}

void sight_promises::find_due() {
  const std::size_t v = first();
  due_ = suspended_ & bit_of(v) ? never : promises_[v].until;
}

void sight_promises::save(writer& out) const {
  out.put(broken_);
  out.put(lost_);
  out.put(suspended_);
  for (const promise& p : promises_) {
    out.put(p.within_s);
    out.put(p.until);
  }
}

void sight_promises::load(reader& in) {
  broken_ = in.get<std::uint64_t>();
  lost_ = in.get<std::uint64_t>();
  suspended_ = in.get<std::uint64_t>();
  for (promise& p : promises_) {
    p.within_s = in.get<float>();
    p.until = in.get_time();
    if (!(p.within_s > 0)) p = {};
  }
  find_due();
}

} // namespace tocsin
