// Snapshots in files: whole or not at all.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "io/snapshot_file.hpp"
#include "io/store.hpp"

namespace tocsin::snapshot_file_test {
namespace {

class snapshot_files : public ::testing::Test {
protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tocsin-snapshot-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void change(const std::string& path, const std::function<void(std::string&)>& how) {
    std::ifstream in{path, std::ios::binary};
    std::string bytes{std::istreambuf_iterator<char>{in}, {}};
    how(bytes);
    std::ofstream{path, std::ios::binary} << bytes;
  }
  std::string folder;
};

TEST_F(snapshot_files, pieces_come_back_as_one_text) {
  const std::string path = snapshot_file(folder, 7);
  const std::string large(3'000'001, 'x');
  ASSERT_TRUE(write_snapshot_file(path, {"abc", "", large, "defghijklmnop"}));
  EXPECT_EQ(*read_snapshot_file(path), "abc" + large + "defghijklmnop");
  ASSERT_TRUE(write_snapshot_file(path, {}));
  EXPECT_EQ(*read_snapshot_file(path), "");
}

TEST_F(snapshot_files, every_damage_is_seen) {
  const std::string path = snapshot_file(folder, 7);
  for (const std::size_t at : {0u, 9u, 17u, 24u, 31u, 33u}) {
    ASSERT_TRUE(write_snapshot_file(path, {"0123456789"}));
    change(path, [&](std::string& bytes) { bytes[at] ^= 1; });
    const auto found = read_snapshot_file(path);
    ASSERT_FALSE(found) << at;
    EXPECT_EQ(found.error().code, errc::malformed);
  }
  for (const std::size_t length : {0u, 5u, 24u, 33u}) {
    ASSERT_TRUE(write_snapshot_file(path, {"0123456789"}));
    change(path, [&](std::string& bytes) { bytes.resize(length); });
    EXPECT_FALSE(read_snapshot_file(path)) << length;
  }
}

TEST_F(snapshot_files, a_folder_that_cannot_be_written_is_named) {
  const auto done = write_snapshot_file(folder + "/nowhere/snapshot-1.bin", {"x"});
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().text.find("nowhere"), std::string::npos);
}

TEST_F(snapshot_files, the_store_keeps_two_and_uses_the_one_before_a_damaged_one) {
  auto disk = open_sqlite_store(folder + "/tocsin.db");
  ASSERT_TRUE(disk) << disk.error().text;
  for (const std::uint64_t offset : {1u, 2u, 3u}) {
    ASSERT_TRUE(write_snapshot_file(snapshot_file(folder, offset), {"state ", std::to_string(offset)}));
    ASSERT_TRUE((*disk)->save_snapshot({offset, ""}));
  }
  std::ofstream{snapshot_file(folder, 4) + ".part"} << "interrupted";
  EXPECT_FALSE(std::filesystem::exists(snapshot_file(folder, 1)));
  EXPECT_EQ((*(*disk)->load_snapshot())->bytes, "state 3");
  change(snapshot_file(folder, 3), [](std::string& bytes) { bytes.back() = '?'; });
  EXPECT_FALSE((*disk)->load_snapshot());
  EXPECT_EQ((*(*disk)->previous_snapshot())->bytes, "state 2");
  ASSERT_TRUE((*disk)->save_snapshot({5, "in the database"}));
  EXPECT_EQ((*(*disk)->load_snapshot())->bytes, "in the database");
  EXPECT_FALSE(std::filesystem::exists(snapshot_file(folder, 4) + ".part"));
}

} // namespace
} // namespace tocsin::snapshot_file_test
