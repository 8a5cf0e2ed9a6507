#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "codecs/decoder.hpp"
#include "codecs/journal_codec.hpp"
#include "core/limits.hpp"

namespace tocsin::jsonl_test {
namespace {

struct decoded {
  record_batch batch;
  std::vector<decode_error> errors;
  std::uint64_t ignored;
};

decoded decode(std::string_view text, const json_mapping& mapping = {}, std::size_t piece = std::string::npos, timestamp arrived = unset) {
  decode_context context;
  context.network = ";239.1.1.1";
  auto d = make_jsonl_decoder(context, mapping);
  decoded out;
  for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at)) d->feed(text.substr(at, piece), arrived, out.batch);
  d->finish(arrived, out.batch);
  out.errors = d->take_errors();
  out.ignored = d->ignored_count();
  return out;
}

json_mapping flat() {
  json_mapping m;
  m.at = "t";
  m.at_unit = "ms";
  m.subject = m.message = "";
  m.fields = {{"hostaddr", "id"}, {"network", "net"}, {"cc", "cli"}, {"client_limit", "maxcli"}, {"pm", "rxi"}, {"service", "port"}};
  return m;
}

const std::string heartbeat =
    R"({"at":"2025-10-15T01:38:54.797Z","subject":"_RV.INFO.SYSTEM.HOST.STATUS.0A62A389","message":{"hostaddr":"10.98.163.137",)"
    R"("ver":"8.7.0","time":"2025-10-15T01:38:54.790Z","up":990,"rli":60.0,"cc":4,"pm":7,"service":"7500","network":""}})";

TEST(jsonl, reads_a_heartbeat) {
  const decoded d = decode(heartbeat + "\n");
  ASSERT_EQ(d.batch.records.size(), 1u);
  const record& r = d.batch.records[0];
  EXPECT_EQ(r.kind, record_kind::heartbeat);
  EXPECT_EQ(r.host, "10.98.163.137");
  EXPECT_EQ(r.service, "7500");
  EXPECT_EQ(r.version, "8.7.0");
  EXPECT_EQ(to_rfc3339(r.at), "2025-10-15T01:38:54.797Z");
  EXPECT_EQ(to_rfc3339(r.sent_at), "2025-10-15T01:38:54.790Z");
  EXPECT_EQ(r.get(counter::uptime), 990u);
  EXPECT_EQ(r.get(counter::clients), 4u);
  EXPECT_FALSE(r.has(counter::messages_sent));
  EXPECT_FLOAT_EQ(r.reliability_s, 60);
  EXPECT_EQ(r.timed_by, time_source::log);
  EXPECT_TRUE(d.errors.empty());
}

TEST(jsonl, follows_the_mapping_of_a_house) {
  const std::string line = R"({"t":1700000100123,"id":"rvd-000001","host":"10.0.0.1","port":7501,"net":"eth0","up":5,"cli":20,"maxcli":64,"rxi":14,"pm":3})";
  const decoded d = decode(line + "\n" + line + "\n", flat());
  ASSERT_EQ(d.batch.records.size(), 2u);
  for (const record& r : d.batch.records) { // the first by the general parser, the second by the learned layout
    EXPECT_EQ(to_nanoseconds(r.at), 1700000100123'000'000);
    EXPECT_EQ(r.host, "rvd-000001");
    EXPECT_EQ(r.service, "7501");
    EXPECT_EQ(r.network, "eth0");
    EXPECT_EQ(r.get(counter::clients), 20u);
    EXPECT_EQ(r.get(counter::client_limit), 64u);
    EXPECT_EQ(r.get(counter::missed), 14u) << "pm is read from rxi";
    EXPECT_TRUE(r.peer.empty());
  }
}

TEST(jsonl, arrival_wins_over_what_the_line_says) {
  const timestamp arrived = from_milliseconds(1'800'000'000'000);
  const decoded d = decode(heartbeat + "\n" + heartbeat + "\n", {}, std::string::npos, arrived);
  ASSERT_EQ(d.batch.records.size(), 2u);
  for (const record& r : d.batch.records) {
    EXPECT_EQ(r.at, arrived);
    EXPECT_EQ(r.timed_by, time_source::arrival);
    EXPECT_EQ(to_rfc3339(r.sent_at), "2025-10-15T01:38:54.790Z");
  }
}

TEST(jsonl, bad_lines_are_named_and_the_rest_goes_on) {
  const std::string text = heartbeat + "\n{\"at\":1,\n[1]\n\n{\"subject\":5}\n{\"subject\":\"_RV.INFO.SYSTEM.HOST.STATUS\",\"message\":{}}\n" +
                           R"({"subject":"_RV.INFO.SYSTEM.HOST.STATUS.0A62A389","message":{"up":-3,"cc":"4"}})" + "\r\n" + heartbeat;
  const decoded d = decode(text);
  ASSERT_EQ(d.batch.records.size(), 3u);
  EXPECT_FALSE(d.batch.records[1].has(counter::uptime));
  EXPECT_EQ(d.batch.records[1].get(counter::clients), 4u) << "numbers written as text count";
  std::vector<std::uint64_t> lines;
  for (const decode_error& e : d.errors) lines.push_back(e.position);
  EXPECT_EQ(lines, (std::vector<std::uint64_t>{2, 3, 5, 6, 7}));
}

TEST(jsonl, what_is_of_no_interest_is_counted) {
  const decoded d = decode(R"({"subject":"_RV.INFO.SYSTEM.LISTEN.START.A.B","message":{"sub":"A.B"}})" "\n");
  EXPECT_TRUE(d.batch.records.empty());
  EXPECT_EQ(d.ignored, 1u);
  EXPECT_TRUE(d.errors.empty());
}

TEST(jsonl, a_line_without_end_is_bounded_and_the_next_one_is_read) {
  std::string text(limits::json_line_bytes_max + 4096, 'x');
  text += "\n" + heartbeat + "\n";
  const decoded d = decode(text, {}, 4096);
  EXPECT_EQ(d.batch.records.size(), 1u);
  ASSERT_EQ(d.errors.size(), 1u);
  EXPECT_EQ(d.errors[0].code, errc::too_large);
}

/// Lines in many shapes: permuted keys, missing keys, blanks, numbers as text, escapes.
std::string many_shapes(unsigned seed, int lines) {
  std::mt19937 random{seed};
  std::string all;
  std::vector<std::string> keys{"hostaddr", "ver", "up", "cc", "ps", "pr", "rx", "pm", "idl", "service", "network", "rli", "time", "odd"};
  for (int i = 0; i < lines; ++i) {
    if (random() % 5 == 0) std::shuffle(keys.begin(), keys.end(), random);
    const std::string space = random() % 7 == 0 ? " " : "";
    std::string m;
    for (const std::string& k : keys) {
      if (random() % 40 == 0) continue;
      std::string v = std::to_string(random() % 3 ? random() : random() % 10);
      if (k == "hostaddr") v = "\"10.0.0." + std::to_string(random() % 9) + "\"";
      else if (k == "ver" || k == "network" || k == "odd") v = random() % 30 ? "\"8.7.\"" : "\"a\\u00e9\\n\"";
      else if (k == "service") v = "\"7500\"";
      else if (k == "rli") v = random() % 2 ? "60.0" : "5";
      else if (k == "time") v = "\"2025-10-15T01:38:54.797Z\"";
      else if (random() % 50 == 0) v = "\"" + v + "\"";
      else if (random() % 50 == 0) v = random() % 2 ? "1e3" : "99999999999999999999";
      m += (m.empty() ? "" : "," + space) + "\"" + k + "\":" + space + v;
    }
    const std::string at = random() % 3 ? std::to_string(1700000000 + i) + "." + std::to_string(random() % 1000) : std::to_string(1700000000 + i);
    all += "{\"at\":" + at + ",\"subject\":\"_RV.INFO.SYSTEM.HOST.STATUS.0A00000" + std::to_string(random() % 9) + "\",\"message\":{" + m + "}}\n";
  }
  return all;
}

TEST(jsonl, the_learned_layout_and_the_general_parser_agree) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::string text = many_shapes(seed, 200);
    const decoded together = decode(text);
    // A decoder of its own for every line never has a layout to go by.
    record_batch alone;
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t end = text.find('\n', at) + 1;
      decoded one = decode(text.substr(at, end - at));
      for (const record& r : one.batch.records) alone.records.push_back(r);
      for (auto& b : one.batch.bytes) alone.bytes.push_back(b);
      at = end;
    }
    ASSERT_EQ(together.batch.records.size(), alone.records.size());
    EXPECT_EQ(encode_records(together.batch, 0, alone.records.size()), encode_records(alone, 0, alone.records.size())) << seed;
  }
}

TEST(jsonl, where_the_input_is_cut_does_not_matter) {
  const std::string text = many_shapes(99, 40);
  const decoded whole = decode(text);
  for (std::size_t piece : {1u, 2u, 3u, 7u, 64u, 1000u}) {
    const decoded cut = decode(text, {}, piece);
    ASSERT_EQ(cut.batch.records.size(), whole.batch.records.size());
    EXPECT_EQ(encode_records(cut.batch, 0, cut.batch.records.size()), encode_records(whole.batch, 0, whole.batch.records.size())) << piece;
  }
}

} // namespace
} // namespace tocsin::jsonl_test
