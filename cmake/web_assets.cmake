# Puts the chat page into the library `server`: the files of src/server/web/ and the packaged marked, gzipped by
# cmake/embed_web_assets.py into a generated assembler file (.incbin) and the table behind src/server/web/assets.h.

function(weft_embed_web_assets target)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  file(GLOB assets CONFIGURE_DEPENDS src/server/web/*.html src/server/web/*.css src/server/web/*.js
                                     src/server/web/*.svg)
  find_file(WEFT_MARKED_JS marked.min.js PATHS /usr/share/javascript/marked NO_DEFAULT_PATH)
  if(NOT WEFT_MARKED_JS)
    message(FATAL_ERROR "The chat page needs marked.min.js of marked 4. On Debian: apt-get install libjs-marked. "
                        "Elsewhere set -DWEFT_MARKED_JS=FILE.")
  endif()
  list(APPEND assets ${WEFT_MARKED_JS})

  set(folder ${PROJECT_BINARY_DIR}/web_assets)
  set(script ${PROJECT_SOURCE_DIR}/cmake/embed_web_assets.py)
  add_custom_command(OUTPUT ${folder}/web_assets.S ${folder}/web_assets.cc
                     COMMAND ${Python3_EXECUTABLE} ${script} ${folder} ${assets}
                     DEPENDS ${script} ${assets}
                     COMMENT "Packing the chat page" VERBATIM)
  target_sources(${target} PRIVATE ${folder}/web_assets.S ${folder}/web_assets.cc)
endfunction()
