// The description of /api/v1 for programs: OpenAPI 3.1. It is written by hand, in openapi.json.
#pragma once

#include <string_view>

namespace websub::hub {

inline constexpr std::string_view kOpenApiPath = "/api/v1/openapi.json";

// Its "servers" stand for those of a hub, which says where it is itself.
extern const std::string_view kOpenApi;

}  // namespace websub::hub
