#include "io/sender.hpp"
namespace tocsin { std::unique_ptr<sender> make_mail_sender(mail_settings) { return nullptr; } std::unique_ptr<sender> make_webhook_sender(webhook_settings) { return nullptr; } }
