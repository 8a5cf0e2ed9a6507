#include "codecs/journal_codec.hpp"

#include <gtest/gtest.h>

#include "core/limits.hpp"

namespace tocsin::journal_codec_test {
namespace {

/// A record with every field set from a seed, many of them at their extremes.
record sample(record_batch& batch, std::uint64_t seed) {
  record r;
  auto next = [&] { return seed = seed * 6364136223846793005ull + 1442695040888963407ull; };
  r.at = from_nanoseconds(static_cast<std::int64_t>(next()));
  r.sent_at = seed % 3 ? unset : from_nanoseconds(static_cast<std::int64_t>(next() >> 2));
  r.host = batch.keep("10.0.0." + std::to_string(next() % 256));
  r.service = batch.keep(std::to_string(next() % 65536));
  r.network = seed % 2 ? batch.keep(";239.1.1.1") : std::string_view{};
  r.version = batch.keep("8.7.0");
  r.peer = seed % 5 ? std::string_view{} : batch.keep("192.0.2.1");
  for (std::size_t i = 0; i < counter_count; ++i)
    if (next() >> 40 & 1) r.set(static_cast<counter>(i), next() % 3 ? next() : UINT64_MAX);
  r.reliability_s = seed % 4 ? static_cast<float>(next() % 1000) / 7 : seed % 8 ? 60.0F : 0.0F;
  r.kind = static_cast<record_kind>(next() % 11);
  r.timed_by = static_cast<time_source>(next() % 3);
  r.vantage = static_cast<std::uint8_t>(next() % limits::vantages_max);
  r.moved_s = next() % 3 ? 0.0F : static_cast<float>(next() % 100'000) / 7 + 0.001F;
  r.key_hash = hash_key(r.host, r.service);
  return r;
}

void expect_same(const record& a, const record& b) {
  EXPECT_EQ(a.at, b.at);
  EXPECT_EQ(a.sent_at, b.sent_at);
  EXPECT_EQ(a.key_hash, b.key_hash);
  EXPECT_EQ(a.host, b.host);
  EXPECT_EQ(a.service, b.service);
  EXPECT_EQ(a.network, b.network);
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.peer, b.peer);
  EXPECT_EQ(a.present, b.present);
  EXPECT_EQ(a.values, b.values);
  EXPECT_EQ(a.reliability_s, b.reliability_s);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.timed_by, b.timed_by);
  EXPECT_EQ(a.vantage, b.vantage);
  EXPECT_EQ(a.moved_s, b.moved_s);
}

TEST(journal_codec, gives_back_what_it_was_given) {
  record_batch batch;
  batch.first_offset = 4711;
  for (std::uint64_t i = 0; i < 500; ++i) batch.records.push_back(sample(batch, i));
  const auto back = decode_records(encode_records(batch, 100, 400));
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(back->first_offset, 4811u);
  ASSERT_EQ(back->records.size(), 300u);
  for (std::size_t i = 0; i < 300; ++i) expect_same(back->records[i], batch.records[100 + i]);
}

TEST(journal_codec, refuses_every_cut_and_extra_bytes) {
  record_batch batch;
  for (std::uint64_t i = 0; i < 3; ++i) batch.records.push_back(sample(batch, i));
  const std::string blob = encode_records(batch, 0, 3);
  for (std::size_t n = 0; n < blob.size(); ++n) EXPECT_FALSE(decode_records(blob.substr(0, n))) << n;
  EXPECT_FALSE(decode_records(blob + '\0'));
}

TEST(journal_codec, names_another_version) {
  std::string blob = encode_records({}, 0, 0);
  blob[1] = 9; // the version is the first item of the header
  const auto back = decode_records(blob);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, errc::version);
}

} // namespace
} // namespace tocsin::journal_codec_test
