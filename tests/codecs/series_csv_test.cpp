// CSV of series: what is a row, what is named with its line, and that pieces of any size give the same.
#include "codecs/series_csv.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "core/limits.hpp"

namespace tocsin::series_csv_test {
namespace {

struct outcome {
  std::string rows; ///< "seconds:value,value" for each, r = ragged, ? = missing
  std::vector<std::string> problems, channels;
  std::string failure;
};

outcome read(std::string_view text, std::size_t piece = 1 << 20) {
  series_csv csv{"s.csv"};
  outcome o;
  const auto take = [&](const series_row& r) {
    o.rows += (o.rows.empty() ? "" : " ") + std::to_string(to_nanoseconds(r.at) / 1'000'000'000) + (r.ragged ? "r" : "") + ":";
    for (double v : r.values) o.rows += (o.rows.back() == ':' ? "" : ",") + (std::isnan(v) ? std::string{"?"} : std::to_string(static_cast<int>(v)));
  };
  for (std::size_t at = 0; at < text.size(); at += piece) csv.feed(text.substr(at, piece), take);
  csv.finish(take);
  o.problems = csv.problems();
  o.channels = csv.channels();
  if (csv.failure()) o.failure = csv.failure()->text;
  return o;
}

TEST(series_csv, a_time_and_values) {
  const outcome o = read("timestamp,a,b\n1970-01-01 00:00:05,1,2\n1970-01-01T00:00:06Z,3,4\n");
  EXPECT_EQ(o.rows, "5:1,2 6:3,4");
  EXPECT_EQ(o.channels, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(o.problems.empty() && o.failure.empty());
}

TEST(series_csv, seconds_quotes_carriage_returns_marks_and_blank_lines) {
  EXPECT_EQ(read("\xef\xbb\xbf\"Time\",\"a, b\"\r\n1.5,\"7\"\r\n\r\n 3 , 8 ").rows, "1:7 3:8");
  EXPECT_EQ(read("x,time,y\n1,9,2\n").rows, "9:1,2") << "the time is where its name is";
  EXPECT_EQ(read("seq,y\n4,2\n").rows, "4:2") << "or in the first column";
}

TEST(series_csv, columns_of_truth_are_never_channels) {
  const outcome o = read("timestamp,label,v,Window,changepoint,fault,wafer,step,exp\n1,1,5,1,1,1,1,1,1\n");
  EXPECT_EQ(o.rows, "1:5");
  EXPECT_EQ(o.channels, std::vector<std::string>{"v"});
}

TEST(series_csv, what_is_wrong_is_named_and_the_rest_goes_on) {
  const outcome o = read("t,a\n10,1\n11\n12,2,3\n13,nan\n14,inf\n15,1e999\n16,x\n17,\n9,8\nsoon,7\n18,6\n");
  EXPECT_EQ(o.rows, "10:1 10r:? 10r:? 13:? 14:? 15:? 16:? 17:? 17:8 17:7 18:6");
  ASSERT_EQ(o.problems.size(), 9u);
  EXPECT_EQ(o.problems[0], "s.csv:3: 1 cells where the header has 2; the row is not used");
  EXPECT_EQ(o.problems[2], "s.csv:5: a is 'nan', no finite number; taken as missing");
  EXPECT_EQ(o.problems[7], "s.csv:10: time '9' is before the row before; taken as that time");
  EXPECT_EQ(o.problems[8], "s.csv:11: time 'soon' cannot be read; taken as the time before");
}

TEST(series_csv, what_cannot_be_read_at_all_is_said_once) {
  EXPECT_EQ(read("").failure, "s.csv:1: there is no header; name the columns, as in timestamp,value");
  EXPECT_EQ(read("timestamp,label\n1,1\n").failure, "s.csv:1: no column of values in the header; name the columns, as in timestamp,value");
  EXPECT_EQ(read("2014-04-01,20.5\n").failure, "s.csv:1: the first line holds numbers instead of names; name the columns, as in timestamp,value");
  EXPECT_NE(read("t" + std::string(1'000'000, ',') + "\n1,2\n").failure.find("more than 4096 columns"), std::string::npos);
  EXPECT_NE(read(std::string(limits::series_line_bytes_max + 1, 'a') + "\n1\n").failure.find("is it a CSV?"), std::string::npos);
}

TEST(series_csv, a_record_of_a_million_cells_is_one_ragged_row) {
  const outcome o = read("t,a\n1,1\n2" + std::string(1'000'000, ',') + "\n3" + std::string(2'000'000, ',') + "\n4,4\n");
  EXPECT_EQ(o.rows, "1:1 1r:? 1r:? 4:4");
  EXPECT_EQ(o.problems.size(), 2u);
}

TEST(series_csv, problems_are_counted_beyond_those_that_are_kept) {
  series_csv csv{"s.csv"};
  std::string text = "t,a\n";
  for (int i = 0; i < 100; ++i) text += "1,x\n";
  csv.feed(text, [](const series_row&) {});
  EXPECT_EQ(csv.problem_count(), 100u);
  EXPECT_EQ(csv.problems().size(), series_csv::problems_kept);
}

TEST(series_csv, pieces_of_any_size_give_the_same) {
  const std::string text = "\xef\xbb\xbftime,a,\"b,c\"\r\n1,2,3\r\n2,\"4\",\n\n3,1\n4,5,6\n2,7,8";
  const outcome whole = read(text);
  for (std::size_t piece : {1u, 2u, 3u, 7u, 20u}) {
    const outcome o = read(text, piece);
    EXPECT_EQ(o.rows, whole.rows);
    EXPECT_EQ(o.problems, whole.problems);
  }
}

TEST(series_csv, columns_asked_for_by_name_are_texts_or_the_only_channels) {
  series_csv csv{"s.csv", {{"label"}, {"b", "step"}}};
  std::string seen;
  csv.feed("time,a,b,step,label\n1,2,3,4,pass\n2,5\n", [&](const series_row& r) {
    for (const double v : r.values) seen += std::isnan(v) ? "-" : std::to_string(static_cast<int>(v));
    seen += "=" + std::string{r.texts[0]} + ";";
  });
  EXPECT_EQ(csv.channels(), (std::vector<std::string>{"b", "step"}));
  EXPECT_EQ(seen, "34=pass;--=;");
  for (const series_columns& wrong : {series_columns{{"nothing"}, {}}, series_columns{{}, {"nothing"}}}) {
    series_csv other{"s.csv", wrong};
    other.feed("time,a\n1,2\n", [](const series_row&) { FAIL(); });
    ASSERT_TRUE(other.failure());
    EXPECT_EQ(other.failure()->text, "s.csv:1: there is no column 'nothing'; there are 'time', 'a'");
  }
}

} // namespace
} // namespace tocsin::series_csv_test
