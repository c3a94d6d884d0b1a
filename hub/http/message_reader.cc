#include "hub/http/message_reader.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace websub::hub::http {

namespace {

namespace beast = boost::beast;
using beast::http::error;
using beast::http::field;
using boost::system::error_code;
using Text = beast::string_view;

std::string ToString(Text text) {
  return {text.data(), text.size()};
}

// Grows on what came, not on what was announced: an announcement costs a peer nothing.
constexpr std::size_t kMostReserved = 64 * 1024;

constexpr std::string_view kProtocol = "HTTP/";

// Folded lines are read differently by different readers.
bool HasFoldedLine(std::string_view head) {
  for (std::size_t at = head.find('\n'); at + 1 < head.size(); at = head.find('\n', at + 1)) {
    if (head[at + 1] == ' ' || head[at + 1] == '\t') return true;
  }
  return false;
}

// Beast's parser without a message: it tells us of lines, fields and pieces of body, and we keep
// what we need. `Sink` says what happens with them.
template <bool is_request, typename Sink>
class Parser : public beast::http::basic_parser<is_request> {
 public:
  explicit Parser(Sink& sink) : sink_(sink) {
    this->header_limit(std::numeric_limits<std::uint32_t>::max());  // bounded by the readers
    this->body_limit(boost::none);
  }

 private:
  void on_request_impl(beast::http::verb, Text method, Text target, int version,
                       error_code&) override {
    sink_.OnRequestLine(method, target, version);
  }
  void on_response_impl(int code, Text, int, error_code&) override { sink_.OnStatus(code); }
  void on_field_impl(field name, Text name_text, Text value, error_code&) override {
    if (!this->is_header_done())
      sink_.OnField(name, name_text, value);  // trailers count for nothing
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length) sink_.OnLength(*length);
  }
  std::size_t on_body_impl(Text body, error_code& ec) override {
    if (!sink_.OnBody(body)) ec = error::body_limit;
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t size, Text, error_code& ec) override {
    if (!sink_.OnChunk(size)) ec = error::body_limit;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, error_code& ec) override {
    if (!sink_.OnBody(body)) ec = error::body_limit;
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  Sink& sink_;
};

// Parses the head; `parsed` counts its bytes, which stay in the buffer until the head is whole, so
// that they can be kept raw.
template <typename P>
error_code ParseHead(P& parser, const ByteBuffer& in, std::size_t& parsed) {
  const std::string_view fresh = in.View().substr(parsed);
  error_code ec;
  parsed += parser.put(boost::asio::buffer(fresh.data(), fresh.size()), ec);
  return ec;
}

// Parses what there is of the body and consumes it.
template <typename P>
error_code ParseBody(P& parser, ByteBuffer& in) {
  error_code ec;
  parser.eager(true);
  in.Consume(parser.put(boost::asio::buffer(in.View().data(), in.size()), ec));
  return ec;
}

}  // namespace

struct RequestReader::Impl {
  Impl(std::size_t head, std::size_t body, PlanBody plan)
      : max_head(head), usual_max_body(body), plan_body(std::move(plan)) {}

  void OnRequestLine(Text method, Text target, int http_version) {
    request.method = ToString(method);
    request.target = ToString(target);
    version = http_version;
  }
  void OnStatus(int) {}
  void OnField(field name, Text name_text, Text value) {
    if (name == field::transfer_encoding) {
      if (!beast::iequals(value, "chunked") || version == 10) bad_coding = true;
    } else if (name == field::host) {
      ++hosts;
    } else if (name == field::expect && beast::iequals(value, "100-continue")) {
      expects_continue = version == 11;
    }
    request.fields.emplace_back(ToString(name_text), ToString(value));
  }
  void OnLength(std::uint64_t length) {
    if (!request.sink) request.body.reserve(std::min<std::uint64_t>(length, kMostReserved));
  }
  bool OnChunk(std::uint64_t size) { return size <= max_body - request.body_size; }
  bool OnBody(Text body) {
    if (body.size() > max_body - request.body_size) return false;
    request.body_size += body.size();
    if (!request.sink) {
      request.body.append(body.data(), body.size());
      return true;
    }
    const auto taken = request.sink->Write({body.data(), body.size()});
    if (!taken) not_taken = taken.error().message;
    return taken.has_value();
  }

  Progress Refuse(int code, std::string why) {
    status = code;
    sentence = std::move(why);
    return Progress::kRefused;
  }
  Progress RefuseHead() {
    return Refuse(431,
                  "the head of the request is larger than " + std::to_string(max_head) + " bytes");
  }
  Progress RefuseBody() {
    if (!not_taken.empty()) return Refuse(507, not_taken);
    return Refuse(413,
                  "the body of the request is larger than " + std::to_string(max_body) + " bytes");
  }
  Progress RefuseMessage(const error_code& ec) {
    return Refuse(400, "the request is not valid HTTP: " + ec.message());
  }

  Progress TakeHead(ByteBuffer& in);

  const std::size_t max_head;
  const std::size_t usual_max_body;
  const PlanBody plan_body;
  std::size_t max_body = 0;  // of this request
  std::string not_taken;     // what its sink said
  std::optional<Parser<true, Impl>> parser;
  Request request;
  std::size_t parsed = 0;  // bytes of the head
  int version = 11;
  int hosts = 0;
  bool bad_coding = false;
  bool expects_continue = false;
  int status = 0;
  std::string sentence;
};

// Once the parser has seen the whole head: what it does not check itself.
Progress RequestReader::Impl::TakeHead(ByteBuffer& in) {
  if (parsed > max_head) return RefuseHead();
  request.head = in.View().substr(0, parsed);
  in.Consume(parsed);
  if (HasFoldedLine(request.head)) {
    return Refuse(400, "the request folds a header over several lines");
  }
  // RFC 9112 section 6.1: a coding that we do not know leaves the end of the body unknown.
  if (bad_coding) return Refuse(400, "Transfer-Encoding is not understood: only chunked is");
  if (hosts > 1 || (hosts == 0 && version == 11)) {
    return Refuse(400, "the request needs exactly one Host header");
  }
  if (plan_body) {
    BodyPlan plan = plan_body(request);
    request.sink = std::move(plan.sink);
    max_body = plan.max_body.value_or(usual_max_body);
  }
  const auto length = parser->content_length();
  if (length && *length > max_body) return RefuseBody();
  return Progress::kMore;
}

RequestReader::RequestReader(std::size_t max_head, std::size_t max_body, PlanBody plan_body)
    : impl_(std::make_unique<Impl>(max_head, max_body, std::move(plan_body))) {
  Reset();
}

RequestReader::~RequestReader() = default;

void RequestReader::Reset() {
  impl_->parser.emplace(*impl_);
  impl_->request = {};
  impl_->max_body = impl_->usual_max_body;
  impl_->not_taken.clear();
  impl_->parsed = 0;
  impl_->version = 11;
  impl_->hosts = 0;
  impl_->bad_coding = impl_->expects_continue = false;
}

Progress RequestReader::Feed(ByteBuffer& in) {
  Impl& me = *impl_;
  auto& parser = *me.parser;
  if (!parser.is_header_done()) {
    // Empty lines before a request are passed over (RFC 9112 section 2.2); the head's timeout
    // bounds them.
    while (me.parsed == 0 && in.View().starts_with("\r\n")) in.Consume(2);
    if (in.empty() || (me.parsed == 0 && in.View() == "\r")) return Progress::kMore;
    const error_code ec = ParseHead(parser, in, me.parsed);
    if (ec == error::need_more) return in.size() > me.max_head ? me.RefuseHead() : Progress::kMore;
    if (ec) return me.RefuseMessage(ec);
    if (const Progress head = me.TakeHead(in); head == Progress::kRefused) return head;
  }
  if (!parser.is_done() && !in.empty()) {
    const error_code ec = ParseBody(parser, in);
    if (ec == error::body_limit) return me.RefuseBody();
    if (ec && ec != error::need_more) return me.RefuseMessage(ec);
    // What stays unread is an unfinished line between chunks, or a trailer.
    if (!parser.is_done() && in.size() > me.max_head) return me.RefuseHead();
  }
  return parser.is_done() ? Progress::kComplete : Progress::kMore;
}

bool RequestReader::head_done() const {
  return impl_->parser->is_header_done();
}

bool RequestReader::expects_continue() const {
  return impl_->expects_continue && head_done() && !impl_->parser->is_done() &&
         impl_->request.body_size == 0;
}

bool RequestReader::keep_alive() const {
  return impl_->parser->keep_alive();
}
Request& RequestReader::request() {
  return impl_->request;
}
int RequestReader::status() const {
  return impl_->status;
}
const std::string& RequestReader::sentence() const {
  return impl_->sentence;
}

struct ResponseReader::Impl {
  void OnRequestLine(Text, Text, int) {}
  void OnStatus(int code) { status = code; }
  void OnField(field, Text, Text) {}
  void OnLength(std::uint64_t length) {
    body.reserve(std::min<std::uint64_t>({length, max_body, kMostReserved}));
  }
  bool OnChunk(std::uint64_t) { return true; }
  bool OnBody(Text piece) {
    body_size += piece.size();
    const std::size_t room = max_body - body.size();
    body.append(piece.data(), std::min(piece.size(), room));
    cut = piece.size() > room;
    return !cut;
  }

  void Begin() {
    parser.emplace(*this);
    parser->skip(kind == Body::kNone);
    parsed = 0;
    status = 0;
  }
  Progress Refuse(std::string why) {
    sentence = std::move(why);
    return Progress::kRefused;
  }
  Progress RefuseHead() {
    return Refuse("the head of the answer is larger than " + std::to_string(max_head) + " bytes");
  }
  Progress FeedHead(ByteBuffer& in);

  std::size_t max_head = 0;
  std::size_t max_body = 0;
  Body kind = Body::kExpected;
  std::optional<Parser<false, Impl>> parser;
  std::size_t parsed = 0;   // bytes of the head
  std::size_t interim = 0;  // bytes of the heads that were skipped
  int status = 0;
  bool cut = false;
  std::size_t body_size = 0;
  std::string head;
  std::string body;
  std::string sentence;
};

// kComplete: the head of the final answer is whole.
Progress ResponseReader::Impl::FeedHead(ByteBuffer& in) {
  for (;;) {
    // The parser waits for eight bytes before it looks; a TLS alert has seven.
    if (parsed == 0 && in.View().substr(0, 5) != kProtocol.substr(0, in.size())) {
      return Refuse("the answer is not HTTP");
    }
    const error_code ec = ParseHead(*parser, in, parsed);
    if (ec == error::need_more) {
      return interim + in.size() > max_head ? RefuseHead() : Progress::kMore;
    }
    if (ec) return Refuse("the answer is not valid HTTP: " + ec.message());
    if (interim + parsed > max_head) return RefuseHead();
    if (status >= 200) break;
    if (status == 101) return Refuse("the answer switches to a protocol that was not asked for");
    if (status < 100) return Refuse("the answer is not valid HTTP: bad status");
    interim += parsed;
    in.Consume(parsed);
    Begin();
    if (in.empty()) return Progress::kMore;
  }
  head = in.View().substr(0, parsed);
  in.Consume(parsed);
  return Progress::kComplete;
}

ResponseReader::ResponseReader() : impl_(std::make_unique<Impl>()) {}
ResponseReader::~ResponseReader() = default;

void ResponseReader::Start(std::size_t max_head, std::size_t max_body, Body body) {
  Impl& me = *impl_;
  me.max_head = max_head;
  me.max_body = max_body;
  me.kind = body;
  me.interim = 0;
  me.cut = false;
  me.body_size = 0;
  me.head.clear();
  me.body.clear();
  me.Begin();
}

Progress ResponseReader::Feed(ByteBuffer& in) {
  Impl& me = *impl_;
  if (me.head.empty()) {
    if (in.empty()) return Progress::kMore;
    const Progress progress = me.FeedHead(in);
    if (progress != Progress::kComplete) return progress;
  }
  if (!me.parser->is_done() && !in.empty()) {
    const error_code ec = ParseBody(*me.parser, in);
    if (me.cut) return Progress::kComplete;
    if (ec && ec != error::need_more) {
      return me.Refuse("the body of the answer is not valid HTTP: " + ec.message());
    }
    if (!me.parser->is_done() && in.size() > me.max_head) return me.RefuseHead();
  }
  return me.parser->is_done() ? Progress::kComplete : Progress::kMore;
}

Progress ResponseReader::FeedEnd() {
  Impl& me = *impl_;
  error_code ec = error::partial_message;
  if (!me.head.empty()) me.parser->put_eof(ec);
  return ec ? me.Refuse("the answer broke off") : Progress::kComplete;
}

bool ResponseReader::head_done() const {
  return !impl_->head.empty();
}
int ResponseReader::status() const {
  return impl_->status;
}
bool ResponseReader::keep_alive() const {
  return !impl_->cut && impl_->parser->keep_alive();
}
bool ResponseReader::body_cut() const {
  return impl_->cut;
}
std::size_t ResponseReader::body_size() const {
  return impl_->body_size;
}
std::string ResponseReader::TakeHead() {
  return std::move(impl_->head);
}
std::string ResponseReader::TakeBody() {
  return std::move(impl_->body);
}
const std::string& ResponseReader::sentence() const {
  return impl_->sentence;
}

}  // namespace websub::hub::http
