// What a consumer knows of the brokers that lead its partitions: whether they answer, or answered again only just now.
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/source.hpp"

namespace tocsin {

/// Reads librdkafka's statistics, which must come every 500 ms, and its errors. Belongs to the consumer's thread.
class kafka_leaders {
public:
  using clock_point = std::chrono::steady_clock::time_point;

  /// An error came. `owns`: partitions are ours. True: it says that brokers are away.
  bool hear(rd_kafka_resp_err_t code, bool owns);
  /// The brokers will never take us: nothing is up any more.
  void give_up() { given_up_ = true, up_ = false; }
  /// True: all are there again after some were away.
  bool read(std::string_view statistics, bool owns);

  /// Every partition of ours has a leader that answers. False while none is ours.
  bool up() const { return up_; }
  bool up(std::string_view topic, std::int32_t partition) const;
  /// The same of any partition of a topic that the client knows.
  bool answers_for(std::string_view topic, std::int32_t partition) const;
  /// For some seconds after brokers were away: the producers were cut off as well, and what they kept back comes to one
  /// partition earlier than to another.
  bool settling() const;
  /// What the group has committed of the partitions of ours; nothing else is filled in.
  const std::vector<partition_status>& committed() const { return committed_; }

private:
  struct broker_life {
    bool up = false;
    std::int64_t answers = -1;
    clock_point heard{};
  };
  bool answers(std::int64_t broker) const;

  std::map<std::int64_t, broker_life> brokers_; ///< by node id
  std::vector<partition_status> committed_;
  struct led {
    std::string topic;
    std::int32_t partition;
    bool ours, up;
  };
  std::vector<led> leaders_;
  bool up_ = false, given_up_ = false;
  bool cut_off_ = false; ///< a broker that leads partitions of ours did not answer, since we last settled
  clock_point settles_until_{};
};

} // namespace tocsin
