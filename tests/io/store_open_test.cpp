// Opening a store: foreign files are refused with the remedy and left as they were; readers never
// disturb.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "store_fixture.hpp"

namespace tocsin::store_open_test {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;

namespace {

class store_opening : public testing::Test {
protected:
  error refused(const std::string& file) {
    auto made = open_sqlite_store(file);
    EXPECT_FALSE(made);
    return made ? error{} : made.error();
  }
  temporary_directory directory;
  std::string path = directory.file("tocsin.db");
};

TEST_F(store_opening, another_schema_version_is_named_with_what_to_do) {
  ASSERT_TRUE(open_sqlite_store(path));
  tamper(path, "PRAGMA user_version = 7");
  const auto e = refused(path);
  EXPECT_EQ(e.code, errc::version);
  EXPECT_THAT(e.text, AllOf(HasSubstr(path), HasSubstr("schema version 7"), HasSubstr("version 4"),
                            HasSubstr("move the file away")));
  const auto reading = open_sqlite_store_read_only(path);
  ASSERT_FALSE(reading);
  EXPECT_EQ(reading.error().code, errc::version);
}

TEST_F(store_opening, a_store_of_version_2_is_brought_up_and_keeps_what_it_has) {
  {
    auto made = open_sqlite_store(path);
    ASSERT_TRUE(made);
    ASSERT_TRUE((*made)->upsert_incident(an_incident("old", 1, incident_state::opened, 1000), "{}"));
  }
  tamper(path, "ALTER TABLE incidents DROP COLUMN rules; DROP TABLE log_positions; PRAGMA user_version = 2");
  EXPECT_TRUE(open_sqlite_store_read_only(path)) << "its journal can be replayed as it is";
  auto store = open_sqlite_store(path);
  ASSERT_TRUE(store) << store.error().text;
  EXPECT_EQ((*(*store)->find_incident("old"))->rules, "") << "nobody knows";
  incident fresh = an_incident("new", 1, incident_state::opened, 1000);
  fresh.rules = "0123456789abcdef";
  ASSERT_TRUE((*store)->upsert_incident(fresh, "{}"));
  EXPECT_EQ((*(*store)->find_incident("new"))->rules, "0123456789abcdef");
  EXPECT_TRUE(open_sqlite_store_read_only(path));
}

TEST_F(store_opening, a_store_of_version_3_gets_a_place_for_positions) {
  ASSERT_TRUE(open_sqlite_store(path));
  tamper(path, "DROP TABLE log_positions; PRAGMA user_version = 3");
  auto store = open_sqlite_store(path);
  ASSERT_TRUE(store) << store.error().text;
  ASSERT_TRUE((*store)->save_positions("feed", {{"inputs", 0, 7}}));
  EXPECT_THAT(*(*store)->positions("feed"), testing::ElementsAre(log_position{"inputs", 0, 7}));
}

TEST_F(store_opening, what_is_no_database_is_left_alone) {
  const std::string text(10'000, 'x');
  directory.write("tocsin.db", text);
  const auto e = refused(path);
  EXPECT_EQ(e.code, errc::malformed);
  EXPECT_THAT(e.text,
              AllOf(HasSubstr(path), HasSubstr("not a database"), HasSubstr("another data_dir")));
  EXPECT_EQ(read_file(path), text);
}

TEST_F(store_opening, another_programs_database_is_left_alone) {
  tamper(path, "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
  const std::string before = read_file(path);
  const auto e = refused(path);
  EXPECT_EQ(e.code, errc::invalid);
  EXPECT_THAT(e.text, HasSubstr("another program"));
  EXPECT_EQ(read_file(path), before);
}

TEST_F(store_opening, a_directory_in_its_place_is_named) {
  std::filesystem::create_directory(path);
  const auto e = refused(path);
  EXPECT_EQ(e.code, errc::io);
  EXPECT_THAT(e.text, HasSubstr(path));
}

TEST_F(store_opening, a_directory_that_cannot_be_made_is_named) {
  directory.write("file", "");
  const auto e = refused(directory.file("file/below/tocsin.db"));
  EXPECT_EQ(e.code, errc::io);
  EXPECT_THAT(e.text, HasSubstr(directory.file("file")));
}

TEST_F(store_opening, without_the_right_to_write_it_says_so) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  ASSERT_TRUE(open_sqlite_store(path));
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  const auto e = refused(path);
  EXPECT_EQ(e.code, errc::io);
  EXPECT_THAT(e.text, HasSubstr("allow this user to write"));
}

TEST_F(store_opening, two_nodes_cannot_share_one_file) {
  auto first = open_sqlite_store(path);
  ASSERT_TRUE(first);
  const auto e = refused(path);
  EXPECT_EQ(e.code, errc::refused);
  EXPECT_THAT(e.text,
              AllOf(HasSubstr("in use by another tocsin"), HasSubstr(std::to_string(::getpid()))));
  first->reset();
  EXPECT_TRUE(open_sqlite_store(path));
}

TEST_F(store_opening, a_file_that_another_program_holds_is_named) {
  auto s = open_sqlite_store(path);
  ASSERT_TRUE(s);
  auto other = sqlite::connection::open(path, sqlite::mode::read_write_create);
  ASSERT_TRUE((*other)->run("BEGIN IMMEDIATE"));
  const auto begun = (*s)->begin();
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, errc::refused);
  EXPECT_THAT(begun.error().text, HasSubstr("another program holds the file"));
  ASSERT_TRUE((*other)->run("COMMIT"));
  EXPECT_TRUE((*s)->begin());
}

TEST_F(store_opening, reading_beside_the_writer_and_writing_nothing) {
  auto s = std::move(*open_sqlite_store(path));
  ASSERT_TRUE(s->append(batch_at(0, 5), 0, 5));
  auto reading = open_sqlite_store_read_only(path);
  ASSERT_TRUE(reading) << reading.error().text;
  EXPECT_EQ((*reading)->next_offset(), 5u);
  std::size_t seen = 0;
  ASSERT_TRUE((*reading)->replay(0, [&](record_batch&& b) { seen += b.records.size(); }));
  EXPECT_EQ(seen, 5u);
  for (const auto& attempt : {(*reading)->begin(), (*reading)->append(batch_at(5, 1), 0, 1),
                              (*reading)->trim(5, never), (*reading)->save_snapshot({})}) {
    ASSERT_FALSE(attempt);
    EXPECT_EQ(attempt.error().code, errc::refused);
    EXPECT_THAT(attempt.error().text, HasSubstr("for reading only"));
  }
  ASSERT_TRUE(s->append(batch_at(5, 1), 0, 1)) << "the reader is not in the way";
}

TEST_F(store_opening, an_archive_on_a_read_only_place_can_be_read) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  {
    auto s = std::move(*open_sqlite_store(path));
    ASSERT_TRUE(s->append(batch_at(0, 5), 0, 5));
  }
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  const auto place = std::filesystem::path{path}.parent_path();
  std::filesystem::permissions(place, std::filesystem::perms::owner_read |
                                          std::filesystem::perms::owner_exec);
  auto reading = open_sqlite_store_read_only(path);
  std::filesystem::permissions(place, std::filesystem::perms::owner_all);
  ASSERT_TRUE(reading) << reading.error().text;
  EXPECT_EQ((*reading)->next_offset(), 5u);
}

TEST_F(store_opening, reading_what_is_not_there_is_an_error_that_makes_no_file) {
  EXPECT_FALSE(open_sqlite_store_read_only(path));
  EXPECT_FALSE(std::filesystem::exists(path));
  directory.write("empty.db", "");
  const auto empty = open_sqlite_store_read_only(directory.file("empty.db"));
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, errc::missing);
}

TEST_F(store_opening, a_name_with_the_signs_of_a_uri_is_just_a_name) {
  const auto odd = directory.file("50% off?mode=memory#1.db");
  ASSERT_TRUE(open_sqlite_store(odd));
  EXPECT_TRUE(std::filesystem::exists(odd));
}

/// While it lives no file of this process may grow beyond `bytes`.
class file_size_limit {
public:
  explicit file_size_limit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

private:
  rlimit before_{};
  sighandler_t handler_;
};

TEST_F(store_opening, a_full_disk_fails_the_transaction_and_nothing_else) {
  auto s = std::move(*open_sqlite_store(path));
  ASSERT_TRUE(s->append(batch_at(0, 5), 0, 5));
  {
    const file_size_limit limit{200'000};
    ASSERT_TRUE(s->begin());
    EXPECT_TRUE(s->append(batch_at(5, 5), 0, 5));
    EXPECT_FALSE(s->save_snapshot({10, std::string(3'000'000, 's')}) && s->commit());
    EXPECT_FALSE(s->enqueue(entry("i", 1, "ops", 0)).has_value() && s->commit().has_value());
  }
  (void)s->commit();
  EXPECT_EQ(s->next_offset(), 5u);
  ASSERT_TRUE(s->begin()) << "there is room again";
  EXPECT_TRUE(s->append(batch_at(5, 5), 0, 5));
  EXPECT_TRUE(s->commit());
  std::size_t seen = 0;
  ASSERT_TRUE(
      s->replay(0, [&](record_batch&& b) { seen += is_as_written(b) ? b.records.size() : 0; }));
  EXPECT_EQ(seen, 10u);
}

} // namespace

} // namespace tocsin::store_open_test
