# The page is part of the binary: there is nothing to install beside it. Its files need no build step:
# what the browser gets is what stands in this folder.
file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.html ${CMAKE_CURRENT_LIST_DIR}/*.css
  ${CMAKE_CURRENT_LIST_DIR}/*.js ${CMAKE_CURRENT_LIST_DIR}/*.svg)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
set(WEBSUB_DASHBOARD "")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND WEBSUB_DASHBOARD "      {\"${name}\", R\"page(${text})page\"},\n")
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/files.cc.in
  ${PROJECT_BINARY_DIR}/generated/hub/dashboard/files.cc @ONLY)
target_sources(websub_dashboard PRIVATE ${PROJECT_BINARY_DIR}/generated/hub/dashboard/files.cc)
