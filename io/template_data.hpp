// What templates are filled with, and the texts they give for a receiver.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/connections.hpp"
#include "core/incident.hpp"
#include "core/rules.hpp"
#include "io/text_template.hpp"

namespace tocsin {

/// The notification's JSON, and besides: headline, link, acknowledge_url, labels, facts and details (lists of name and
/// value for people), members_left_out, others.
nlohmann::json template_data(const notification& n, const std::string& external_url, const rule_book* book);
/// An incident with everything that can be there, for previews and checks.
notification sample_notification(const std::string& receiver);

/// The file's text for this notification; "" when no file is named.
result<std::string> filled(const std::string& file, text_template::escaping how, const nlohmann::json& data);
/// The same, and it must be JSON.
result<std::string> filled_json(const std::string& file, const nlohmann::json& data);

struct template_problem {
  bool is_error;
  std::string text; ///< begins with file and line
};
/// Everything that is wrong with a receiver's templates, found with the sample.
std::vector<template_problem> check_templates(const mail_settings& m, const webhook_settings& w);

} // namespace tocsin
