# The description of the API is part of the binary, with the version that it has.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/openapi.json)
file(READ ${CMAKE_CURRENT_LIST_DIR}/openapi.json WEBSUB_OPENAPI)
string(CONFIGURE "${WEBSUB_OPENAPI}" WEBSUB_OPENAPI @ONLY)
configure_file(${CMAKE_CURRENT_LIST_DIR}/openapi.cc.in
  ${PROJECT_BINARY_DIR}/generated/hub/api/openapi.cc @ONLY)
target_sources(websub_api PRIVATE ${PROJECT_BINARY_DIR}/generated/hub/api/openapi.cc)
