#include <doctest/doctest.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include <memory>

#include "tests/cli/conformance_report_fixture.h"

namespace websub::cli::conformance {
namespace {

using Schema = std::unique_ptr<xmlSchema, decltype(&xmlSchemaFree)>;
using SchemaParser = std::unique_ptr<xmlSchemaParserCtxt, decltype(&xmlSchemaFreeParserCtxt)>;
using Validator = std::unique_ptr<xmlSchemaValidCtxt, decltype(&xmlSchemaFreeValidCtxt)>;
using Document = std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)>;

// "" where the text is XML and the schema takes it.
std::string WrongWith(const std::string& xml) {
  const SchemaParser parser(xmlSchemaNewParserCtxt(WEBSUB_TEST_DATA "/conformance/junit.xsd"),
                            &xmlSchemaFreeParserCtxt);
  const Schema schema(xmlSchemaParse(parser.get()), &xmlSchemaFree);
  REQUIRE(schema);
  const Document document(xmlReadMemory(xml.data(), static_cast<int>(xml.size()), "report.xml",
                                        nullptr, XML_PARSE_NONET | XML_PARSE_NOERROR),
                          &xmlFreeDoc);
  if (!document) return "it is not XML";
  const Validator validator(xmlSchemaNewValidCtxt(schema.get()), &xmlSchemaFreeValidCtxt);
  std::string errors;
  xmlSchemaSetValidStructuredErrors(
      validator.get(),
      [](void* out, auto error) { *static_cast<std::string*>(out) += error->message; }, &errors);
  return xmlSchemaValidateDoc(validator.get(), document.get()) == 0 ? "" : "invalid: " + errors;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("the JUnit report is valid against its schema") {
  const std::string xml = ReportJunit(MadeReport());
  CAPTURE(xml);
  CHECK(WrongWith(xml) == "");
  CHECK(Has(xml, "tests=\"7\" failures=\"3\" errors=\"0\" time=\"1.234\">"));
  CHECK(Has(xml,
            "<testsuite name=\"5.1 Requests for a subscription\" tests=\"2\" failures=\"1\" "
            "errors=\"0\" skipped=\"0\" time=\"0.025\" timestamp=\"2026-11-21T20:32:01\">"));
  CHECK(Has(xml,
            "<testcase classname=\"websub.hub.HUB-REQ-03\" name=\"HUB-REQ-03/bytes a secret "
            "of 200 bytes is refused\" time=\"0.012\">"));
  CHECK(Has(xml,
            "<failure type=\"MUST\" message=\"expected 4xx, got 202 &lt;b&gt;&amp;&quot;&#39;"
            "\\x01 ]]&gt;. Likely cause: characters are counted, not bytes\">"));
  CHECK(Has(xml, "&lt; &lt;script&gt;alert(1)&lt;/script&gt;\n"));
  CHECK(Has(xml,
            "<failure type=\"SHOULD\" message=\"expected text/plain, got text/html: "
            "100%&#10;of it\">"));
  CHECK(Has(xml, "<skipped message=\"no request was accepted (HUB-REQ-01)\"/>"));
  CHECK(Has(xml, "<skipped message=\"not observable: it answered itself\"/>"));
  CHECK(Has(xml, "<skipped message=\"failed as expected: expected no request at Location"));
  CHECK(Has(xml, "<failure type=\"unexpected-pass\""));
}

TEST_CASE("whatever a peer sends the JUnit report stays XML") {
  Report report = MadeReport();
  for (int c = 0; c < 256; ++c) {
    report.cases[1].outcome.message += static_cast<char>(c);
    report.cases[1].evidence[0].exchange.response_body += static_cast<char>(c);
  }
  // U+FFFE and U+FFFF, a surrogate, a form that is too long, beyond Unicode.
  const std::string odd = "\xef\xbf\xbe \xef\xbf\xbf \xed\xa0\x80 \xc0\xaf \xf4\x90\x80\x80 ]]>";
  report.cases[1].outcome.cause = odd;
  report.target = odd;
  report.cases[1].evidence[0].exchange.response_body += odd;
  const std::string xml = ReportJunit(report);
  CHECK(WrongWith(xml) == "");
  CHECK(Has(xml, "\\u{fffe} \\u{ffff} \\xed\\xa0\\x80 \\xc0\\xaf \\xf4\\x90\\x80\\x80 ]]&gt;"));
}

TEST_CASE("the check of the JUnit report can fail") {
  std::string xml = ReportJunit(MadeReport());
  CHECK(WrongWith("<testsuites/>") != "");
  xml.replace(xml.find("<failure type"), 13, "<failure kind");
  CHECK(WrongWith(xml) != "");
}

TEST_CASE("a bug of this program is an error in the JUnit report") {
  Report report = MadeReport();
  report.cases[3].internal_error = true;
  const std::string xml = ReportJunit(report);
  CHECK(WrongWith(xml) == "");
  CHECK(Has(xml, "errors=\"1\""));
  CHECK(Has(xml, "<error type=\"internal\""));
}

}  // namespace
}  // namespace websub::cli::conformance
