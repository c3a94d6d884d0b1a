#include <cstdio>

#include "core/version.h"

int main() {
  std::printf("websub %s\n", websub::kVersion);
  return 0;
}
