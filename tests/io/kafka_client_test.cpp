// What a Kafka client's own words are told with.
#include "io/kafka_client.hpp"

#include <gmock/gmock.h>

namespace tocsin::kafka_client_test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// As librdkafka 2.0 with OpenSSL 3.0 says them.
constexpr auto unknown_broker = "ssl://k1:9093/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker "
                                "certificate could not be verified, verify that ssl.ca.location is correctly configured (after 2ms in state SSL_HANDSHAKE)";
constexpr auto none_of_ours = "ssl://k1:9093/bootstrap: Receive failed: error:0A00045C:SSL routines::tlsv13 alert certificate required: SSL alert number 116";
constexpr auto ours_unknown = "ssl://k1:9093/bootstrap: Receive failed: error:0A000418:SSL routines::tlsv1 alert unknown ca: SSL alert number 48";
constexpr auto other_version = "ssl://k1:9093/bootstrap: SSL handshake failed: error:0A00042E:SSL routines::tlsv1 alert protocol version: SSL alert number 70";

TEST(kafka_trouble, begins_with_the_code_and_the_place) {
  EXPECT_THAT(kafka_trouble(RD_KAFKA_RESP_ERR__TRANSPORT, none_of_ours), StartsWith("Local: Broker transport failure (_TRANSPORT): ssl://k1:9093/bootstrap: "));
}

TEST(kafka_trouble, of_certificates_says_whose_it_is) {
  EXPECT_THAT(kafka_trouble(RD_KAFKA_RESP_ERR__SSL, unknown_broker), HasSubstr("; the broker's certificate is of no authority in ssl.ca.location"));
  for (const char* refused : {none_of_ours, ours_unknown})
    EXPECT_THAT(kafka_trouble(RD_KAFKA_RESP_ERR__TRANSPORT, refused), HasSubstr("; the broker does not take our certificate: give kafka.properties "));
  EXPECT_THAT(kafka_trouble(RD_KAFKA_RESP_ERR__SSL, other_version), EndsWith("; check security.protocol and ssl.* in kafka.properties"));
}

TEST(kafka_trouble, of_accounts_and_names_says_where_they_stand) {
  EXPECT_THAT(kafka_trouble(RD_KAFKA_RESP_ERR__AUTHENTICATION, "sasl_plaintext://k1:9092/bootstrap: failed"), HasSubstr("kafka.password_file"));
  EXPECT_THAT(kafka_trouble(RD_KAFKA_RESP_ERR__RESOLVE, "k1:9092/bootstrap: Failed to resolve 'k1:9092'"), HasSubstr("kafka.brokers"));
}

TEST(kafka_trouble, without_a_known_remedy_says_no_more_than_the_client) {
  EXPECT_EQ(kafka_trouble(RD_KAFKA_RESP_ERR__TRANSPORT, "k1:9092/1: Disconnected"), "Local: Broker transport failure (_TRANSPORT): k1:9092/1: Disconnected");
}

} // namespace
} // namespace tocsin::kafka_client_test
