#include "core/detectors/fault_signature.hpp"

#include <algorithm>
#include <cmath>

namespace tocsin {

result<fault_signature> fault_signature::capture(std::string name,
                                                 const std::vector<contribution>& shares,
                                                 std::size_t channels) {
  std::vector<double> pattern(channels, 0.0);
  for (const auto& c : shares) {
    if (c.channel >= channels)
      return fail(errc::invalid, "fault signature '" + name + "': channel " +
                                     std::to_string(c.channel) + " of " + std::to_string(channels));
    // Shares are of squares: their roots compare as deviations do.
    pattern[c.channel] = std::sqrt(std::max(0.0, c.share));
  }
  return capture(std::move(name), std::move(pattern));
}

result<fault_signature> fault_signature::capture(std::string name, std::vector<double> deviations) {
  double most = 0, sum = 0;
  for (double d : deviations) most = std::max(most, std::isfinite(d) ? std::abs(d) : 0.0);
  if (!(most > 0))
    return fail(errc::invalid, "fault signature '" + name + "': no channel deviates");
  for (double& d : deviations) {
    d = std::isfinite(d) ? d / most : 0.0;
    sum += d * d;
  }
  for (double& d : deviations) d /= std::sqrt(sum);
  return fault_signature{std::move(name), std::move(deviations)};
}

result<void> fault_library::add(fault_signature signature) {
  if (known_.size() >= signatures_most)
    return fail(errc::too_large,
                "fault signatures: " + std::to_string(signatures_most) + " are known; remove one");
  if (signature.pattern.empty() ||
      (!known_.empty() && known_[0].pattern.size() != signature.pattern.size()))
    return fail(errc::invalid, "fault signature '" + signature.name +
                                   "': " + std::to_string(signature.pattern.size()) +
                                   " channels, the others have " +
                                   std::to_string(known_.empty() ? 0 : known_[0].pattern.size()));
  known_.push_back(std::move(signature));
  return {};
}

std::optional<recognised> fault_library::recognise(const fault_signature& seen,
                                                   double similarity_least,
                                                   double margin_least) const {
  const fault_signature* best = nullptr;
  double first = -2, second = 0;
  std::vector<double> similarity;
  for (const auto& known : known_) {
    double cosine = 0;
    for (std::size_t i = 0; i < std::min(known.pattern.size(), seen.pattern.size()); ++i)
      cosine += known.pattern[i] * seen.pattern[i];
    similarity.push_back(std::clamp(cosine, -1.0, 1.0));
    if (similarity.back() > first) {
      first = similarity.back();
      best = &known;
    }
  }
  if (best == nullptr || first < similarity_least) return std::nullopt;
  for (std::size_t i = 0; i < known_.size(); ++i)
    if (known_[i].name != best->name) second = std::max(second, similarity[i]);
  if (first - second < margin_least) return std::nullopt;
  return recognised{best->name, first, first - second};
}

void fault_library::save(writer& out) const {
  out.put(static_cast<std::uint32_t>(known_.size()));
  for (const auto& known : known_) {
    out.put(std::string_view(known.name));
    out.put(static_cast<std::uint32_t>(known.pattern.size()));
    for (double v : known.pattern) out.put(v);
  }
}

bool fault_library::load(reader& in) {
  known_.clear();
  const auto n = in.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < n && in.ok(); ++i) {
    fault_signature s;
    s.name = in.get_text();
    const auto channels = in.get<std::uint32_t>();
    for (std::uint32_t c = 0; c < channels && in.ok(); ++c) s.pattern.push_back(in.get<double>());
    if (!in.ok() || !add(std::move(s))) return false;
  }
  return in.ok();
}

} // namespace tocsin
