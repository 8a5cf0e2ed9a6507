// What the tests of a partition's owner share: rules with twelve seconds of silence, and what was said as text.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/cluster/partition_watch.hpp"
#include "core/scenario.hpp"

namespace tocsin::partition_fixture {

inline constexpr timestamp noon = scenario_start;

inline std::shared_ptr<const rule_book> rules() {
  auto book = std::make_shared<rule_book>();
  auto d = std::make_shared<daemon_rules>();
  d->heartbeat.mode = heartbeat_rule::mode_t::fixed;
  d->heartbeat.period = 5s;
  d->heartbeat.lost_after = 12s;
  book->global = d;
  return book;
}

inline std::vector<std::string> symptoms(const std::optional<said_entry>& said) {
  std::vector<std::string> out;
  if (said)
    for (const effect& e : said->said)
      if (auto* s = std::get_if<symptom>(&e.what)) out.push_back(s->subject + " " + std::string{to_text(s->kind)} + " " + std::string{to_text(s->state)});
  return out;
}

inline std::vector<std::string> sights(const std::optional<said_entry>& said) {
  std::vector<std::string> out;
  if (said)
    for (const effect& e : said->said)
      if (auto* s = std::get_if<sight_changed>(&e.what)) out.push_back(std::to_string(s->vantage) + (s->sighted ? " sees" : " blind"));
  return out;
}

} // namespace tocsin::partition_fixture
