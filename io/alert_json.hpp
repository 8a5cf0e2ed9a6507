// Incidents as alerts: the labels, annotations and JSON that Prometheus' world understands.
#pragma once

#include <string>
#include <string_view>

#include "core/labels.hpp"

namespace tocsin {

/// labels_of, with every name made a label name of Prometheus and every value valid UTF-8.
label_set alert_labels(const incident& i, const rule_book* book);
/// "summary", "description", and "response" and "acknowledge" (a link) when there is one.
label_set alert_annotations(const incident& i, const std::string& response, const std::string& external_url,
                            const std::string& acknowledge_url);
/// What all of them have with the same value.
label_set common(const std::vector<label_set>& all);
/// 16 hexadecimal digits; the same over the incident's life.
std::string alert_fingerprint(const incident& i);

/// {"name":"value",…}
void append_json(std::string& out, const label_set& labels);
/// ,"name":"value" – without the comma right after an opening bracket.
void append_member(std::string& out, std::string_view name, std::string_view value);

} // namespace tocsin
