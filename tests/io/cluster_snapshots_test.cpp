// Snapshots in a topic: the newest whole one counts, whatever lies torn beside it.
#include "io/cluster_snapshots.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <future>

#include "io/kafka_partition_queue.hpp"
#include "io/kafka_support.hpp"
#include "io/rv_socket.hpp"
#include "io/snapshot_chunks.hpp"

namespace tocsin::cluster_snapshots_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint32_t version = 3;

std::string random_bytes(std::size_t size, unsigned seed = 1) { // does not compress
  std::string out(size, '\0');
  std::uint64_t x = seed;
  for (char& c : out) c = static_cast<char>((x = x * 6364136223846793005u + 1442695040888963407u) >> 56);
  return out;
}

class snapshots : public testing::Test {
protected:
  snapshots() { kafka.create("snapshots", 3); }
  std::unique_ptr<cluster_snapshots> open(std::uint32_t of = version) {
    auto opened = open_cluster_snapshots(kafka.output(), "snapshots", 3, of);
    EXPECT_TRUE(opened) << opened.error().text;
    return std::move(*opened);
  }
  static result<void> write(cluster_snapshots& s, std::int32_t partition, const std::string& key, std::int64_t offset, std::string bytes, duration most = 20s) {
    std::promise<result<void>> done;
    s.write(partition, key, offset, std::move(bytes), most, [&](result<void> r) { done.set_value(std::move(r)); });
    return done.get_future().get();
  }
  static result<cluster_snapshots_read> read(cluster_snapshots& s, std::int32_t partition, duration most = 20s) {
    std::promise<result<cluster_snapshots_read>> done;
    s.read(partition, most, [&](result<cluster_snapshots_read> r) { done.set_value(std::move(r)); });
    return done.get_future().get();
  }
  test::mock_kafka kafka;
};

TEST_F(snapshots, come_back_whole_to_another_node) {
  auto a = open(), b = open();
  ASSERT_TRUE(read(*a, 1));
  const std::string large = random_bytes(1'300'000), small = "small";
  ASSERT_TRUE(write(*a, 1, "1", 41, "older"));
  ASSERT_TRUE(write(*a, 1, "1", 42, large));
  ASSERT_TRUE(write(*a, 1, "desk/with/strokes", 7, small));
  ASSERT_TRUE(write(*a, 1, "empty", 8, ""));
  const auto got = read(*b, 1);
  ASSERT_TRUE(got) << got.error().text;
  ASSERT_EQ(got->newest.size(), 3);
  EXPECT_EQ(got->newest.at("1").input_offset, 42);
  EXPECT_TRUE(got->newest.at("1").bytes == large);
  EXPECT_EQ(got->newest.at("desk/with/strokes").bytes, small);
  EXPECT_EQ(got->newest.at("empty").bytes, "");
  EXPECT_EQ(got->remark, "");
  EXPECT_THAT(read(*b, 0)->newest, IsEmpty());
  EXPECT_EQ(a->status().written, 4);
}

TEST_F(snapshots, are_read_soon_by_a_node_that_is_connected) {
  auto a = open(), b = open();
  ASSERT_TRUE(read(*a, 0));
  ASSERT_TRUE(write(*a, 0, "0", 1, random_bytes(1 << 20)));
  ASSERT_TRUE(test::eventually([&] { // the statistics must have come once
    const auto begun = test::test_clock::now();
    return read(*b, 0) && test::test_clock::now() - begun < std::chrono::milliseconds{300};
  }));
  std::vector<double> took_ms;
  for (int i = 0; i < 20; ++i) {
    const auto begun = test::test_clock::now();
    ASSERT_TRUE(read(*b, 0));
    took_ms.push_back(std::chrono::duration<double, std::milli>(test::test_clock::now() - begun).count());
  }
  std::ranges::sort(took_ms);
  std::printf("reading 1 MiB: p50 %.1f ms, most %.1f ms\n", took_ms[10], took_ms.back());
  EXPECT_LT(took_ms[10], 500.0);
}

TEST_F(snapshots, have_an_end_that_is_known_from_asking_before_a_fetch_finds_nothing) {
  auto conf = kafka_config(kafka.connection(), {}, {{"group.id", "g"}});
  ASSERT_TRUE(conf);
  const auto client = make_kafka(RD_KAFKA_CONSUMER, std::move(*conf));
  ASSERT_TRUE(client);
  wake_up wake;
  for (const std::int64_t next : {5, 7}) {
    kafka_partition_queue queue{"snapshots", 0, kafka_queue{rd_kafka_queue_new(client->get())}, next, wake.fd()};
    queue.look(client->get());
    EXPECT_TRUE(queue.owes()) << "nobody said where it ends";
    queue.know_end(7);
    queue.look(client->get());
    EXPECT_EQ(queue.owes(), next < 7);
    EXPECT_EQ(queue.end(), 7);
  }
}

TEST_F(snapshots, are_not_written_to_a_partition_that_was_not_read) {
  auto s = open();
  const auto written = write(*s, 0, "0", 1, "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, errc::invalid);
  EXPECT_THAT(written.error().text, HasSubstr("must be read before"));
  EXPECT_FALSE(read(*s, 3)) << "there are only three";
}

TEST_F(snapshots, of_another_version_are_left_alone_and_counted) {
  auto old = open(2), fresh = open(3);
  ASSERT_TRUE(read(*old, 0));
  ASSERT_TRUE(write(*old, 0, "0", 1, "written by the version before"));
  const auto got = read(*fresh, 0);
  ASSERT_TRUE(got);
  EXPECT_THAT(got->newest, IsEmpty());
  EXPECT_EQ(got->unknown_version, 1);
  EXPECT_THAT(got->remark, HasSubstr("1 chunks of another version"));
}

TEST_F(snapshots, that_are_torn_leave_the_one_before) {
  auto s = open();
  ASSERT_TRUE(read(*s, 0));
  ASSERT_TRUE(write(*s, 0, "0", 10, "whole"));
  // What a node leaves that is killed while it writes.
  const std::string bytes = random_bytes(1'200'000);
  const auto set = describe_snapshot(version, 99, 20, bytes);
  ASSERT_EQ(set.count, 3);
  kafka.produce("snapshots", 0, snapshot_chunk_key("0", 1, 0), snapshot_chunk(set, 0, bytes));
  kafka.produce("snapshots", 0, snapshot_chunk_key("0", 1, 2), snapshot_chunk(set, 2, bytes));
  auto got = read(*s, 0);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->newest.at("0").bytes, "whole");
  EXPECT_EQ(got->torn, 1);
  EXPECT_THAT(got->remark, HasSubstr("0: 2 of 3 chunks, the one before it is used"));
  ASSERT_TRUE(write(*s, 0, "0", 30, "newer"));
  got = read(*s, 0);
  EXPECT_EQ(got->newest.at("0").bytes, "newer");
  EXPECT_EQ(got->torn, 0);
}

TEST_F(snapshots, whose_chunks_the_brokers_have_dropped_are_said_to_be_missing) {
  auto s = open();
  ASSERT_TRUE(read(*s, 0));
  ASSERT_TRUE(write(*s, 0, "0", 10, random_bytes(8 << 20))); // the mock keeps 5 MiB of a partition
  const auto got = read(*s, 0);
  ASSERT_TRUE(got);
  EXPECT_THAT(got->newest, IsEmpty());
  EXPECT_EQ(got->torn, 1);
  EXPECT_THAT(got->remark, HasSubstr("of 16 chunks, none before it is whole"));
}

TEST_F(snapshots, that_cannot_be_written_in_time_say_so_and_the_next_one_is_whole) {
  auto s = open();
  ASSERT_TRUE(read(*s, 0));
  ASSERT_TRUE(write(*s, 0, "0", 1, "first"));
  kafka.down();
  const auto late = write(*s, 0, "0", 2, random_bytes(1 << 20), 300ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, errc::timeout);
  const auto blind = read(*s, 0, 300ms);
  ASSERT_FALSE(blind);
  EXPECT_EQ(blind.error().code, errc::timeout);
  kafka.up();
  ASSERT_TRUE(write(*s, 0, "0", 3, "third"));
  const auto got = read(*s, 0);
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ(got->newest.at("0").bytes, "third");
}

TEST_F(snapshots, are_refused_in_a_topic_of_other_partitions) {
  const auto opened = open_cluster_snapshots(kafka.output(), "snapshots", 12, version);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text, HasSubstr("has 3 partitions, 12 are configured; snapshots lie where their input does"));
}

// -- chunks, without brokers

struct stored {
  std::string key, value;
};
std::vector<stored> chunks(const std::string& key, unsigned slot, std::uint64_t id, const std::string& bytes, std::int64_t offset = 1) {
  const auto set = describe_snapshot(version, id, offset, bytes);
  std::vector<stored> out;
  for (std::uint32_t i = 0; i < set.count; ++i) out.push_back({snapshot_chunk_key(key, slot, i), snapshot_chunk(set, i, bytes)});
  return out;
}
cluster_snapshots_read assemble(const std::vector<stored>& all) {
  snapshot_assembler a{version};
  for (const auto& s : all) a.add(s.key, s.value);
  return a.finish();
}
/// What is left of it in a compacted topic.
std::vector<stored> compacted(const std::vector<stored>& all) {
  std::vector<stored> out;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (std::none_of(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end(), [&](const stored& s) { return s.key == all[i].key; })) out.push_back(all[i]);
  return out;
}

TEST(snapshot_chunks, of_every_moment_of_writing_hold_a_whole_snapshot_also_when_compacted) {
  std::vector<stored> all;
  std::vector<std::string> bodies;
  for (unsigned n = 0; n < 5; ++n) {
    bodies.push_back(random_bytes(cluster_snapshots::chunk_bytes * (n % 3) + 100 + n, n + 1));
    for (auto& c : chunks("k", n % 2, n + 1, bodies.back(), n)) {
      all.push_back(std::move(c));
      const bool whole = all.back().key == snapshot_chunk_key("k", n % 2, n % 3);
      const auto got = assemble(compacted(all));
      if (n == 0 && !whole) continue;
      ASSERT_EQ(got.newest.size(), 1) << "after snapshot " << n;
      EXPECT_EQ(got.newest.at("k").input_offset, whole ? n : n - 1);
      EXPECT_TRUE(got.newest.at("k").bytes == bodies[whole ? n : n - 1]);
    }
  }
}

TEST(snapshot_chunks, of_two_writers_at_once_do_not_mix) {
  const auto one = random_bytes(cluster_snapshots::chunk_bytes * 2, 1), other = random_bytes(cluster_snapshots::chunk_bytes * 2, 2);
  const auto a = chunks("k", 1, 11, one, 1), b = chunks("k", 1, 12, other, 2);
  const auto before = chunks("k", 0, 10, "before", 0);
  snapshot_assembler all{version};
  for (const auto& s : {before[0], a[0], b[0], b[1], a[1]}) all.add(s.key, s.value);
  EXPECT_EQ(all.slots().at("k").whole, 0) << "compaction will leave b's first and a's second: the next one must not replace what was before";
  EXPECT_TRUE(all.finish().newest.at("k").bytes == other) << "it was begun last";
  const auto mixed = assemble(compacted({before[0], a[0], b[0], b[1], a[1]})); // b's first, a's second
  EXPECT_EQ(mixed.newest.at("k").bytes, "before");
  EXPECT_EQ(mixed.torn, 2);
}

TEST(snapshot_chunks, that_lie_are_not_believed) {
  const auto good = chunks("k", 0, 1, "good bytes");
  auto bad = good[0].value;
  bad.back() ^= 1;
  EXPECT_EQ(assemble({{good[0].key, bad}}).torn, 1);
  EXPECT_EQ(assemble({{"no place", good[0].value}, {"k/2/0", good[0].value}, {"k/0/1", good[0].value}, {"k/0/x", good[0].value}}).malformed, 4);
  for (std::size_t cut = 1; cut < good[0].value.size(); ++cut) {
    const auto got = assemble({{good[0].key, good[0].value.substr(0, cut)}});
    EXPECT_THAT(got.newest, IsEmpty());
    EXPECT_EQ(got.malformed, 1) << cut;
  }
  auto set = describe_snapshot(version, 1, 1, "x");
  set.size = ~0ull; // must not be given room
  set.count = ~0u;
  EXPECT_EQ(assemble({{"k/0/0", snapshot_chunk(set, 0, "x")}}).malformed, 1);
}

} // namespace
} // namespace tocsin::cluster_snapshots_test
