// The page at GET /, and its files at /dashboard/NAME: part of the binary (dashboard.cmake). It
// holds nothing of the hub's: what it shows it asks for at /api/v1, by the API's own rules. So
// whoever may connect may load it.
#pragma once

#include <string_view>

#include "hub/http/server.h"

namespace websub::hub {

// Whether whoever sends this is a browser that opens a page: Accept names text/html.
bool WantsPage(const http::Request& request);

// Answers GET and HEAD of "/" and of "/dashboard/NAME": 200, 304 to whom If-None-Match says that he
// has it, 404 where there is no such file, 405 to other methods. Every answer forbids the browser
// to run, load or send anything but the hub's own, and to show it in a frame.
http::Response Dashboard(const http::Request& request);

}  // namespace websub::hub
