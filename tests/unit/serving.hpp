// What the tests of the server share: policies, the lines that lead to a state, each command once, and a handler that says what it is told to.
#pragma once

#include "machine.hpp"

namespace serving {

using namespace machine;
using ehlo::reply;
using ehlo::state;
using ehlo::want;

constexpr ehlo::policy with_recipients(std::uint32_t n) {
    ehlo::policy p;
    p.max_recipients = n;
    return p;
}
constexpr ehlo::policy with_message(std::uint64_t n) {
    ehlo::policy p;
    p.max_message = n;
    return p;
}
constexpr ehlo::policy with_errors(std::uint32_t n) {
    ehlo::policy p;
    p.max_errors = n;
    return p;
}
constexpr ehlo::policy with_line(std::uint32_t n) {
    ehlo::policy p;
    p.max_line = n;
    if (n < 562) p.offers = ehlo::extension::pipelining | ehlo::extension::enhanced_status_codes;  // whose parameters need no more
    return p;
}
constexpr ehlo::policy with_bare(ehlo::bare_octets b) {
    ehlo::policy p;
    p.bare = b;
    return p;
}
constexpr ehlo::policy with_offers(ehlo::extensions e) {
    ehlo::policy p;
    p.offers = e;
    return p;
}
constexpr ehlo::policy for_lmtp() {
    ehlo::policy p;
    p.service = ehlo::service::lmtp;
    return p;
}
constexpr ehlo::policy with_modes() {
    ehlo::policy p;
    p.mail_modes = true;
    p.max_errors = 1000000;
    return p;
}
using with_expn = ehlo::basic_server<with_offers(ehlo::policy().offers | ehlo::extension::expn)>;
using patient = ehlo::basic_server<with_errors(1000000)>;

constexpr std::string_view to_ready = "EHLO me.example\r\n";
constexpr std::string_view to_mail = "EHLO me.example\r\nMAIL FROM:<a@b.example>\r\n";
constexpr std::string_view to_rcpt = "EHLO me.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";
constexpr std::string_view to_data = "EHLO me.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";

// --- each command once ---

enum class move {
    ehlo, ehlo_bad, ehlo_refused, helo, mail, mail_bad, rcpt, rcpt_refused, data, rset, noop, vrfy, expn, help, turn, send,
    unknown, quit,
};
constexpr int moves = 18;
struct spelled {
    move is;
    std::string_view line;
};
constexpr spelled lines[moves] = {
    {move::ehlo, "EHLO me.example\r\n"},
    {move::ehlo_bad, "EHLO -me-.example\r\n"},
    {move::ehlo_refused, "EHLO refused.example\r\n"},
    {move::helo, "HELO me.example\r\n"},
    {move::mail, "MAIL FROM:<a@b.example>\r\n"},
    {move::mail_bad, "MAIL FROM:a@b.example\r\n"},
    {move::rcpt, "RCPT TO:<c@d.example>\r\n"},
    {move::rcpt_refused, "RCPT TO:<refused@d.example>\r\n"},
    {move::data, "DATA\r\n"},
    {move::rset, "RSET\r\n"},
    {move::noop, "NOOP\r\n"},
    {move::vrfy, "VRFY somebody\r\n"},
    {move::expn, "EXPN list\r\n"},
    {move::help, "HELP\r\n"},
    {move::turn, "TURN\r\n"},
    {move::send, "SEND FROM:<a@b.example>\r\n"},
    {move::unknown, "XYZZY\r\n"},
    {move::quit, "QUIT\r\n"},
};

inline int code_of_last(std::string_view reply) {
    std::size_t const last = reply.size() < 2 ? std::string_view::npos : reply.rfind("\r\n", reply.size() - 3);
    std::size_t const at = last == std::string_view::npos ? 0 : last + 2;
    return reply.size() < at + 5 || reply[at + 3] != ' '
               ? 0
               : (reply[at] - '0') * 100 + (reply[at + 1] - '0') * 10 + (reply[at + 2] - '0');
}

// --- a handler that says what it is told to, right or wrong ---

struct liar : full_recorder {
    reply hello = ehlo::replies::ok, mail = ehlo::replies::ok, rcpt = ehlo::replies::ok, vrfy = ehlo::replies::ok,
          noop = ehlo::replies::ok, data = ehlo::replies::start_content, end = ehlo::replies::ok;
    using full_recorder::on;
    reply on(ehlo::cmd::hello const&) { return hello; }
    reply on(ehlo::cmd::mail const&) { return mail; }
    reply on(ehlo::cmd::rcpt const&) { return rcpt; }
    reply on(ehlo::cmd::vrfy const&) { return vrfy; }
    reply on(ehlo::cmd::noop const&) { return noop; }
    reply on(ehlo::cmd::data const&) { return data; }
    reply on(ehlo::end_of_content const&) { return end; }
};
struct lie {
    reply liar::*where;
    std::string_view before, line;
};
constexpr lie lies[] = {
    {&liar::hello, "", "EHLO me\r\n"},        {&liar::hello, to_mail, "EHLO me\r\n"}, {&liar::hello, to_mail, "HELO me\r\n"},
    {&liar::mail, to_ready, "MAIL FROM:<>\r\n"}, {&liar::rcpt, to_mail, "RCPT TO:<a@b>\r\n"},
    {&liar::rcpt, to_rcpt, "RCPT TO:<a@b>\r\n"}, {&liar::vrfy, to_mail, "VRFY a\r\n"}, {&liar::noop, to_mail, "NOOP\r\n"},
    {&liar::data, to_rcpt, "DATA\r\n"},       {&liar::end, to_data, ".\r\n"},
};

}  // namespace serving
