// The page behind the signed link of a mail.
#pragma once

#include "io/http_server.hpp"
#include "io/link_signer.hpp"

namespace tocsin {

class node;

/// GET shows a form, POST acknowledges: programs that look at links in mails must not acknowledge anything.
void add_acknowledge_route(http_server& server, node& n, const link_signer& links);

} // namespace tocsin
