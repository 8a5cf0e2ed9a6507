// How good the input of each source is: looked at before it is cut up among shards, so that it is the same for any number of them.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/equipment/effect.hpp"
#include "core/equipment/sample.hpp"
#include "core/equipment/standing_symptom.hpp"

namespace tocsin {

/// One for all input, used by one thread at a time. Parts other than validity are measured on the first channel of each of
/// 128 hashes: one comparison for each reading, and some ten operations for those. 7 KiB a source.
class quality_watch {
public:
  /// `sources`: names by number; further ones are called by it.
  quality_watch(const quality_rule& rule, std::vector<std::string> sources);
  /// Windows that end with the batch are said; readings of sources that are filtered now are taken out of it.
  void look(sample_batch& batch, equipment_effects& out);
  /// Time has come to `at` without input: a source that says nothing is not complete, unless what it said was old already.
  void pass(timestamp at, equipment_effects& out);
  std::vector<source_quality> status() const; ///< of the sources that had input

private:
  static constexpr std::size_t tracked_max = 128;
  struct tracked {
    timestamp at{};
    double value = 0, usual = 0;   ///< usual: readings in a window
    std::uint32_t same = 0, received = 0, windows = 0;
    bool varied = false;
  };
  struct source {
    source_quality now;
    standing_symptom low{symptom_kind::quality_low};
    timestamp end = unset, newest = unset;
    bool live = false; ///< its newest readings were of their time when they came
    std::uint64_t good = 0, refused = 0, seen = 0, late = 0, twice = 0; ///< of the open window
    std::array<std::uint64_t, tracked_max> keys{}; ///< 0 = free
    std::array<tracked, tracked_max> channels{};
  };
  source& of(std::uint32_t number);
  static std::size_t place_of(std::uint64_t key_hash) { return static_cast<std::size_t>((key_hash * 0x9e3779b97f4a7c15ull) >> 57); }
  void look_at(source& s, std::size_t place, const sample& reading, timestamp arrived, equipment_effects& out);
  void close(source& s, equipment_effects& out);
  void judge(source& s, equipment_effects& out);

  quality_rule rule_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<source>> sources_;
};

} // namespace tocsin
