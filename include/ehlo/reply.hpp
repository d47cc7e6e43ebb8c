// Replies, as they are written, and the right one for every failure. Those that come are read by reply_reader.hpp.
// RFC 5321 4.2, 4.3.2; RFC 2034.
#pragma once

#include <ehlo/detail/scan.hpp>
#include <ehlo/status.hpp>
#include <ehlo/verb.hpp>
#include <ehlo/writer.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// The first digit of a reply code: all that a simple client needs to look at (RFC 5321 4.2.1, RFC 821 appendix E).
enum class reply_class : std::uint8_t { completion = 2, intermediate = 3, transient = 4, permanent = 5 };
constexpr reply_class class_of(unsigned code) noexcept { return static_cast<reply_class>(code < 1000 ? code / 100 : 0); }
constexpr bool is_positive(unsigned code) noexcept { return code / 100 == 2 || code / 100 == 3; }

struct reply_meaning {
    std::uint16_t code;
    std::string_view meaning;
};
/// Every reply code that an RFC gives to SMTP, and PRDR's, in order: RFC 821, RFC 5321 4.2.3, and the extensions named. Codes marked
/// "legacy" stand only in table 1 of RFC 5248, as the basic code of an enhanced one.
inline constexpr reply_meaning reply_meanings[] = {
    {211, "system status or help"},
    {214, "help for people"},
    {220, "the service is ready"},
    {221, "the service closes the channel"},
    {235, "authenticated"},                                                   // RFC 4954
    {250, "done"},
    {251, "the user is not local; the mail will be forwarded"},
    {252, "the user cannot be verified; mail will be tried"},
    {253, "pending mail for the node is being sent"},                         // RFC 1985
    {334, "a challenge; answer it"},                                          // RFC 4954
    {353, "a reply for each recipient follows, and one for the message"},      // draft-hall-prdr-00
    {354, "send the content, end it with a line that is only a dot"},
    {355, "go on from the octet offset in the text"},                         // RFC 1845
    {421, "the service is not available and closes the channel"},
    {422, "a new password must be set first (legacy)"},
    {430, "the command cannot be used now (legacy)"},
    {432, "a password transition is needed"},                                 // RFC 4954
    {450, "the mailbox is not available now"},
    {451, "an error of the server; try again later"},
    {452, "too little storage, or too many recipients, now"},
    {453, "there is no mail for you"},                                        // RFC 2645
    {454, "not available for a while: TLS, or authentication"},              // RFC 3207, RFC 4954
    {455, "the parameters cannot be used now"},
    {458, "mail cannot be queued for the node"},                              // RFC 1985
    {459, "the node is not allowed"},                                         // RFC 1985
    {500, "the command was not recognised"},
    {501, "the argument is not well formed"},
    {502, "the command is not implemented"},
    {503, "not in this order"},
    {504, "the parameter is not implemented"},
    {521, "this host never takes mail"},                                      // RFC 7504
    {523, "encryption is needed (legacy)"},
    {524, "the mechanism needs encryption (legacy)"},
    {525, "the account is disabled (legacy)"},
    {530, "authentication, or TLS, is needed first"},                         // RFC 4954, RFC 3207
    {533, "not authorised (legacy)"},
    {534, "the mechanism is too weak"},                                       // RFC 4954
    {535, "the credentials are wrong"},                                       // RFC 4954
    {538, "the mechanism needs encryption"},                                  // RFC 4954
    {550, "the mailbox is not available, or policy forbids it"},
    {551, "the user is not local; try the path in the text"},
    {552, "too much storage would be needed"},
    {553, "such a mailbox name is not allowed"},
    {554, "the transaction failed"},
    {555, "the parameters were not recognised"},
    {556, "the domain takes no mail"},                                        // RFC 7504
};
/// What a code means; empty for a code that is not in the table (then its first digit tells what to do).
constexpr std::string_view meaning(unsigned code) noexcept {
    for (auto const& row : reply_meanings)
        if (row.code == code) return row.meaning;
    return {};
}

namespace detail {
// Not constexpr: to be called in a constant expression is the error that they name.
inline void a_reply_begins_with_a_code_from_200_to_599() {}
inline void the_enhanced_status_code_is_of_another_class_than_the_reply() {}
inline void a_reply_holds_no_CR_LF_or_NUL() {}
inline void a_reply_line_is_at_most_512_octets_long() {}
}  // namespace detail

/// What is read and written as a reply code: RFC 5321 4.2 has Reply-code = %x32-35 %x30-35 %x30-39, but servers send others
/// (571, 461), and 4.3.2 has a client go by the first digit of a code that it does not know.
constexpr bool is_reply_code(unsigned code) noexcept { return code >= 200 && code < 600; }

/// A reply to be sent. `text` is borrowed until it is written. Made from a literal, it is checked by the compiler:
/// `reply r = "550 5.1.1 No such user here";`. Made from parts, it is checked when it is written.
struct reply {
    std::uint16_t code = 0;
    status enhanced{};
    std::string_view text{};

    constexpr reply() noexcept = default;
    constexpr reply(unsigned c, std::string_view t) noexcept : reply(c, status{}, t) {}
    // 65786 must not pass for 250, nor 65536 for "later".
    constexpr reply(unsigned c, status s, std::string_view t) noexcept
        : code(static_cast<std::uint16_t>(c < 0xFFFF ? c : 0xFFFF)), enhanced(s), text(t) {}
    template <std::size_t N>
    consteval reply(char const (&literal)[N]) : text(literal, N - 1) {
        if (text.size() > 510) detail::a_reply_line_is_at_most_512_octets_long();
        if (text.size() < 3 || !is_digit(text[0]) || !is_digit(text[1]) || !is_digit(text[2]) ||
            (text.size() > 3 && text[3] != ' '))
            detail::a_reply_begins_with_a_code_from_200_to_599();
        code = static_cast<std::uint16_t>((text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0'));
        if (!is_reply_code(code)) detail::a_reply_begins_with_a_code_from_200_to_599();
        text.remove_prefix(text.size() > 3 ? 4 : 3);
        if (std::size_t const n = detail::scan_status(text, enhanced); n != 0) {
            if (enhanced.class_digit != code / 100) detail::the_enhanced_status_code_is_of_another_class_than_the_reply();
            text.remove_prefix(n < text.size() ? n + 1 : n);
        }
        for (char c : text)
            if (chars::unsafe.contains(c)) detail::a_reply_holds_no_CR_LF_or_NUL();
    }

    /// What a handler returns when it cannot answer yet: see server::answer.
    static const reply later;
    constexpr bool is_later() const noexcept { return code == 0; }
    constexpr bool accepted() const noexcept { return is_positive(code); }
    constexpr bool operator==(reply const&) const = default;
};
inline constexpr reply reply::later{};

/// Whether a reply can be sent. Errors: bad_value for the code; bad_status if the status is of another class, or the code
/// is 3yz, which carries none (RFC 2034 4); unsafe_octet.
[[nodiscard]] constexpr std::optional<failure> check(reply const& r) noexcept {
    if (!is_reply_code(r.code)) return fail(errc::bad_value, 0);
    if (r.enhanced && (!r.enhanced.valid() || r.enhanced.class_digit != r.code / 100)) return fail(errc::bad_status, 0);
    std::size_t const bad = detail::find_first<chars::unsafe>(r.text);
    if (bad != r.text.size()) return fail(errc::unsafe_octet, bad);
    return std::nullopt;
}

inline constexpr std::size_t max_reply_line = 512;  ///< octets with CRLF, RFC 5321 4.5.3.1.5

namespace detail {
constexpr unsigned digits_of(unsigned n) noexcept { return n < 10 ? 1 : n < 100 ? 2 : 3; }
constexpr bool is_short(status s) noexcept { return s.subject < 10 && s.detail < 10; }
constexpr std::size_t status_size(status s) noexcept {
    if (!s) return 0;
    return is_short(s) ? 5u : 3u + digits_of(s.subject) + digits_of(s.detail);
}
constexpr std::size_t one_line_size(reply const& r) noexcept {
    return 3 + 1 + status_size(r.enhanced) + (r.enhanced && !r.text.empty() ? 1u : 0u) + r.text.size() + 2;
}
/// Up to three digits.
constexpr char* put_digits(char* to, unsigned n) noexcept {
    if (n >= 100) *to++ = static_cast<char>('0' + n / 100);
    if (n >= 10) *to++ = static_cast<char>('0' + n / 10 % 10);
    *to++ = static_cast<char>('0' + n % 10);
    return to;
}
/// "250 ", of three digits. Returns what stands after it.
EHLO_INLINE constexpr char* put_code(char* to, unsigned code) noexcept {
    unsigned const hundreds = code * 41 >> 12, tens = code * 6554 >> 16;   // right up to 999
    store_word<std::uint32_t>(to, load4("000 ") + hundreds + ((tens - 10 * hundreds) << 8) + ((code - 10 * tens) << 16));
    return to + 4;
}
/// "2.1.5", and a space more, for what may stand after it.
EHLO_INLINE constexpr char* put_short_status(char* to, status s) noexcept {
    store_word<std::uint32_t>(to, load4("0.0.") + (s.class_digit | std::uint32_t{s.subject} << 16));
    store_word(to + 4, static_cast<std::uint16_t>(load2("0 ") + s.detail));
    return to + 5;
}
constexpr void put_one_line(char* to, reply const& r) noexcept {
    to = put_code(to, r.code);
    if (status const s = r.enhanced; s && is_short(s)) {
        to = put_short_status(to, s);
    } else if (s) {
        to[0] = static_cast<char>('0' + s.class_digit);
        to[1] = '.';
        to = put_digits(to + 2, s.subject);
        *to++ = '.';
        to = put_digits(to, s.detail);
    }
    if (r.enhanced && !r.text.empty()) *to++ = ' ';
    store_word(put_octets(to, r.text), load2("\r\n"));
}
}  // namespace detail

/// Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF. The status stands on every
/// line (RFC 2034 4). A text too long for a line of 512 octets goes on in the next one, split at a space if there is one;
/// the space is what gives way to the CRLF. Errors: those of check(reply), output_full.
constexpr result<std::size_t> write_reply(writer& out, reply const& r) noexcept {
    if (auto const bad = check(r)) return *bad;
    // One line, as nearly all are: its length is known, and each octet is stored once. (A machine without vectors is likely to be a small
    // one: there it is written the way that writes any.)
    if constexpr (EHLO_VECTOR != 0) {
        if (std::size_t const size = detail::one_line_size(r); size <= max_reply_line && size <= out.room() && out.ok()) [[likely]] {
            detail::put_one_line(out.claim(size), r);
            return size;
        }
    }
    return out.atomically([&](writer& w) {
        std::string_view rest = r.text;
        for (bool last = false; !last;) {
            std::size_t const start = w.size();
            w.number(r.code).raw('-');
            std::size_t const separator = w.size() - 1;
            if (r.enhanced) {
                w.number(r.enhanced.class_digit).raw('.').number(r.enhanced.subject).raw('.').number(r.enhanced.detail);
                if (!rest.empty()) w.raw(' ');
            }
            if (!w.ok()) return;
            std::size_t const room = max_reply_line - 2 - (w.size() - start);
            last = rest.size() <= room;
            std::size_t take = rest.size();
            std::size_t skip = 0;
            if (!last) {
                take = detail::find_last<charset(" ")>(rest, 0, room + 1);
                if (take == room + 1 || take == 0) {
                    take = room;
                    while (take > room - 3 && (rest[take] & '\xC0') == '\x80') --take;  // not inside a UTF-8 character
                } else {
                    skip = 1;
                }
            }
            w.raw(detail::sub(rest, 0, take));
            if (last) w.overwrite(separator, ' ');
            w.crlf();
            rest.remove_prefix(take + skip);
        }
    });
}

/// Replies that servers send all the time.
namespace replies {
inline constexpr reply ok = "250 2.0.0 OK";
inline constexpr reply sender_ok = "250 2.1.0 Sender OK";
inline constexpr reply recipient_ok = "250 2.1.5 Recipient OK";
inline constexpr reply start_content = "354 Start mail input; end with <CRLF>.<CRLF>";
inline constexpr reply each_recipient = "353 Replies for each recipient follow";
inline constexpr reply message_accepted = "250 2.6.0 Message accepted";
inline constexpr reply chunk_received = "250 2.0.0 Chunk received";
inline constexpr reply cannot_verify = "252 2.1.5 Cannot verify the user, but will take mail for it";
inline constexpr reply help = "214 2.0.0 See RFC 5321";
inline constexpr reply bye = "221 2.0.0 Closing the channel";
inline constexpr reply try_later = "451 4.3.0 Error in processing, try again later";
inline constexpr reply shutting_down = "421 4.3.2 Shutting down, closing the channel";
inline constexpr reply no_such_user = "550 5.1.1 No such user here";
inline constexpr reply no_mail_here = "554 5.3.2 No SMTP service here";
}  // namespace replies

namespace detail {
// Code, subject and detail of what reply_for says, in one number, so that a case is one register; 0: replies::try_later.
constexpr std::uint32_t find_code(errc code, verb v) noexcept {
    auto with = [](unsigned reply_code, unsigned subject, unsigned detail) noexcept { return std::uint32_t{reply_code << 16 | subject << 8 | detail}; };
    bool const sender = v == verb::mail || v == verb::send || v == verb::soml || v == verb::saml;
    bool const recipient = v == verb::rcpt;
    // A bad address: X.1.7 is the sender's syntax, X.1.3 the recipient's, X.5.4 any other argument's.
    auto address = [&](unsigned reply_code) noexcept {
        return sender ? with(reply_code, 1, 7) : recipient ? with(reply_code, 1, 3) : with(reply_code, 5, 4);
    };
    switch (code) {
    case errc::empty_line:
    case errc::unknown_verb:
    case errc::line_too_long: return with(500, 5, 2);
    case errc::nul_octet:
    case errc::bare_cr:
    case errc::bare_lf: return v == verb::data ? with(554, 6, 0) : with(500, 5, 2);
    case errc::http_request: return with(421, 7, 0);
    case errc::missing_argument:
    case errc::unexpected_argument:
    case errc::expected_from:
    case errc::expected_to:
    case errc::bad_parameter:
    case errc::bad_parameter_value:
    case errc::unknown_attribute:
    case errc::duplicate_parameter:
    case errc::conflicting_parameters:
    case errc::parameter_too_long:
    case errc::bad_number:
    case errc::bad_mechanism:
    case errc::bad_xtext:
    case errc::bad_url:
    case errc::bad_date_time: return with(501, 5, 4);
    // RFC 4954 4 and 6
    case errc::bad_base64:
    case errc::bad_sasl_message: return with(501, 5, 2);
    case errc::unexpected_initial_response:
    case errc::auth_cancelled: return with(501, 7, 0);
    case errc::auth_line_too_long: return with(500, 5, 6);
    case errc::unknown_mechanism: return with(504, 5, 4);
    case errc::expected_path:
    case errc::unclosed_path:
    case errc::null_path:
    case errc::bad_route:
    case errc::bad_local_part:
    case errc::bad_quoted_string:
    case errc::missing_domain:
    case errc::bad_domain:
    case errc::bad_address_literal:
    case errc::bad_utf8:
    case errc::local_part_too_long:
    case errc::domain_too_long:
    case errc::path_too_long: return address(501);
    case errc::non_ascii:
        return sender || recipient || v == verb::vrfy || v == verb::expn ? with(553, 6, 7) : with(501, 5, 2);
    case errc::number_too_large: return v == verb::bdat ? with(501, 5, 4) : with(552, 3, 4);
    case errc::message_too_large: return with(552, 3, 4);
    case errc::too_many_recipients: return with(452, 5, 3);
    case errc::too_many_errors: return with(421, 7, 0);
    case errc::bad_sequence: return with(503, 5, 1);
    case errc::not_implemented: return with(502, 5, 1);
    case errc::not_authenticated:
    case errc::tls_required: return with(530, 7, 0);
    case errc::mechanism_needs_tls: return with(538, 7, 11);
    case errc::early_octets: return with(554, 5, 0);
    case errc::unknown_parameter: return with(v == verb::vrfy || v == verb::expn ? 504 : 555, 5, 4);  // 555 is MAIL's and RCPT's
    case errc::session_over: return with(421, 3, 0);
    // The rest are faults in PROXY headers, which no reply answers; in replies, which a client sees; and of the calling program.
    case errc::bad_proxy_header:
    case errc::bad_checksum:
    case errc::proxy_header_too_long:
    case errc::bad_reply_code:
    case errc::bad_reply_separator:
    case errc::mixed_reply_codes:
    case errc::bad_status:
    case errc::reply_too_long:
    case errc::unexpected_reply:
    case errc::bad_reply_class:
    case errc::output_full:
    case errc::unsafe_octet:
    case errc::bad_value:
    case errc::not_offered:
    case errc::too_many_outstanding:
    case errc::end_has_begun:
    case errc::missing_octets: break;
    }
    return 0;
}
// reply_for without its text.
constexpr reply code_for(failure const& f, verb v) noexcept {
    std::uint32_t const found = find_code(f.code, v);
    if (found == 0) return replies::try_later;
    unsigned const code = found >> 16;
    return reply(code, status{static_cast<std::uint8_t>(code / 100), static_cast<std::uint16_t>(found >> 8 & 255), static_cast<std::uint16_t>(found & 255)}, {});
}
}  // namespace detail

/// The exact reply that a server should send for a failure in a command (RFC 5321 4.2.4, 4.3.2, 4.5.3.1.10; RFC 6531
/// 3.5; codes of RFC 3463). `verb` is the command's, `data` for a fault in the content.
constexpr reply reply_for(failure const& f, verb v) noexcept {
    reply r = detail::code_for(f, v);
    if (r.text.empty()) r.text = message(f.code);
    return r;
}

}  // namespace ehlo
