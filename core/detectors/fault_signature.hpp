// The pattern of a fault over the channels: captured once, named by a person, recognised again.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/detectors/contribution.hpp"
#include "core/error.hpp"

namespace tocsin {

struct fault_signature {
  std::string name;
  std::vector<double> pattern; ///< one number per channel, length 1 (Euclidean)

  /// Error invalid: no channel contributes, or a channel beyond `channels`.
  static result<fault_signature> capture(std::string name, const std::vector<contribution>& shares,
                                         std::size_t channels);
  /// From signed deviations, which tell faults of one channel in two directions apart.
  static result<fault_signature> capture(std::string name, std::vector<double> deviations);
};

struct recognised {
  std::string name;
  double similarity = 0; ///< cosine of the angle between the patterns, -1 to 1
  double margin = 0; ///< similarity minus that of the next best name, or minus 0 when there is none
};

/// Cosine similarity over unit patterns. Cost: signatures * channels multiplications and additions.
class fault_library {
public:
  static constexpr std::size_t signatures_most = 1000;

  /// Several signatures may have one name; the best one counts. Errors: invalid for another number
  /// of channels than the first one has, too_large beyond signatures_most.
  result<void> add(fault_signature signature);
  /// Nothing when the best is below `similarity_least` or its margin below `margin_least`.
  std::optional<recognised> recognise(const fault_signature& seen, double similarity_least = 0.8,
                                      double margin_least = 0.05) const;
  std::size_t size() const { return known_.size(); }

  void save(writer& out) const;
  bool load(reader& in);

private:
  std::vector<fault_signature> known_;
};

} // namespace tocsin
