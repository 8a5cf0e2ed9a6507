#include "io/kafka_client.hpp"

#include <algorithm>

#include "io/clock.hpp"
#include "io/curl.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {

/// What is wrong with brokers and topics comes as events, too, and is said then, once.
void write_log(const rd_kafka_t*, int level, const char* facility, const char* text) {
  const std::string_view what{facility};
  // Consumers and producers share their properties.
  const std::string_view said{text};
  const bool of_the_other = said.find("is a consumer property") != said.npos || said.find("is a producer property") != said.npos;
  const bool ours_to_know = what == "SESSTMOUT" || what == "MAXPOLL" || (what == "CONFWARN" && !of_the_other);
  const auto as = level <= 2 ? log::level::error : ours_to_know ? log::level::warning : log::level::debug;
  log::write(as, "kafka_client", {{"what", facility}, {"text", text}});
}

result<void> set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char why[512] = "";
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why, sizeof why) == RD_KAFKA_CONF_OK) return {};
  return fail(errc::invalid, "Kafka property '" + name + "': " + why);
}

result<void> set_all(rd_kafka_conf_t* conf, const kafka_connection& c, const kafka_properties& defaults, const kafka_properties& ours) {
  for (const auto& [name, value] : defaults)
    if (auto done = set(conf, name, value); !done) return done;
  for (const auto& [name, value] : c.properties) {
    if (std::ranges::any_of(ours, [&](const auto& o) { return o.first == name; }))
      return fail(errc::invalid, "Kafka property '" + name + "' is set by tocsin itself; remove it");
    if (auto done = set(conf, name, value); !done) return done;
  }
  for (const auto& [name, value] : ours)
    if (auto done = set(conf, name, value); !done) return done;
  return {};
}

} // namespace

result<kafka_conf> kafka_config(const kafka_connection& c, const kafka_properties& defaults, const kafka_properties& ours) {
  kafka_conf conf{rd_kafka_conf_new()};
  rd_kafka_conf_set_log_cb(conf.get(), write_log);
  kafka_properties all = ours;
  all.emplace_back("bootstrap.servers", c.brokers);
  // Two small requests in a row, or the pieces of one under TLS, would wait 40 ms for an acknowledgement.
  kafka_properties first{};
  first.emplace_back("socket.nagle.disable", "true");
  first.insert(first.end(), defaults.begin(), defaults.end());
  if (auto done = set_all(conf.get(), c, first, all); !done) return tl::make_unexpected(done.error());
  for (const auto& [file, property] : {std::pair{&c.password_file, "sasl.password"}, std::pair{&c.key_password_file, "ssl.key.password"}}) {
    if (file->empty()) continue;
    const auto secret = read_secret(*file);
    if (!secret) return tl::make_unexpected(secret.error());
    if (rd_kafka_conf_set(conf.get(), property, secret->c_str(), nullptr, 0) != RD_KAFKA_CONF_OK)
      return fail(errc::invalid, *file + ": cannot be taken as " + property + "; is this librdkafka built with TLS and SASL?");
  }
  return conf;
}

result<void> check_kafka_properties(const kafka_connection& c, const kafka_properties& ours) {
  kafka_conf conf{rd_kafka_conf_new()};
  return set_all(conf.get(), c, {}, ours);
}

result<kafka_handle> make_kafka(rd_kafka_type_t type, kafka_conf conf) {
  char why[512] = "";
  kafka_handle made{rd_kafka_new(type, conf.get(), why, sizeof why)};
  if (!made) return fail(errc::invalid, std::string{"Kafka client: "} + why + "; correct kafka.properties");
  (void)conf.release(); // the client's own now
  return made;
}

std::string kafka_text(rd_kafka_resp_err_t code) {
  return std::string{rd_kafka_err2str(code)} + " (" + rd_kafka_err2name(code) + ')';
}

namespace {

std::string_view remedy_of(rd_kafka_resp_err_t code, std::string_view why) {
  const auto says = [&](std::string_view what) { return why.find(what) != why.npos; };
  if (code == RD_KAFKA_RESP_ERR__SSL || says("SSL routines") || says("SSL handshake")) {
    if (says("certificate verify failed"))
      return "the broker's certificate is of no authority in ssl.ca.location, over, or not for this address: correct one of the two";
    // With TLS 1.3 the broker refuses ours when the handshake is over.
    if (says(" alert ") && (says("certificate") || says("unknown ca") || says("decrypt error")))
      return "the broker does not take our certificate: give kafka.properties ssl.certificate.location and ssl.key.location of an authority that it trusts";
    return "check security.protocol and ssl.* in kafka.properties";
  }
  if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION) return "check sasl.* in kafka.properties, and kafka.password_file";
  if (code == RD_KAFKA_RESP_ERR__RESOLVE) return "check kafka.brokers and the name service";
  return {};
}

} // namespace

std::string kafka_trouble(rd_kafka_resp_err_t code, std::string_view why) {
  std::string out = kafka_text(code) + ": " + std::string{why};
  if (const auto remedy = remedy_of(code, why); !remedy.empty()) out += "; " + std::string{remedy};
  return out;
}

namespace {

constexpr int own_creation_looks = 10, own_creation_pause_ms = 200;

using metadata = std::unique_ptr<const rd_kafka_metadata_t, kafka_free<rd_kafka_metadata_destroy>>;

result<metadata> look_at(rd_kafka_t* client, const std::string& topic, int most_ms) {
  const kafka_topic handle{rd_kafka_topic_new(client, topic.c_str(), nullptr)};
  const rd_kafka_metadata_t* found = nullptr;
  if (const auto code = rd_kafka_metadata(client, 0, handle.get(), &found, most_ms); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(errc::unreachable, "Kafka topic '" + topic + "': " + kafka_text(code) + "; check brokers, network, and security.protocol");
  return metadata{found};
}

int count_partitions(const metadata& m) {
  if (m->topic_cnt < 1 || m->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
  return m->topics[0].partition_cnt;
}

result<void> create(rd_kafka_t* client, const std::string& topic, const kafka_topics& wanted, int most_ms) {
  char why[512] = "";
  std::unique_ptr<rd_kafka_NewTopic_t, kafka_free<rd_kafka_NewTopic_destroy>> fresh{
      rd_kafka_NewTopic_new(topic.c_str(), static_cast<int>(wanted.partitions), static_cast<int>(wanted.replication), why, sizeof why)};
  if (!fresh) return fail(errc::invalid, "Kafka topic '" + topic + "': " + why);
  for (const auto& [name, value] : wanted.config) (void)rd_kafka_NewTopic_set_config(fresh.get(), name.c_str(), value.c_str());
  kafka_queue answers{rd_kafka_queue_new(client)};
  rd_kafka_NewTopic_t* all[] = {fresh.get()};
  rd_kafka_CreateTopics(client, all, 1, nullptr, answers.get());
  const kafka_event event{rd_kafka_queue_poll(answers.get(), most_ms)};
  const auto* outcome = event ? rd_kafka_event_CreateTopics_result(event.get()) : nullptr;
  if (!outcome) return fail(errc::unreachable, "Kafka topic '" + topic + "' could not be created: no answer; create it by hand, or say create_topics: false");
  auto code = rd_kafka_event_error(event.get());
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results = rd_kafka_CreateTopics_result_topics(outcome, &count);
  std::string text = rd_kafka_event_error_string(event.get()) ? rd_kafka_event_error_string(event.get()) : "";
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR && count > 0) {
    code = rd_kafka_topic_result_error(results[0]);
    if (const char* more = rd_kafka_topic_result_error_string(results[0])) text = more;
  }
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
    return fail(errc::refused, "Kafka topic '" + topic + "' could not be created: " + kafka_text(code) + ' ' + text + "; create it by hand");
  log::info("kafka_topic_created", {{"topic", topic}, {"partitions", std::to_string(wanted.partitions)}});
  return {};
}

} // namespace

result<void> prepare_topics(rd_kafka_t* client, const kafka_topics& wanted, duration most) {
  const auto end = monotonic_clock() + most;
  const auto left_ms = [&] {
    return static_cast<int>(std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::milliseconds>(end - monotonic_clock()).count()));
  };
  for (const std::string& topic : wanted.names) {
    auto seen = look_at(client, topic, left_ms());
    if (!seen) return tl::make_unexpected(seen.error());
    int count = count_partitions(*seen);
    if (count == 0 && wanted.create) {
      if (auto made = create(client, topic, wanted, left_ms()); !made) return made;
      count = static_cast<int>(wanted.partitions);
    } else if (count == 0) {
      // A broker that creates topics by itself does so on being asked, and answers before it is done.
      for (int i = 0; i < own_creation_looks && count == 0; ++i) {
        rd_kafka_poll(client, own_creation_pause_ms);
        seen = look_at(client, topic, left_ms());
        if (!seen) return tl::make_unexpected(seen.error());
        count = count_partitions(*seen);
      }
    }
    if (count == 0)
      return fail(errc::missing, "Kafka topic '" + topic + "' is not there; create it, or say kafka.create_topics: true");
    if (wanted.expected != 0 && count != static_cast<int>(wanted.expected))
      return fail(errc::invalid,
                  "Kafka topic '" + topic + "' has " + std::to_string(count) + " partitions, " + std::to_string(wanted.expected) + " are configured; " +
                      (wanted.remedy.empty() ? "write partitions: " + std::to_string(count) + ", or use another topic" : wanted.remedy));
  }
  return {};
}

std::string_view vantage_of(const rd_kafka_message_t& m) {
  rd_kafka_headers_t* headers = nullptr; // the message keeps them
  const void* value = nullptr;
  std::size_t size = 0;
  if (rd_kafka_message_headers(&m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      rd_kafka_header_get_last(headers, vantage_header, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR || !value)
    return {};
  return {static_cast<const char*>(value), size};
}

std::uint8_t vantage_of(const rd_kafka_message_t& m, const std::vector<std::string>& known) {
  const auto at = std::ranges::find(known, vantage_of(m));
  return at == known.end() ? 0 : static_cast<std::uint8_t>(1 + (at - known.begin()));
}

} // namespace tocsin
