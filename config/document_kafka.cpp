// The keys of Kafka: the cluster, what is read of it and what is written to it.
#include "config/document.hpp"
#include "config/forms.hpp"

namespace tocsin {

using keys::section;

section describe(kafka_output& k) {
  section s;
  s.text("brokers", k.connection.brokers, "host:port of some brokers, with commas between; \"\" = no Kafka.", forms::host_ports_or_none);
  s.text_map("properties", k.connection.properties,
             "Properties of librdkafka, for TLS, SASL and tuning: `security.protocol: SASL_SSL`. Secrets have files of their own.");
  s.text("password_file", k.connection.password_file, "File that holds the account's password (`sasl.password`).");
  s.text("key_password_file", k.connection.key_password_file, "File that holds the password of the private key (`ssl.key.password`).");
  s.flag("create_topics", k.create_topics, "Whether topics that are missing are created, with `partitions` and `replication`.");
  s.whole("partitions", k.partitions, 1, 100'000, "Of topics that are created.").unit("partitions");
  s.whole("replication", k.replication, 1, 100, "Copies of each partition of topics that are created.");
  s.choice("partitioner", k.partitioner, {"murmur2_random", "murmur2"},
           "Which partition a key goes to, as Kafka's own clients do it. They differ for records without a key: any, or always the same.");
  s.choice("compression", k.compression, {"none", "lz4", "zstd", "gzip", "snappy"}, "Of what is written.");
  s.span("linger", k.linger, 0s, 10s, "A record waits so long for others to be sent with it.");
  s.whole("queue", k.queue_records, 1000, 10'000'000, "Waiting for the brokers at most; what is beyond is dropped and counted.").unit("records");
  s.text("inputs", k.inputs, "Topic that gets what the sources hear that are not of Kafka, keyed by subject; \"\" = none.", forms::topic_or_none);
  s.choice("inputs_encoding", k.inputs_encoding, {"json", "msgpack"}, "How it is written.");
  s.text("readings", k.readings, "Topic that gets the sensor readings and events of sources that are not of Kafka, keyed by equipment unit; \"\" = none.",
         forms::topic_or_none);
  s.text("incidents", k.incidents, "Topic for incidents; \"\" = none.", forms::topic_or_none);
  s.text("symptoms", k.symptoms, "Topic for symptoms; \"\" = none.", forms::topic_or_none);
  s.text("windows", k.windows, "Topic for the window results of equipment; \"\" = none.", forms::topic_or_none);
  s.text("anomalies", k.anomalies, "Topic for the anomalies of equipment; \"\" = none.", forms::topic_or_none);
  s.text("states", k.states, "Topic for the state changes of equipment; \"\" = none.", forms::topic_or_none);
  return s;
}

void describe_kafka(source_settings& s, section& keys) {
  kafka_input& k = s.kafka;
  keys.text("brokers", s.connection.brokers, "host:port of some brokers, with commas between; starts from kafka.brokers.", forms::host_ports_or_none)
      .only_for({"kafka"});
  keys.text_map("properties", s.connection.properties, "Properties of librdkafka; starts from kafka.properties.").only_for({"kafka"});
  keys.text("password_file", s.connection.password_file, "File that holds the account's password; starts from kafka.password_file.")
      .only_for({"kafka"});
  keys.text("key_password_file", s.connection.key_password_file, "File that holds the key's password; starts from kafka.key_password_file.")
      .only_for({"kafka"});
  keys.texts("topics", k.topics, "Topics to read.", forms::topic).required().only_for({"kafka"});
  keys.text("group", k.group, "Consumer group.", forms::not_empty).only_for({"kafka"});
  keys.text("member", k.member, "Static member of the group (`group.instance.id`), so that a restart gives no rebalance; \"\" = none.")
      .only_for({"kafka"});
  keys.choice("format", k.format, {"jsonl", "samples"}, "`jsonl`: heartbeats and advisories. `samples`: sensor readings.")
      .only_for({"kafka"});
  keys.choice("encoding", k.encoding, {"json", "msgpack", "avro"},
              "How the values are written; msgpack and Avro are read as the JSON they stand for, by the same mapping.")
      .only_for({"kafka"});
  keys.choice("start", k.start, {"committed", "earliest", "latest"},
              "Where to begin with a partition of which we keep no position. `committed`: where the group was, else at the earliest record.")
      .only_for({"kafka"});
  keys.choice("assignor", k.assignor, {"cooperative-sticky", "range"},
              "How the group divides its partitions; the same for all members.")
      .only_for({"kafka"});
  keys.whole("partitions", k.partitions, 0, 100'000, "Every topic must have so many, else the start is refused; 0 = any number.")
      .unit("partitions")
      .only_for({"kafka"});
  keys.texts("vantages", k.vantages,
             "Of an input that nodes share: who writes it, by the header `vantage` of the records (an RV source's name, `tocsin produce --vantage`). Each "
             "is a vantage point of its own; what names none of them comes from the input itself.",
             forms::simple_name)
      .or_none()
      .only_for({"kafka"});
  keys.span("blind_after", k.blind_after, 1s, 1h,
            "Time stands still while the log cannot be read or is being caught up with; without progress for so long, the source is blind.")
      .only_for({"kafka"});
  keys.text("schemas", k.schemas, "avro: folder of schemas, `<id>.avsc`; \"\" = none.").only_for({"kafka"});
  keys.text("registry", k.registry, "avro: address of a schema registry; \"\" = none.", forms::registry_url_or_none).only_for({"kafka"});
  keys.text("registry_user", k.registry_user, "Account at the registry (HTTP basic authentication), or API key; \"\" = none.").only_for({"kafka"});
  keys.text("registry_password_file", k.registry_password_file, "File that holds the account's password, or API secret; read at every question.")
      .only_for({"kafka"});
  keys.text("registry_ca_file", k.registry_ca_file, "Certificates to trust at the registry (PEM); \"\" = the system's.").only_for({"kafka"});
}

} // namespace tocsin
