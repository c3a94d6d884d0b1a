#include "hub/hooks/answer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/link_header.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::hub {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kNoReason = "refused by the hook";
constexpr std::size_t kMaxReason = 200;    // bytes
constexpr std::size_t kMaxIdentity = 256;  // bytes
constexpr std::size_t kMaxTopics = 1000;
constexpr std::size_t kMaxHubs = 100;

HookDeny Deny(int status, std::string_view reason) {
  std::string line = FirstLine(reason);
  return {status, line.empty() ? std::string(kNoReason) : std::move(line)};
}

// The member, or null where it is not there or is null itself.
const Json* Member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<std::vector<std::string>> ReadStrings(const Json& list, const char* name, std::size_t most) {
  const auto wrong = [name] {
    return Fail(ErrorCode::kInvalid,
                std::string("its \"") + name + "\" is not a list of strings that says something");
  };
  if (!list.is_array()) return wrong();
  if (list.size() > most) {
    return Fail(ErrorCode::kTooLarge, std::string("its \"") + name + "\" has more than " +
                                          std::to_string(most) + " entries");
  }
  std::vector<std::string> strings;
  for (const Json& each : list) {
    if (!each.is_string() || each.get_ref<const std::string&>().empty()) return wrong();
    strings.push_back(each.get<std::string>());
  }
  return strings;
}

HookAnswer ReadAccept(const Json& object) {
  HookAccept accept;
  if (const Json* identity = Member(object, "identity")) {
    if (!identity->is_string()) return HookFault{"its \"identity\" is not a string"};
    accept.identity = identity->get<std::string>();
    const std::string& name = *accept.identity;
    if (name.empty() || name.size() > kMaxIdentity ||
        std::any_of(name.begin(), name.end(), IsControl)) {
      return HookFault{"its \"identity\" is empty, too long or holds control characters"};
    }
  }
  const Json* topics = Member(object, "topics");
  const Json* regexes = Member(object, "regexes");
  if (topics && regexes) return HookFault{"it has both \"topics\" and \"regexes\""};
  if (topics || regexes) {
    auto read = topics ? ReadStrings(*topics, "topics", kMaxTopics)
                       : ReadStrings(*regexes, "regexes", kMaxTopics);
    if (!read) return HookFault{read.error().message};
    accept.topics = std::move(*read);
  }
  return accept;
}

HookAnswer ReadDeny(const Json& object, int by_default) {
  int status = by_default;
  if (const Json* given = Member(object, "status")) {
    if (!given->is_number_integer() || *given < 400 || *given > 599) {
      return HookFault{"its \"status\" is not one of 400 to 599"};
    }
    status = given->get<int>();
  }
  const Json* reason = Member(object, "reason");
  if (reason && !reason->is_string()) return HookFault{"its \"reason\" is not a string"};
  return Deny(status, reason ? reason->get<std::string>() : "");
}

HookAnswer RedirectTo(int status, std::vector<std::string> hubs) {
  if (hubs.empty()) return HookFault{"it redirects and names no hub"};
  if (hubs.size() > kMaxHubs) return HookFault{"it redirects to too many hubs"};
  for (const std::string& hub : hubs) {
    const auto url = Url::Parse(hub);
    if (!url) {
      return HookFault{"it redirects to " + Quote(hub) + ", which is not an absolute URL of a hub"};
    }
  }
  return HookRedirect{status, std::move(hubs)};
}

HookAnswer ReadRedirect(const Json& object) {
  int status = 307;
  if (const Json* given = Member(object, "status")) {
    if (!given->is_number_integer() || (*given != 307 && *given != 308)) {
      return HookFault{"its \"status\" is neither 307 nor 308"};
    }
    status = given->get<int>();
  }
  const Json* hubs = Member(object, "hubs");
  if (!hubs) return HookFault{"it redirects and names no hub"};
  auto read = ReadStrings(*hubs, "hubs", kMaxHubs);
  if (!read) return HookFault{read.error().message};
  return RedirectTo(status, std::move(*read));
}

// HUB-REQ-14: the hubs that a redirect names.
HookAnswer ReadRedirectReply(int status, const FieldList& fields, std::string_view body) {
  const Json json = Json::parse(body, nullptr, false);
  if (const Json* hubs = json.is_object() ? Member(json, "hubs") : nullptr) {
    auto read = ReadStrings(*hubs, "hubs", kMaxHubs);
    if (!read) return HookFault{read.error().message};
    return RedirectTo(status, std::move(*read));
  }
  std::vector<std::string> hubs;
  for (const std::string& value : AllFields(fields, "Link")) {
    for (const Link& link : ParseLinkHeader(value).links) {
      if (link.HasRel("hub")) hubs.push_back(link.target);
    }
  }
  if (hubs.empty()) {
    if (auto location = FirstField(fields, "Location"); !location.empty()) {
      hubs.push_back(std::move(location));
    }
  }
  return RedirectTo(status, std::move(hubs));
}

bool HasType(const FieldList& fields, std::string_view type) {
  const std::string value = FirstField(fields, "Content-Type");
  return EqualIgnoringCase(Trim(std::string_view(value).substr(0, value.find(';'))), type);
}

// The status is the answer; the body can only say why.
HookDeny ReadDenyReply(int status, const FieldList& fields, std::string_view body) {
  if (HasType(fields, "text/plain")) return Deny(status, body);
  const Json json = Json::parse(body, nullptr, false);
  const Json* reason = json.is_object() ? Member(json, "reason") : nullptr;
  return Deny(status, reason && reason->is_string() ? reason->get<std::string>() : "");
}

}  // namespace

HookAnswer ReadHookJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_null()) return Deny(403, "");
  if (!json.is_object()) {
    return HookFault{"its answer is not a JSON object: " + Quote(FirstLine(text))};
  }
  const Json* decision = Member(json, "decision");
  if (!decision) {
    // As functions that authenticate answer. Anything else may well mean the opposite of accept.
    if (Member(json, "identity") || Member(json, "topics") || Member(json, "regexes")) {
      return ReadAccept(json);
    }
    return HookFault{"its answer has no \"decision\""};
  }
  if (*decision == "accept") return ReadAccept(json);
  if (*decision == "deny") return ReadDeny(json, 403);
  if (*decision == "redirect") return ReadRedirect(json);
  return HookFault{"its \"decision\" is not one of accept, deny and redirect"};
}

HookAnswer ReadHookReply(int status, const FieldList& fields, std::string_view body) {
  if (body.size() > kMaxHookAnswer) return HookFault{"its answer is longer than 64 KiB"};
  if (status == 200 || status == 204) {
    if (Trim(body).empty()) return HookAccept{};
    return ReadHookJson(body);
  }
  if (status == 307 || status == 308) return ReadRedirectReply(status, fields, body);
  if (status >= 400 && status < 500) return ReadDenyReply(status, fields, body);
  return HookFault{"it answered " + std::to_string(status)};
}

HookAnswer ReadHookExit(int status, std::string_view out, std::string_view err) {
  if (out.size() > kMaxHookAnswer) return HookFault{"its answer is longer than 64 KiB"};
  if (status >= 126) {
    const std::string line = FirstLine(err);
    return HookFault{"it ended with status " + std::to_string(status) +
                     (line.empty() ? "" : ": " + line)};
  }
  if (status != 0) return Deny(403, FirstLine(err).empty() ? out : err);
  if (Trim(out).empty()) return HookAccept{};
  return ReadHookJson(out);
}

std::string FirstLine(std::string_view text) {
  while (!text.empty() && (IsSpace(text.front()) || IsControl(text.front()))) text.remove_prefix(1);
  text = text.substr(0, text.find_first_of("\r\n"));
  const bool is_cut = text.size() > kMaxReason;
  std::size_t end = std::min(text.size(), kMaxReason);
  // Not inside a UTF-8 sequence.
  while (is_cut && end > 0 && (text[end] & '\xc0') == '\x80') --end;
  text = Trim(text.substr(0, end));
  const bool is_utf8 = IsUtf8(text);
  std::string line;
  for (const char c : text) {
    if (IsControl(c)) {
      line += ' ';
    } else {
      line += is_utf8 || (c & '\x80') == 0 ? c : '?';
    }
  }
  return is_cut ? line + "..." : line;
}

std::string Describe(const HookAnswer& answer) {
  if (const auto* accept = std::get_if<HookAccept>(&answer)) {
    return accept->identity ? "accepted as " + *accept->identity : "accepted";
  }
  if (const auto* deny = std::get_if<HookDeny>(&answer)) {
    return "refused with " + std::to_string(deny->status) + ": " + deny->reason;
  }
  if (const auto* redirect = std::get_if<HookRedirect>(&answer)) {
    return "redirected to " + redirect->hubs.front();
  }
  return "no usable answer: " + std::get<HookFault>(answer).reason;
}

}  // namespace websub::hub
