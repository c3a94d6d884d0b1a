// Passwords in URLs, which no record and no view may show.
#pragma once

#include <string>
#include <string_view>

namespace websub {

// Puts "***" in place of the password in every URL of the text, percent-encoded once or not:
// "http://user:***@host/", "http%3A%2F%2Fuser%3A***%40host%2F". A userinfo without a colon may be a
// token and goes as a whole: "http://***@host/". Every other byte stays as it is, and so does a
// password that is empty. What could be a userinfo is taken for one.
std::string MaskUrls(std::string_view text);

}  // namespace websub
