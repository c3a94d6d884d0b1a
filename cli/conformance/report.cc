#include "cli/conformance/report.h"

namespace websub::cli::conformance {

bool Fails(const Report&) {
  return false;
}
void PrintReport(Output&, Environment&, const Report&) {}
Json ReportJson(const Report&) {
  return {};
}
std::string ReportJunit(const Report&) {
  return {};
}
std::string ReportTap(const Report&) {
  return {};
}
std::string ReportHtml(const Report&) {
  return {};
}
std::string ReportW3c(const Report&) {
  return {};
}
std::string GithubAnnotations(const Report&) {
  return {};
}
std::string GithubSummary(const Report&) {
  return {};
}

}  // namespace websub::cli::conformance
