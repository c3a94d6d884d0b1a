#include "cli/commands/subscribe_forward.h"

#include <doctest/doctest.h>

#include "tests/support/fake_transport.h"
#include "tests/support/manual_clock.h"

namespace websub::cli {
namespace {

using Fields = hub::http::Fields;

struct Rig {
  tests::ManualClock clock;
  tests::FakeTransport transport{clock};
  std::optional<AppAnswer> answer;

  void Forward(Fields fields, const std::string& body,
               Duration timeout = std::chrono::seconds(10)) {
    Arrival arrival;
    arrival.request.fields = std::move(fields);
    arrival.body = std::make_shared<const std::string>(body);
    Forwarder forwarder(transport, Url::Parse("http://localhost:3000/hook?a=b").value(), timeout);
    forwarder.Forward(arrival, [this](AppAnswer got) { answer = std::move(got); });
  }
};

TEST_CASE("a notification is forwarded with every field in order and its exact body") {
  Rig rig;
  const std::string body("a\0\xff\r\n", 5);
  rig.Forward({{"Host", "127.0.0.1:4567"},
               {"user-agent", "Hub/1"},
               {"Content-Type", "text/plain; charset=x"},
               {"X-Twice", "1"},
               {"Content-Length", "5"},
               {"Link", "<http://h/>; rel=\"hub\", <http://t/>; rel=\"self\""},
               {"x-twice", "2"},
               {"X-Hub-Signature", "sha256=00"}},
              body);
  REQUIRE(rig.transport.calls.size() == 1);
  const auto& request = rig.transport.calls[0].request;
  CHECK(request.head ==
        "POST /hook?a=b HTTP/1.1\r\n"
        "Host: localhost:3000\r\n"
        "user-agent: Hub/1\r\n"
        "Content-Type: text/plain; charset=x\r\n"
        "X-Twice: 1\r\n"
        "Link: <http://h/>; rel=\"hub\", <http://t/>; rel=\"self\"\r\n"
        "x-twice: 2\r\n"
        "X-Hub-Signature: sha256=00\r\n"
        "Content-Length: 5\r\n\r\n");
  CHECK(*request.body == body);
  CHECK(request.timeout == std::chrono::seconds(10));
}

TEST_CASE("fields of one connection are not passed on") {
  const Fields kept = EndToEnd({{"connection", "close, X-Hop"},
                                {"Keep-Alive", "5"},
                                {"TE", "trailers"},
                                {"Trailer", "x"},
                                {"Transfer-Encoding", "chunked"},
                                {"Upgrade", "h2c"},
                                {"Proxy-Authorization", "x"},
                                {"x-hop", "1"},
                                {"X-Hop-Not", "2"},
                                {"Connection", "x-other"},
                                {"X-Other", "3"}});
  CHECK(kept == Fields{{"X-Hop-Not", "2"}});
}

TEST_CASE("the answer of the application is that of the callback") {
  Rig rig;
  rig.Forward({}, "hello");
  rig.transport.AnswerNext(tests::Answer(500, "boom",
                                         {"Content-Type: text/plain", "Connection: close",
                                          "Set-Cookie: a", "Set-Cookie: b", "Retry-After: 7"}));
  REQUIRE(rig.answer);
  CHECK(rig.answer->status == 500);
  CHECK(rig.answer->reason == "Whatever");
  CHECK(rig.answer->body == "boom");
  CHECK(rig.answer->problem.empty());
  CHECK_FALSE(rig.answer->Ok());
  CHECK(rig.answer->response.status == 500);
  CHECK(rig.answer->response.body == "boom");
  CHECK(rig.answer->response.fields == Fields{{"Content-Type", "text/plain"},
                                              {"Set-Cookie", "a"},
                                              {"Set-Cookie", "b"},
                                              {"Retry-After", "7"}});
}

TEST_CASE("an application that cannot be reached is a 502 with the next step") {
  Rig rig;
  rig.Forward({}, "hello");
  rig.transport.AnswerNext(tests::Broken(Fault::kRefused, "connection refused by 127.0.0.1:3000"));
  REQUIRE(rig.answer);
  CHECK(rig.answer->status == 0);
  CHECK(rig.answer->response.status == 502);
  CHECK(rig.answer->problem ==
        "the application at http://localhost:3000/hook?a=b cannot be reached: connection refused "
        "by 127.0.0.1:3000: does it run, and on this port?");
  CHECK(rig.answer->response.body == rig.answer->problem + "\n");
}

TEST_CASE("an application that takes too long is a 504 that names the flag") {
  for (const Fault fault : {Fault::kResponseTimeout, Fault::kConnectTimeout}) {
    Rig rig;
    rig.Forward({}, "hello");
    rig.transport.AnswerNext(tests::Broken(fault, "no answer within 10s from 127.0.0.1:3000"));
    REQUIRE(rig.answer);
    CHECK(rig.answer->response.status == 504);
    CHECK(rig.answer->problem.find("--forward-timeout") != std::string::npos);
  }
}

TEST_CASE("a timeout of zero waits without end") {
  Rig rig;
  rig.Forward({}, "hello", Duration::zero());
  CHECK(rig.transport.calls.at(0).request.timeout > std::chrono::hours(1000));
}

}  // namespace
}  // namespace websub::cli
