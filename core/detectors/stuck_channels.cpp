#include "core/detectors/stuck_channels.hpp"

#include <algorithm>
#include <cmath>

namespace tocsin {

namespace {
const double log_rare = std::log(1e-6);
/// What a fixed channel may move: rounding.
double slack(double value) { return 1e-9 * (std::abs(value) + 1e-3); }
} // namespace

stuck_channels::stuck_channels(const table& learnt) {
  for (std::size_t c = 0; c < learnt.columns; ++c) {
    const auto x = learnt.column(c);
    double run = 1, most = 1, repeats = 0;
    bool moved = false;
    for (std::size_t i = 1; i < x.size(); ++i) {
      run = x[i] == x[i - 1] ? run + 1 : 1;
      repeats += x[i] == x[i - 1] ? 1 : 0;
      most = std::max(most, run);
      moved = moved || std::abs(x[i] - x[0]) > slack(x[0]);
    }
    const double share = std::min(0.999999, (repeats + 0.5) / static_cast<double>(x.size() + 1));
    longest_.push_back(moved ? std::max(2 * most + 2, std::ceil(1 + log_rare / std::log(share)))
                             : 0.0);
    fixed_.push_back(x.empty() ? 0.0 : x[0]);
  }
  restart();
}

void stuck_channels::restart() {
  last_.assign(longest_.size(), std::nan(""));
  run_.assign(longest_.size(), 0.0);
  channel_ = 0;
}

double stuck_channels::next(std::span<const double> values) {
  double most = 0;
  for (std::size_t c = 0; c < std::min(values.size(), longest_.size()); ++c) {
    if (!std::isfinite(values[c])) continue;
    run_[c] = values[c] == last_[c] ? run_[c] + 1 : 1;
    last_[c] = values[c];
    const bool may_stay = longest_[c] == 0;
    const double part = !may_stay ? std::min(2.0, run_[c] / longest_[c])
                        : std::abs(values[c] - fixed_[c]) > slack(fixed_[c]) ? 2.0
                                                                             : 0.0;
    if (part > most) {
      most = part;
      channel_ = c;
    }
  }
  return most;
}

void stuck_channels::save(writer& out) const {
  for (const auto* v : {&longest_, &fixed_, &last_, &run_}) put_vector(out, *v);
  out.put(static_cast<std::uint64_t>(channel_));
}

bool stuck_channels::load(reader& in) {
  for (auto* v : {&longest_, &fixed_, &last_, &run_})
    if (!get_vector(in, *v) || v->size() != longest_.size()) return false;
  channel_ = in.get<std::uint64_t>();
  return in.ok();
}

} // namespace tocsin
