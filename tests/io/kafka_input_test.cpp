// Owned partitions: what the group gives, what is read of it and when, and what happens when it is given up.
#include "io/kafka_input.hpp"

#include <gmock/gmock.h>

#include "core/limits.hpp"
#include "io/kafka_support.hpp"

namespace tocsin::kafka_input_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string beat(const std::string& host) { return R"({"subject":"_RV.INFO.SYSTEM.HOST.STATUS.X","message":{"hostaddr":")" + host + R"(","service":"7500","up":10}})"; }

struct heard {
  struct partition {
    std::vector<std::string> hosts;
    std::vector<std::int64_t> offsets, gone; ///< offsets: of each host
    std::vector<timestamp> at;
    std::vector<int> vantages;
    std::vector<decode_error> errors;
    std::int64_t next = -1;
    int batches = 0, ends = 0;
    bool at_end = false, connected = false;
  };
  std::map<std::int32_t, partition> of;
  std::set<std::int32_t> ours;
  std::vector<std::int32_t> revoked;
  std::vector<bool> connected;
  std::vector<std::string> troubles;
};

class owned_inputs : public testing::Test {
protected:
  owned_inputs() { kafka.create("inputs", 2); }

  struct node {
    test::told<heard> told;
    std::function<void(std::int32_t)> when_revoked;
    std::unique_ptr<kafka_owned_input> input; ///< ends before what it tells to
  };
  std::unique_ptr<node> start(const std::string& member, std::vector<std::string> vantages = {}) {
    source_settings s;
    s.name = "inputs";
    s.kind = "kafka";
    s.connection = kafka.connection();
    s.kafka.topics = {"inputs"};
    s.kafka.member = member;
    s.kafka.vantages = std::move(vantages);
    auto n = std::make_unique<node>();
    n->input = *make_kafka_owned_input(s, s.kafka.vantages.empty() ? 5 : 0);
    n->input->start(callbacks(*n));
    return n;
  }
  static kafka_input_callbacks callbacks(node& n) {
    auto& told = n.told;
    kafka_input_callbacks c;
    c.assigned = [&told](std::int32_t p) { told.say([&](heard& h) { h.ours.insert(p); }); };
    c.revoked = [&n, &told](std::int32_t p, bool) {
      if (n.when_revoked) n.when_revoked(p);
      told.say([&](heard& h) { h.ours.erase(p), h.revoked.push_back(p); });
    };
    c.records = [&told](partition_batch&& b) { told.say([&](heard& h) { take(h.of[b.partition], b); }); };
    c.errors = [&told](std::int32_t p, std::vector<decode_error>&& all) {
      told.say([&](heard& h) { h.of[p].errors.insert(h.of[p].errors.end(), all.begin(), all.end()); });
    };
    c.gone = [&told](std::int32_t p, std::int64_t first) { told.say([&](heard& h) { h.of[p].gone.push_back(first); }); };
    c.looked = [&told](std::int32_t p, const log_sight::look& l, std::uint64_t) { told.say([&](heard& h) { h.of[p].connected = l.connected; }); };
    c.connected = [&told](bool now) { told.say([&](heard& h) { h.connected.push_back(now); }); };
    c.trouble = [&told](const std::string& text) { told.say([&](heard& h) { h.troubles.push_back(text); }); };
    return c;
  }
  static void take(heard::partition& p, const partition_batch& b) {
    EXPECT_TRUE(p.next < 0 || b.first_offset >= p.next) << "nothing comes twice";
    std::size_t place = 0;
    for (std::uint32_t i = 0; i < b.records.records.size(); ++i) {
      while (place + 1 < b.places.size() && b.places[place + 1].record <= i) ++place;
      p.hosts.emplace_back(b.records.records[i].host);
      p.offsets.push_back(b.places.at(place).offset);
      p.at.push_back(b.records.records[i].at);
      p.vantages.push_back(b.records.records[i].vantage);
    }
    p.next = b.next_offset;
    ++p.batches;
    p.ends += b.at_end;
    p.at_end = b.at_end;
  }
  static bool owns(node& n, std::size_t count) {
    return n.told.wait([&](const heard& h) { return h.ours.size() == count; }, std::chrono::seconds{40});
  }
  static bool reads_to_end(node& n, std::int32_t p) {
    return n.told.wait([&](const heard& h) { return h.of.contains(p) && h.of.at(p).at_end; });
  }
  /// The mock may refuse for seconds, until all its members have synchronised: then it is not waited for, but said.
  bool committed_or_said(node& n, std::int32_t partition) {
    for (const std::string& t : n.told.get().troubles)
      if (t.find("did not take") != t.npos) return true;
    return kafka.committed("tocsin", "inputs", partition) == 1;
  }
  static std::int64_t committed(const node& n, std::int32_t partition) {
    for (const auto& p : n.input->status().partitions)
      if (p.partition == partition) return p.committed;
    return -1;
  }
  test::mock_kafka kafka;
};

TEST_F(owned_inputs, are_read_where_their_owner_says_and_each_by_itself) {
  for (int i = 0; i < 5; ++i) kafka.produce("inputs", 0, "k", beat("10.0.0." + std::to_string(i)), 1'700'000'000'000 + i);
  kafka.produce("inputs", 0, "k", "poison");
  kafka.produce("inputs", 0, "k", beat("10.0.1.1") + "\n" + beat("10.0.1.2"));
  auto n = start("a");
  ASSERT_TRUE(owns(*n, 2));
  n->input->grant(0, 100);
  n->input->begin(1, kafka_owned_input::earliest);
  ASSERT_TRUE(reads_to_end(*n, 1)) << "partition 1 is empty, and has no credit";
  EXPECT_FALSE(n->told.get().of.contains(0)) << "nothing is read of a partition that was not begun";
  n->input->begin(0, 2);
  ASSERT_TRUE(reads_to_end(*n, 0));
  auto got = n->told.get().of.at(0);
  EXPECT_THAT(got.hosts, ElementsAre("10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.1.1", "10.0.1.2"));
  EXPECT_THAT(got.offsets, ElementsAre(2, 3, 4, 6, 6));
  EXPECT_THAT(got.vantages, testing::Each(5)) << "where nobody is told apart";
  EXPECT_EQ(got.next, 7);
  EXPECT_EQ(got.at[1], from_milliseconds(1'700'000'000'003)) << "the time of the log";
  ASSERT_EQ(got.errors.size(), 1);
  EXPECT_THAT(got.errors[0].text, HasSubstr("inputs/0@5: "));
  EXPECT_THAT(got.gone, IsEmpty());
  EXPECT_TRUE(n->told.wait([](const heard& h) { return h.of.at(0).connected && h.of.at(1).connected && h.connected.back(); }));
  n->told.say([](heard& h) { h.of.at(0).next = -1; });
  n->input->begin(0, 4); // anew
  ASSERT_TRUE(n->told.wait([](const heard& h) { return h.of.at(0).hosts.size() == 8 && h.of.at(0).at_end; })) << "from there once more";
  EXPECT_TRUE(test::eventually([&] { return n->input->status().partitions.size() == 2 && n->input->status().partitions[0].end == 7; }));
}

TEST_F(owned_inputs, give_no_more_than_the_credit_of_each_partition) {
  for (std::size_t i = 0; i < limits::batch_records_max * 3; ++i) kafka.send("inputs", 0, "k", beat("10.0.0.1"));
  kafka.flush();
  kafka.produce("inputs", 1, "k", beat("10.0.0.2"));
  auto n = start("a");
  ASSERT_TRUE(owns(*n, 2));
  n->input->begin(0, 0);
  n->input->begin(1, 0);
  n->input->grant(0, 1);
  n->input->grant(1, 1);
  ASSERT_TRUE(reads_to_end(*n, 1));
  ASSERT_TRUE(n->told.wait([](const heard& h) { return h.of.contains(0); }));
  EXPECT_EQ(n->told.get().of.at(0).batches, 1);
  EXPECT_LE(n->told.get().of.at(0).hosts.size(), limits::batch_records_max);
  // What comes from the broker in pieces makes more batches, each of which costs one.
  ASSERT_TRUE(test::eventually([&] {
    n->input->grant(0, 1);
    return n->told.get().of.at(0).at_end;
  }));
  const auto got = n->told.get().of.at(0);
  ASSERT_EQ(got.offsets.size(), limits::batch_records_max * 3);
  for (std::size_t i = 0; i < got.offsets.size(); ++i) ASSERT_EQ(got.offsets[i], static_cast<std::int64_t>(i));
}

TEST_F(owned_inputs, say_what_is_gone_and_go_on) {
  const std::string filler = beat("10.0.0.1") + std::string(600'000, ' '); // the mock keeps 5 MiB
  for (int i = 0; i < 12; ++i) kafka.produce("inputs", 0, "k", filler);
  auto n = start("a");
  ASSERT_TRUE(owns(*n, 2));
  n->input->grant(0, 8);
  n->input->begin(0, 1);
  ASSERT_TRUE(reads_to_end(*n, 0));
  const auto got = n->told.get().of.at(0);
  ASSERT_EQ(got.gone.size(), 1);
  EXPECT_GT(got.gone[0], 1);
  EXPECT_EQ(got.offsets.front(), got.gone[0]);
  EXPECT_EQ(got.offsets.back(), 11);
}

TEST_F(owned_inputs, are_heard_through_whoever_wrote_them) {
  const char* const by[] = {"fab2", "fab1", nullptr, "somebody else", "fab2"};
  for (int i = 0; i < 5; ++i) kafka.produce("inputs", 0, "k", beat("10.0.0." + std::to_string(i)) + "\n" + beat("10.0.1." + std::to_string(i)), 1'700'000'000'000, by[i]);
  kafka.produce("inputs", 1, "k", R"({"subject":"_RV.WARN.SYSTEM.RVD.DISCONNECTED","message":{}})", 0, "fab1");
  auto n = start("a", {"fab1", "fab2"});
  ASSERT_TRUE(owns(*n, 2));
  for (std::int32_t p = 0; p < 2; ++p) {
    n->input->begin(p, kafka_owned_input::earliest);
    n->input->grant(p, 100);
    ASSERT_TRUE(reads_to_end(*n, p)) << p << ": " << n->told.get().of[p].hosts.size() << " records, " << n->told.get().of[p].errors.size() << " errors";
  }
  EXPECT_THAT(n->told.get().of.at(0).vantages, ElementsAre(2, 2, 1, 1, 0, 0, 0, 0, 2, 2));
  EXPECT_THAT(n->told.get().of.at(1).vantages, ElementsAre(1));
}

TEST_F(owned_inputs, go_to_another_member_after_their_owner_has_had_its_say) {
  for (std::int32_t p = 0; p < 2; ++p) kafka.produce("inputs", p, "k", beat("10.0.0.1"));
  auto a = start("a");
  ASSERT_TRUE(owns(*a, 2));
  for (std::int32_t p = 0; p < 2; ++p) {
    a->input->begin(p, kafka_owned_input::earliest);
    a->input->grant(p, 4);
    ASSERT_TRUE(reads_to_end(*a, p));
  }
  a->when_revoked = [&](std::int32_t p) {
    a->input->commit(p, 1); // its last snapshot says so
    kafka.refuse_commit(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, 2); // not everybody in the group has heard yet who owns what
  };
  auto b = start("b");
  ASSERT_TRUE(owns(*b, 1));
  ASSERT_TRUE(owns(*a, 1));
  const auto moved = *b->told.get().ours.begin();
  EXPECT_THAT(a->told.get().revoked, ElementsAre(moved));
  EXPECT_FALSE(a->told.get().ours.contains(moved));
  EXPECT_TRUE(committed_or_said(*a, moved)) << "what was committed while it was given up";
  b->input->begin(moved, 0);
  b->input->grant(moved, 1);
  ASSERT_TRUE(reads_to_end(*b, moved));
  a->input->leave();
  EXPECT_TRUE(committed_or_said(*a, 1 - moved));
  EXPECT_EQ(a->told.get().revoked.size(), 2) << "told of everything that was ours";
  EXPECT_THAT(a->told.get().ours, IsEmpty());
  EXPECT_EQ(a->input->status().state, "ended");
}

TEST_F(owned_inputs, commit_within_a_second) {
  kafka.produce("inputs", 0, "k", beat("10.0.0.1"));
  auto a = start("a");
  ASSERT_TRUE(owns(*a, 2));
  a->input->commit(0, 1);
  a->input->commit(7, 1); // not ours: nothing happens
  EXPECT_TRUE(test::eventually([&] { return committed(*a, 0) == 1; }));
}

TEST_F(owned_inputs, see_nothing_while_the_brokers_are_away_and_go_on_when_they_are_back) {
  kafka.produce("inputs", 0, "k", beat("10.0.0.1"));
  auto n = start("a");
  ASSERT_TRUE(owns(*n, 2));
  n->input->grant(0, 8);
  n->input->begin(0, 0);
  ASSERT_TRUE(n->told.wait([](const heard& h) { return h.of.contains(0) && h.of.at(0).connected; }));
  kafka.down();
  ASSERT_TRUE(n->told.wait([](const heard& h) { return !h.of.at(0).connected && !h.connected.back(); }));
  kafka.up();
  ASSERT_TRUE(n->told.wait([](const heard& h) { return h.connected.back(); }));
  kafka.produce("inputs", 0, "k", beat("10.0.0.2"));
  ASSERT_TRUE(n->told.wait([](const heard& h) { return h.of.at(0).hosts.size() == 2; }));
  EXPECT_TRUE(n->told.wait([](const heard& h) { return h.of.at(0).connected; })) << "after the producers had time to come back, too";
}

TEST(owned_input, of_several_topics_is_refused) {
  source_settings s;
  s.name = "inputs";
  s.kafka.topics = {"one", "two"};
  const auto made = make_kafka_owned_input(s, 0);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().text, HasSubstr("one topic, not of 2"));
}

} // namespace
} // namespace tocsin::kafka_input_test
