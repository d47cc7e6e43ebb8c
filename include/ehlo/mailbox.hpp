// Mailboxes: local parts, quoted and not, at a host. RFC 5321 4.1.2, RFC 6531 3.3.
#pragma once

#include <ehlo/domain.hpp>
#include <ehlo/writer.hpp>

#include <cstddef>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// Local-part "@" ( Domain / address-literal ). Borrows from the input. The local part is as it stood there, with its
/// quotes: see write_unquoted. Its case matters (RFC 5321 2.4). `domain.text` is empty when there was none
/// (rule::missing_domain).
struct mailbox {
    std::string_view local_part;
    host domain;
    leniency tolerated{};
};

namespace detail {

// Quoted-string = DQUOTE *QcontentSMTP DQUOTE;  QcontentSMTP = qtextSMTP / quoted-pairSMTP
// quoted-pairSMTP = %d92 %d32-126;  RFC 6531: qtextSMTP =/ UTF8-non-ascii
constexpr bool scan_quoted_string(cursor& c) noexcept {
    if (!c.skip('"')) return c.stop(errc::bad_quoted_string);
    for (;;) {
        c.at = find_first<~chars::qtext>(c.text, c.at);
        if (c.skip('"')) return true;
        if (c.skip('\\')) {
            if (!c.next_in(chars::quoted_pair)) return c.stop(errc::bad_quoted_string);
            ++c.at;
        } else if (!c.next_is_wide()) {
            return c.stop(errc::bad_quoted_string);
        } else if (!c.skip_wide()) {
            return false;
        }
    }
}

// Local-part = Dot-string / Quoted-string;  Dot-string = Atom *("." Atom);  RFC 6531: atext =/ UTF8-non-ascii
EHLO_INLINE constexpr bool scan_local_part(cursor& c) noexcept {
    std::size_t const start = c.at;
    if (c.next_is('"')) {
        if (!scan_quoted_string(c)) return false;
    } else {
        bool after_dot = true;
        for (;;) {
            char const next = c.peek();
            if (is_atext(next)) {
                c.at += skip_labels<chars::atext>(sub(c.text, c.at));
                after_dot = false;
                if (c.next_is('@')) break;
            } else if (next == '.') {
                if (after_dot && !c.tolerate(rule::loose_dots)) return c.stop(errc::bad_local_part);
                ++c.at;
                after_dot = true;
            } else if (!is_ascii(next)) {
                if (!c.skip_wide()) return false;
                after_dot = false;
            } else {
                break;
            }
        }
        if (c.at == start || (after_dot && !c.tolerate(rule::loose_dots))) return c.stop(errc::bad_local_part);
    }
    if (c.at - start > c.rules.max_local_part) return c.stop(errc::local_part_too_long, start + c.rules.max_local_part);
    return true;
}

// `local_end`: where the local part ends; an "@" stands there if there is a domain.
EHLO_INLINE constexpr bool scan_mailbox(cursor& c, std::size_t& local_end, host_kind& kind) noexcept {
    if (!scan_local_part(c)) return false;
    local_end = c.at;
    if (!c.skip('@')) {
        // An octet that is no delimiter at all is the local part's fault, not the domain's.
        bool const delimiter =
            c.end() || c.next_is('>') || (c.next_in(chars::wsp) && c.rules.tolerate.has(rule::missing_brackets));
        if (!delimiter) return c.stop(errc::bad_local_part);
        return c.tolerate(rule::missing_domain) || c.stop(errc::missing_domain);
    }
    return scan_host(c, kind);
}

}  // namespace detail

/// Mailbox = Local-part "@" ( Domain / address-literal ), the whole of `text`. RFC 5321 4.1.2.
/// Errors: bad_local_part, bad_quoted_string, missing_domain, bad_domain, bad_address_literal, local_part_too_long,
/// domain_too_long, non_ascii, bad_utf8.
constexpr result<mailbox> parse_mailbox(std::string_view text EHLO_LIFETIMEBOUND,
                                        syntax const& rules = strict_syntax) noexcept {
    detail::cursor c{text, rules};
    std::size_t local_end = 0;
    host_kind kind{};
    if (!detail::scan_mailbox(c, local_end, kind)) return c.error;
    if (!c.end()) return fail(kind != host_kind::domain ? errc::bad_address_literal : errc::bad_domain, c.at);
    return mailbox{detail::sub(text, 0, local_end), {detail::sub(text, local_end + (local_end < text.size() ? 1 : 0)), kind}, c.tolerated};
}
template <detail::temporary Text>
result<mailbox> parse_mailbox(Text&&, syntax const& = strict_syntax) = delete;

/// Writes a valid local part without its quotes and backslashes: what it means. Returns the octets written.
/// RFC 5321 4.1.2: "all quoted forms MUST be treated as equivalent". Errors: output_full.
constexpr result<std::size_t> write_unquoted(writer& out, std::string_view local_part) noexcept {
    return out.atomically([&](writer& w) {
        if (local_part.empty() || local_part.front() != '"') {
            w.raw(local_part);
            return;
        }
        for (std::size_t i = 1; i + 1 < local_part.size(); ++i) {
            if (local_part[i] == '\\' && i + 2 < local_part.size()) ++i;
            w.raw(local_part[i]);
        }
    });
}

/// Writes a local part, given by its meaning, in the shortest form that is valid: bare if it is a dot-string, else
/// between quotes. Errors: output_full; bad_value for an octet that no local part can hold (controls; octets over 127
/// unless they are UTF-8 and `rules.smtputf8`).
constexpr result<std::size_t> write_local_part(writer& out, std::string_view meaning,
                                               syntax const& rules = strict_syntax) noexcept {
    detail::cursor c{meaning, rules};
    syntax unlimited = rules;
    unlimited.tolerate = strict;
    unlimited.max_local_part = 0xFFFF;
    detail::cursor bare{meaning, unlimited};
    bool const quote = meaning.empty() || meaning.front() == '"' || !detail::scan_local_part(bare) || !bare.end();
    return out.atomically([&](writer& w) {
        if (!quote) {
            w.raw(meaning);
            return;
        }
        w.raw('"');
        while (!c.end()) {
            std::size_t const start = c.at;
            if (c.next_in(chars::quoted_pair)) {
                if (!c.next_in(chars::qtext)) w.raw('\\');
                ++c.at;
            } else if (!c.next_is_wide() || !c.skip_wide()) {
                w.refuse(fail(errc::bad_value, start));
                return;
            }
            w.raw(detail::sub(meaning, start, c.at - start));
        }
        w.raw('"');
    });
}

/// The octets that a valid local part means, one by one, without a buffer.
class unquoted {
    std::string_view rest_;
    bool quoted_;

  public:
    constexpr explicit unquoted(std::string_view local_part) noexcept
        : rest_(local_part), quoted_(!local_part.empty() && local_part.front() == '"') {
        if (quoted_) rest_ = detail::sub(rest_, 1, rest_.size() - (rest_.size() > 1 ? 2 : 1));
    }
    constexpr bool empty() const noexcept { return rest_.empty(); }
    constexpr char next() noexcept {
        if (quoted_ && rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
        char const octet = rest_.front();
        rest_.remove_prefix(1);
        return octet;
    }
};

/// Local parts are equal when their meanings are: quotes do not matter, case does (RFC 5321 2.4, 4.1.2).
[[nodiscard]] constexpr bool same_local_part(std::string_view a, std::string_view b) noexcept {
    unquoted x(a), y(b);
    while (!x.empty() && !y.empty())
        if (x.next() != y.next()) return false;
    return x.empty() && y.empty();
}

/// Local parts by what they mean, with their case; domains as same_domain.
[[nodiscard]] constexpr bool same_mailbox(mailbox const& a, mailbox const& b) noexcept {
    return same_local_part(a.local_part, b.local_part) && same_domain(a.domain.text, b.domain.text);
}

}  // namespace ehlo
