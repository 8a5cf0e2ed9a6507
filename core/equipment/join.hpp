// As-of joins: each reading or event of the left side gets the newest value of the right side that is not newer than it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/equipment/effect.hpp"

namespace tocsin {

/// The waiting readings of one left channel under one rule.
class join_left {
public:
  static constexpr std::size_t waiting_max = 65'536; ///< then the oldest goes with what is known
  join_left(std::uint32_t number, std::string equipment, std::string channel)
      : number_(number), equipment_(std::move(equipment)), channel_(std::move(channel)) {}

private:
  friend class join_table;
  struct waiting {
    timestamp at;
    double value;
    std::string text;
  };
  std::uint32_t number_;
  std::string equipment_, channel_;
  std::deque<waiting> waiting_;
};

/// The joins of a shard. The right sides are shown to every shard, so that a left channel finds them wherever it lives.
/// A left reading waits until the newest time is `lateness` past it. State: the right values of the longest wait and
/// tolerance, at most rights_max of each rule.
class join_table {
public:
  static constexpr std::size_t rights_max = 100'000, lefts_max = 100'000;
  explicit join_table(std::shared_ptr<const equipment_rules> rules) : rules_(std::move(rules)), rights_(rules_->joins.size()) {}
  bool empty() const { return rules_->joins.empty(); }
  /// The left sides that a channel is of; events are "event:<kind>".
  std::vector<join_left*> lefts_of(const std::string& equipment, const std::string& channel);
  const std::vector<join_left*>& lefts_of_event(const std::string& equipment, const std::string& channel);
  void right(std::uint32_t number, timestamp at, double value);
  void left(join_left& of, timestamp at, double value, std::string_view text, std::vector<joined>& out);
  /// Nothing older than `watermark` will come: what waited is said, by time.
  void advance(timestamp watermark, std::vector<joined>& out);
  std::uint64_t late() const { return late_; } ///< left readings whose right side is forgotten already

private:
  struct right_value {
    timestamp at;
    double value;
  };
  void say(join_left& of, const join_left::waiting& what, std::vector<joined>& out) const;

  std::shared_ptr<const equipment_rules> rules_;
  std::vector<std::deque<right_value>> rights_; ///< by rule, by time
  std::deque<join_left> lefts_;                 ///< addresses stay
  std::map<std::string, std::vector<join_left*>> of_events_;
  timestamp watermark_ = unset;
  std::uint64_t late_ = 0;
};

} // namespace tocsin
