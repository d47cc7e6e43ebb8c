// Replies: written, parsed, and the right one for every failure. RFC 5321 4.2, 4.3.2; RFC 2034.
#pragma once

#include <ehlo/leniency.hpp>
#include <ehlo/status.hpp>
#include <ehlo/detail/fast.hpp>
#include <ehlo/detail/temporary.hpp>
#include <ehlo/verb.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

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
constexpr void put_one_line(char* to, reply const& r) noexcept {
    to[0] = static_cast<char>('0' + r.code / 100);
    to[1] = static_cast<char>('0' + r.code / 10 % 10);
    to[2] = static_cast<char>('0' + r.code % 10);
    to[3] = ' ';
    to += 4;
    if (status const s = r.enhanced) {
        to[0] = static_cast<char>('0' + s.class_digit);
        to[1] = '.';
        to = is_short(s) ? (to[2] = static_cast<char>('0' + s.subject), to + 3) : put_digits(to + 2, s.subject);
        *to++ = '.';
        to = is_short(s) ? (to[0] = static_cast<char>('0' + s.detail), to + 1) : put_digits(to, s.detail);
        if (!r.text.empty()) *to++ = ' ';
    }
    to = put_octets(to, r.text);
    *to++ = '\r';
    *to = '\n';
}
}  // namespace detail

/// Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF. The status stands on every
/// line (RFC 2034 4). A text too long for a line of 512 octets goes on in the next one, split at a space if there is one;
/// the space is what gives way to the CRLF. Errors: those of check(reply), output_full.
constexpr result<std::size_t> write_reply(writer& out, reply const& r) noexcept {
    if (auto const bad = check(r)) return *bad;
    // One line, as nearly all are: its length is known, and each octet is stored once.
    if (std::size_t const size = detail::one_line_size(r); size <= max_reply_line && size <= out.room() && out.ok()) [[likely]] {
        detail::put_one_line(out.claim(size), r);
        return size;
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
// reply_for without its text.
constexpr reply code_for(failure const& f, verb v) noexcept {
    auto with = [](unsigned code, std::uint16_t subject, std::uint16_t detail) noexcept {
        return reply(code, status{static_cast<std::uint8_t>(code / 100), subject, detail}, {});
    };
    bool const sender = v == verb::mail || v == verb::send || v == verb::soml || v == verb::saml;
    bool const recipient = v == verb::rcpt;
    // A bad address: X.1.7 is the sender's syntax, X.1.3 the recipient's, X.5.4 any other argument's.
    auto address = [&](unsigned code) noexcept {
        return sender ? with(code, 1, 7) : recipient ? with(code, 1, 3) : with(code, 5, 4);
    };
    switch (f.code) {
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
    return replies::try_later;
}
}  // namespace detail

/// The exact reply that a server should send for a failure in a command (RFC 5321 4.2.4, 4.3.2, 4.5.3.1.10; RFC 6531
/// 3.5; codes of RFC 3463). `verb` is the command's, `data` for a fault in the content.
constexpr reply reply_for(failure const& f, verb v) noexcept {
    reply r = detail::code_for(f, v);
    if (r.text.empty()) r.text = message(f.code);
    return r;
}

/// The lines of a reply without code, separator and line end: `for (std::string_view line : r.lines())`.
class reply_lines {
    std::string_view text_;
    unsigned count_;

  public:
    class iterator {
        std::string_view text_;
        std::size_t at_ = 0, end_;  // of the line, and of its LF
        unsigned left_;             // this line, and those after it
        detail::mark_finder<charset("\n")> ends_;

      public:
        constexpr iterator(std::string_view text, unsigned lines) noexcept : text_(text), end_(text.size() - 1), left_(lines), ends_(lines > 1 ? text : std::string_view()) {
            if (lines > 1) end_ = ends_.next();
        }
        constexpr std::string_view operator*() const noexcept {
            if (left_ == 0 || end_ - at_ <= 4) return {text_.data() + at_, 0};
            return {text_.data() + at_ + 4, end_ - at_ - 4 - (text_[end_ - 1] == '\r' ? 1u : 0u)};
        }
        constexpr iterator& operator++() noexcept {
            at_ = end_ + 1;
            // Where the last one ends is known.
            end_ = --left_ > 1 ? ends_.next() : text_.size() - 1;
            return *this;
        }
        constexpr bool operator!=(iterator const& other) const noexcept { return left_ != other.left_; }
    };
    constexpr reply_lines(std::string_view text, unsigned count) noexcept : text_(text), count_(count) {}
    constexpr iterator begin() const noexcept { return iterator(text_, count_); }
    constexpr iterator end() const noexcept { return iterator(text_, 0); }
};

/// A whole reply as it was received. Borrows from the buffer that it was parsed in.
class reply_view {
    std::string_view text_;
    std::uint16_t code_ = 0;
    std::uint16_t line_count_ = 0;
    leniency tolerated_{};
    friend class reply_reader;

  public:
    constexpr unsigned code() const noexcept { return code_; }
    constexpr reply_class kind() const noexcept { return class_of(code_); }
    constexpr bool accepted() const noexcept { return is_positive(code_); }
    constexpr unsigned line_count() const noexcept { return line_count_; }
    constexpr reply_lines lines() const noexcept { return reply_lines(text_, line_count_); }
    /// The first line, which is all of most replies, without its code: "2.1.0 OK".
    constexpr std::string_view text() const noexcept { return *lines().begin(); }
    /// All octets of the reply, codes and CRLFs included.
    constexpr std::string_view octets() const noexcept { return text_; }
    /// The enhanced status code of the first line, if there is one of the same class as the code (RFC 2034 4).
    constexpr std::optional<status> enhanced() const noexcept {
        if (text_.size() < 5) return std::nullopt;
        status s;
        std::string_view const text = detail::sub(text_, 4);
        std::size_t const end = detail::scan_status_octets(text, s);
        // What follows is on the same line, or is its end.
        bool const ends = end != 0 && (text[end] == ' ' || text[end] == '\n' || (text[end] == '\r' && text[end + 1] == '\n'));
        return ends && s.class_digit == code_ / 100 ? std::optional(s) : std::nullopt;
    }
    /// Whether all texts are textstring = 1*(%d09 / %d32-126). Other octets are let through: real servers send them.
    constexpr bool is_plain() const noexcept {
        for (std::string_view line : lines())
            if (detail::find_first<~chars::textstring>(line) != line.size()) return false;
        return true;
    }
    constexpr leniency tolerated() const noexcept { return tolerated_; }
};

/// The rules of leniency that mean something in a reply.
inline constexpr leniency of_replies = rule::mixed_reply_codes | rule::empty_line_between_replies | rule::bare_lf_reply |
                                       rule::controls_in_reply | rule::odd_reply_separator | rule::odd_reply_code;

/// How much a client listens to. RFC 5321 has no limit on the number of lines: an endless reply must end somewhere.
struct reply_limits {
    std::uint32_t line = 2048;       ///< octets with CRLF; RFC 5321 4.5.3.1.5 asks for 512
    std::uint32_t total = 64 * 1024; ///< octets of all lines
    std::uint16_t lines = 100;
    leniency tolerate = strict;      ///< of `of_replies`
};

/// Reads replies out of a growing buffer. Call `next(buffer)` with all octets not yet consumed; discard `consumed`
/// afterwards. What was looked at is remembered: octets that arrive one at a time cost O(n) in all.
///   ready:     one reply, the first in the buffer.
///   failed:    bad_reply_code, bad_reply_separator, mixed_reply_codes, reply_too_long, bare_cr, bare_lf, nul_octet; `at`
///              counts from the first octet of the buffer. The connection is of no more use: nothing is consumed.
///              missing_octets: the buffer is shorter than what the call before left in it; nothing is consumed or forgotten.
///   need_more: nothing is consumed.
class reply_reader {
    std::uint32_t looked_at_ = 0;  // octets of the reply that are known to be right
    std::uint32_t line_at_ = 0;    // where the current line begins
    std::uint16_t lines_ = 0;      // whole lines before it
    std::uint16_t code_ = 0;       // of the line before it
    bool after_cr_ = false;        // one octet more was there, a CR
    // Tolerated.
    bool mixed_codes_ : 1 = false;
    bool empty_lines_ : 1 = false;
    bool bare_lf_ : 1 = false;
    bool controls_ : 1 = false;
    bool odd_separator_ : 1 = false;
    bool odd_code_ : 1 = false;

    static constexpr bool same(reply_view const& a, reply_view const& b) noexcept {
        return a.text_.data() == b.text_.data() && a.text_.size() == b.text_.size() && a.code_ == b.code_ && a.line_count_ == b.line_count_ &&
               a.tolerated_ == b.tolerated_;
    }

    static constexpr bool right_digit(char c, unsigned place) noexcept {
        return place == 0 ? c >= '2' && c <= '5' : is_digit(c);
    }

  public:
    constexpr progress<reply_view> next(std::string_view in EHLO_LIFETIMEBOUND, reply_limits const& limits = {}) noexcept {
        // Not again when more has come: octets that arrive one at a time would cost O(n * n).
        if (detail::fast::reply whole; EHLO_VECTOR && looked_at_ == 0 && whole.read(in)) [[likely]] {
            // One that is no longer than a line may be has no line that is. All limits that are reached are left to the grammar.
            if (whole.size <= limits.line && whole.size <= limits.total && whole.lines <= limits.lines) [[likely]] {
                reply_view r;
                r.text_ = {in.data(), whole.size};
                r.code_ = static_cast<std::uint16_t>(whole.code);
                r.line_count_ = static_cast<std::uint16_t>(whole.lines);
                if constexpr (detail::fast::checked) {
                    auto const other = reply_reader().resume(in, limits);
                    detail::fast::expect(other.ready() && other.consumed == whole.size && same(*other, r));
                }
                return {r, whole.size};
            }
        }
        // One octet more of a text.
        if (looked_at_ >= line_at_ + std::size_t{4} && in.size() == looked_at_ + std::size_t{1} &&
            static_cast<unsigned char>(in[looked_at_]) > '\r' && in.size() + 2 <= limits.total &&
            in.size() + 2 <= line_at_ + std::size_t{limits.line}) {
            ++looked_at_;
            return {std::size_t{0}};
        }
        return resume(in, limits);
    }
    template <detail::temporary Text>
    progress<reply_view> next(Text&&, reply_limits const& = {}) = delete;

    /// True between the first octet of a reply and its last.
    constexpr bool in_reply() const noexcept { return lines_ != 0 || looked_at_ != line_at_; }

  private:
    // From where the last call stopped, with the place of every fault.
    EHLO_NOINLINE constexpr progress<reply_view> resume(std::string_view in, reply_limits const& limits) noexcept {
        constexpr charset stops{std::string_view("\r\n\0", 3)};
        auto failed = [](errc code, std::size_t at) noexcept { return progress<reply_view>(fail(code, at), 0); };
        std::size_t at = looked_at_;
        if (in.size() < at + (after_cr_ ? 1u : 0u)) return failed(errc::missing_octets, in.size());
        for (;;) {
            std::size_t line = line_at_;
            // No line is shorter than 5 octets. Told before its digits are looked at, whatever pieces they come in.
            if (line + 5 > limits.total) return failed(errc::reply_too_long, line);
            // All three digits at once if they are there and right; the loop finds the place of a fault.
            if (at == line && in.size() - line >= 3) {
                auto const digit = [&in, line](std::size_t i) noexcept { return static_cast<unsigned>(in[line + i] - '0'); };
                unsigned const code = digit(0) * 100 + digit(1) * 10 + digit(2);
                if (digit(0) - 2 < 4 && digit(1) < 10 && digit(2) < 10 && (lines_ == 0 || code == code_)) at += 3;
            }
            for (; at < line + 3; ++at) {
                if (at == in.size()) {
                    looked_at_ = static_cast<std::uint32_t>(at);
                    return {std::size_t{0}};
                }
                unsigned const place = static_cast<unsigned>(at - line);
                if (place == 0 && is_digit(in[at]) && !right_digit(in[at], 0) && limits.tolerate.has(rule::odd_reply_code)) {
                    odd_code_ = true;
                } else if (!right_digit(in[at], place)) {
                    bool const may_be_empty = place == 0 && lines_ == 0 && in[at] == '\r' && limits.tolerate.has(rule::empty_line_between_replies);
                    if (!may_be_empty || (at + 1 < in.size() && in[at + 1] != '\n')) return failed(errc::bad_reply_code, at);
                    after_cr_ = at + 1 == in.size();
                    if (after_cr_) {
                        looked_at_ = static_cast<std::uint32_t>(at);
                        return {std::size_t{0}};
                    }
                    empty_lines_ = true;
                    line = ++at + 1;
                    line_at_ = looked_at_ = static_cast<std::uint32_t>(line);
                    if (line + 5 > limits.total) return failed(errc::reply_too_long, line);
                    continue;
                }
                if (lines_ == 0) continue;
                constexpr unsigned weight[] = {100, 10, 1};
                if (code_ / weight[place] % 10 == static_cast<unsigned>(in[at] - '0')) continue;
                if (!limits.tolerate.has(rule::mixed_reply_codes)) return failed(errc::mixed_reply_codes, at);
                mixed_codes_ = true;
            }
            if (at == line + 3 && at < in.size() && in[at] != ' ' && in[at] != '-' && !stops.contains(in[at])) {
                if (!limits.tolerate.has(rule::odd_reply_separator)) return failed(errc::bad_reply_separator, at);
                odd_separator_ = true;
            }
            std::size_t end = detail::find_first<stops>(in, at);
            if (limits.tolerate.has(rule::controls_in_reply)) {
                while (end < in.size() && (in[end] == '\0' || (in[end] == '\r' && end + 1 < in.size() && in[end + 1] != '\n'))) {
                    controls_ = true;
                    end = detail::find_first<stops>(in, end + 1);
                }
            }
            std::size_t const most = limits.line < limits.total - line ? line + limits.line : limits.total;
            if (end + 2 > most) return failed(errc::reply_too_long, most - 2);  // where the CR should have been at last
            if (end == in.size() || (in[end] == '\r' && end + 1 == in.size())) {
                looked_at_ = static_cast<std::uint32_t>(end);
                after_cr_ = end != in.size();
                return {std::size_t{0}};
            }
            if (in[end] == '\0') return failed(errc::nul_octet, end);
            bool const lf_alone = in[end] == '\n';
            if (lf_alone && !limits.tolerate.has(rule::bare_lf_reply)) return failed(errc::bare_lf, end);
            if (lf_alone) bare_lf_ = true;
            else if (in[end + 1] != '\n') return failed(errc::bare_cr, end);
            unsigned const code = static_cast<unsigned>((in[line] - '0') * 100 + (in[line + 1] - '0') * 10 + (in[line + 2] - '0'));
            code_ = static_cast<std::uint16_t>(code);
            ++lines_;
            at = end + (lf_alone ? 1 : 2);
            if (in[line + 3] != '-') {
                reply_view r;
                std::size_t begin = 0;
                if (empty_lines_)
                    while (begin + 2 < at && in[begin] == '\r') begin += 2;
                r.text_ = detail::sub(in, begin, at - begin);
                r.code_ = code_;
                r.line_count_ = lines_;
                if (mixed_codes_) r.tolerated_ |= rule::mixed_reply_codes;
                if (empty_lines_) r.tolerated_ |= rule::empty_line_between_replies;
                if (bare_lf_) r.tolerated_ |= rule::bare_lf_reply;
                if (controls_) r.tolerated_ |= rule::controls_in_reply;
                if (odd_separator_) r.tolerated_ |= rule::odd_reply_separator;
                if (odd_code_) r.tolerated_ |= rule::odd_reply_code;
                *this = reply_reader();
                return {r, at};
            }
            if (lines_ >= limits.lines) return failed(errc::reply_too_long, at);
            line_at_ = looked_at_ = static_cast<std::uint32_t>(at);
            after_cr_ = false;
        }
    }
};

/// The reply that `in` begins with; further replies may follow it (`consumed` tells where). As reply_reader::next.
constexpr progress<reply_view> parse_reply(std::string_view in EHLO_LIFETIMEBOUND, reply_limits const& limits = {}) noexcept {
    return reply_reader().next(in, limits);
}
template <detail::temporary Text>
progress<reply_view> parse_reply(Text&&, reply_limits const& = {}) = delete;

}  // namespace ehlo
