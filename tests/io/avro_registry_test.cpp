// A schema registry over HTTP: accounts, certificates, and what each answer means for the records that wait.
#include "io/avro_registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sender_support.hpp"

namespace tocsin::avro_registry_test {
namespace {

using namespace test;
using namespace std::string_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class registry : public testing::Test {
protected:
  /// Asks for one schema, by a registry object of its own: refusals are remembered.
  result<void> ask(const std::string& path, std::int32_t id = 7) {
    settings.registry = (secure ? "https://127.0.0.1:" : "http://127.0.0.1:") + server->port + path;
    known.emplace();
    return avro_registry{settings}.provide(id, *known);
  }
  void account(const std::string& user, const std::string& password) {
    settings.registry_user = user;
    settings.registry_password_file = directory.write("password", password + "\n");
  }
  void serve_tls() {
    const auto& c = certificates::all();
    server.emplace("http_receiver.py", std::vector<std::string>{"--certificate", c.file("server"), "--key", c.key("server")});
    secure = true;
  }
  temporary_directory directory;
  std::optional<server_process> server{std::in_place, "http_receiver.py", std::vector<std::string>{}};
  bool secure = false;
  kafka_input settings;
  std::optional<avro_schemas> known{std::in_place};
};

/// Its text, when the record is to wait.
std::string waits(const result<void>& r) { return !r && r.error().code == errc::unreachable ? r.error().text : "does not wait"; }
/// Its text, when the record is to be set aside.
std::string final(const result<void>& r) { return r || r.error().code == errc::unreachable ? "is not final" : r.error().text; }

TEST_F(registry, without_an_account_sends_none) {
  EXPECT_TRUE(ask("/registry"));
  EXPECT_TRUE(known->knows(7));
  const auto asked = server->next();
  EXPECT_EQ(asked["path"], "/registry/schemas/ids/7");
  EXPECT_FALSE(asked["headers"].contains("Authorization"));
}

TEST_F(registry, takes_the_account_whose_password_stands_in_a_file) {
  account("tocsin", "p:w \xc3\xbc%");
  EXPECT_TRUE(ask("/registry/tocsin:s3cret").error().code == errc::unreachable);
  EXPECT_EQ(server->next()["headers"]["Authorization"], "Basic dG9jc2luOnA6dyDDvCU=");
  account("tocsin", "s3cret");
  EXPECT_TRUE(ask("/registry/tocsin:s3cret"));
  EXPECT_TRUE(known->knows(7));
}

TEST_F(registry, that_refuses_the_account_is_waited_for_and_says_what_to_do) {
  EXPECT_THAT(waits(ask("/registry/tocsin:s3cret")),
              AllOf(StartsWith("Avro schema 7: the registry wants an account (401): http://127.0.0.1:"), HasSubstr("registry_user and registry_password_file")));
  account("tocsin", "wrong-one");
  EXPECT_THAT(waits(ask("/registry/tocsin:s3cret")),
              AllOf(HasSubstr("refuses the account 'tocsin' (401)"), HasSubstr("/schemas/ids/7; correct registry_user, or the password in " + directory.file("password")),
                    Not(HasSubstr("wrong-one"))));
  account("tocsin", "s3cret");
  EXPECT_THAT(waits(ask("/registry/tocsin:s3cret", 403)), AllOf(HasSubstr("does not let 'tocsin' read schemas (403)"), HasSubstr("give it that right")));
}

TEST_F(registry, is_not_asked_while_the_password_cannot_be_read) {
  account("tocsin", "s3cret");
  settings.registry_password_file = directory.file("nowhere");
  EXPECT_THAT(waits(ask("/registry/tocsin:s3cret")), AllOf(HasSubstr("registry_password_file " + directory.file("nowhere")), HasSubstr("No such file")));
  EXPECT_TRUE(server->is_quiet());
}

TEST_F(registry, in_trouble_of_its_own_is_waited_for) {
  for (const char* status : {"408", "429", "500", "503"}) EXPECT_THAT(waits(ask("/status/"s + status)), HasSubstr("the registry says "s + status));
  EXPECT_THAT(waits(ask("/status/301")), HasSubstr("redirects are not followed: correct registry"));
  server.reset();
  settings.registry = "http://127.0.0.1:1";
  EXPECT_THAT(waits(avro_registry{settings}.provide(7, *known)), HasSubstr("the registry does not answer: http://127.0.0.1:1/schemas/ids/7: "));
}

TEST_F(registry, that_does_not_have_the_schema_says_something_final) {
  EXPECT_THAT(final(ask("/registry", 10)), AllOf(StartsWith("Avro schema 10: the registry says 404"), HasSubstr("register it")));
  EXPECT_THAT(final(ask("/registry", 8)), HasSubstr("\"PROTOBUF\", not AVRO"));
  EXPECT_THAT(final(ask("/registry", 9)), HasSubstr("larger than"));
  EXPECT_THAT(final(ask("/nothing")), HasSubstr("answer has no schema"));
}

TEST_F(registry, by_https_is_known_by_its_authority) {
  serve_tls();
  account("tocsin", "s3cret");
  EXPECT_THAT(waits(ask("/registry/tocsin:s3cret")), HasSubstr("name the authority that signed its certificate in registry_ca_file"));
  settings.registry_ca_file = certificates::all().file("stranger");
  EXPECT_THAT(waits(ask("/registry/tocsin:s3cret")), HasSubstr("registry_ca_file"));
  EXPECT_TRUE(server->is_quiet()) << "the password was shown to a stranger";
  settings.registry_ca_file = directory.file("nowhere");
  EXPECT_THAT(waits(ask("/registry/tocsin:s3cret")), HasSubstr("check registry_ca_file"));
  settings.registry_ca_file = certificates::all().file("ca");
  EXPECT_TRUE(ask("/registry/tocsin:s3cret"));
}

} // namespace
} // namespace tocsin::avro_registry_test
