// libxml2 sets itself up at its first use, and breaks where two threads come first at the same
// time: whoever parses calls this ahead of all else. Inside core only.
#pragma once

#include <libxml/parser.h>

namespace websub {

inline void SetUpXmlLibrary() {
  static const bool ready = (xmlInitParser(), true);
  static_cast<void>(ready);
}

}  // namespace websub
