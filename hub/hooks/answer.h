// Reads what a hook answered. Pure: bytes in, a value out. What cannot be read is a HookFault: a
// hook that is not understood never counts as one that accepts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/exchange.h"
#include "hub/hooks/hooks.h"

namespace websub::hub {

// Bytes of an answer, of the URL's body or of the command's output. More is a fault.
inline constexpr std::size_t kMaxHookAnswer = 64 * 1024;

// What the hook's URL answered: an HTTP status, the fields of its head, and its body.
//
//   200, 204 without a body   accept
//   200 with JSON             as ReadHookJson says
//   307, 308                  redirect: "hubs" of a JSON body, else Link rel="hub", else Location
//   4xx                       deny, with that status; the reason is "reason" of a JSON body, or the
//                             first line of a text/plain one
//   anything else             a fault
HookAnswer ReadHookReply(int status, const FieldList& fields, std::string_view body);

// How the hook's program ended by itself, and what it wrote.
//
//   0           as ReadHookJson says; nothing written: accept
//   1 to 125    deny; the reason is the first line of `err`, or else of `out`
//   126 and up  a fault: the shell says so of a program that it cannot run or that a signal ended
HookAnswer ReadHookExit(int status, std::string_view out, std::string_view err);

// null                                           deny
// {"decision": "accept", "identity", "topics"}   accept; "regexes" is another name of "topics"
// {"identity"}, {"topics"}, or both              accept
// {"decision": "deny", "status", "reason"}       deny; 403 unless the status is one of 400 to 599
// {"decision": "redirect", "status", "hubs"}     redirect; 307 unless the status is 308
//
// A member that is null is as one that is not there. Members that are not named here are ignored.
HookAnswer ReadHookJson(std::string_view text);

// For a sentence: the first line that is not empty, without control characters, cut.
std::string FirstLine(std::string_view text);

// "accepted as alice", "refused with 403: …", "no usable answer: it answered 502"
std::string Describe(const HookAnswer& answer);

}  // namespace websub::hub
