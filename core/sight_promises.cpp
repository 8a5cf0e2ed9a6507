#include "core/sight_promises.hpp"

#include <algorithm>
#include <utility>

#include "core/saturating.hpp"

namespace tocsin {

bool sight_promises::hear(const record& r) {
  const std::size_t v = r.vantage % promises_.size();
  const std::uint64_t bit = std::uint64_t{1} << v;
  promise& p = promises_[v];
  bool news = true;
  if (r.kind == record_kind::sight_lost) {
    p = {};
    lost_ |= bit;
    broken_ &= ~bit;
  } else if (!(r.reliability_s > 0)) { // or no number at all
    lost_ &= ~bit;
    broken_ &= ~bit;
  } else if (lost_ & bit) {
    return false;
  } else {
    news = p.until == never;
    p = {r.reliability_s, later(r.at, from_seconds(r.reliability_s))};
    broken_ &= ~bit;
  }
  find_due();
  return news;
}

std::optional<record> sight_promises::broken_before(timestamp now) {
  if (due_ >= now) return std::nullopt;
  const auto first = std::ranges::min_element(promises_, {}, &promise::until);
  record r;
  r.kind = record_kind::sight_lost;
  r.vantage = static_cast<std::uint8_t>(first - promises_.begin());
  r.at = first->until;
  *first = {};
  broken_ |= std::uint64_t{1} << r.vantage;
  find_due();
  return r;
}

void sight_promises::suspend() {
  suspended_ = true;
  find_due();
}

void sight_promises::resume(timestamp now) {
  if (!std::exchange(suspended_, false)) return;
  for (promise& p : promises_)
    if (p.until != never) p.until = std::max(p.until, later(now, from_seconds(p.within_s)));
  find_due();
}

void sight_promises::find_due() { due_ = suspended_ ? never : std::ranges::min(promises_, {}, &promise::until).until; }

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
  suspended_ = in.get<std::uint8_t>() != 0;
  for (promise& p : promises_) {
    p.within_s = in.get<float>();
    p.until = in.get_time();
    if (!(p.within_s > 0)) p = {};
  }
  find_due();
}

} // namespace tocsin
