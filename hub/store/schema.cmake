# The schema is part of the binary: there is nothing to install beside it and nothing to lose.
file(GLOB schema CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/schema/*.sql)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${schema})
set(WEBSUB_SCHEMA "")
foreach(file IN LISTS schema)
  file(READ ${file} text)
  string(APPEND WEBSUB_SCHEMA "R\"sql(${text})sql\",\n")
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/schema.cc.in
  ${PROJECT_BINARY_DIR}/generated/hub/store/schema.cc @ONLY)
target_sources(websub_store PRIVATE ${PROJECT_BINARY_DIR}/generated/hub/store/schema.cc)
