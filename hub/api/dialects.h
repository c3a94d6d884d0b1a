// What systems that speak something like WebSub mean, and what they ask for that this hub does not
// do: that is refused by its name, so that nobody waits for what will never come. Private to
// hub/api.
#pragma once

#include "core/form.h"
#include "core/result.h"
#include "hub/http/server.h"

namespace websub::hub {

// The parameters as they were meant. Publishers of Ballerina and WSO2 do not encode the topic that
// they register, deregister or notify of: it ends where the body does (core/publish_request.h).
Form AsMeant(const http::Request& request, Form form);

// kInvalid says which system asks for what, and what there is instead.
Result<void> CheckDialect(const Form& form);

}  // namespace websub::hub
