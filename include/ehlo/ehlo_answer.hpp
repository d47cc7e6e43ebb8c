// The whole answer to EHLO with every registered keyword typed; capabilities.hpp is the small part that a session keeps.
// RFC 5321 4.1.1.1 and the extensions' own.
#pragma once

#include <ehlo/auth.hpp>
#include <ehlo/capabilities.hpp>
#include <ehlo/date_time.hpp>
#include <ehlo/xclient.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// LIMITS (RFC 9422 4): 1 to 999,999 each; nothing where the server states none. Unknown limits are passed over.
struct server_limits {
    std::optional<std::uint32_t> mail_max{};          ///< transactions in a session
    std::optional<std::uint32_t> rcpt_max{};          ///< recipients in a transaction
    std::optional<std::uint32_t> rcpt_domain_max{};   ///< domains of recipients in a session
    constexpr bool operator==(server_limits const&) const = default;
};

/// FUTURERELEASE (RFC 4865 4): how long, and until when at last, the server holds a message.
struct hold_limits {
    std::uint32_t max_interval;  ///< seconds, 1 to 999,999,999
    date_time max_date_time;     ///< UTC
    constexpr bool operator==(hold_limits const&) const = default;
};

/// A positive answer to EHLO or LHLO. Views borrow from the reply.
struct ehlo_answer {
    std::string_view domain;              ///< the first word; servers that name an address literal here are read too
    std::string_view greet;               ///< the rest of the first line
    extensions offered{};
    std::optional<std::uint64_t> size{};  ///< octets; 0 means "no fixed limit", which is not the same as no number (RFC 1870 4)
    mechanisms auth{};                    ///< the mechanisms that ehlo knows by name
    std::string_view auth_text{};         ///< all of them, separated by SP
    server_limits limits{};
    std::optional<std::uint32_t> min_by_time{};  ///< seconds, DELIVERBY (RFC 2852 4)
    std::optional<hold_limits> hold{};
    std::string_view priority_profile{};  ///< of MT-PRIORITY: MIXER, STANAG4406, NSEP ... (RFC 6710 9.2)
    std::string_view solicitations{};     ///< of NO-SOLICITING, separated by "," (RFC 3865 2)
    std::string_view burl{};              ///< the parameters of BURL, separated by SP (RFC 4468 3.1)
    client_attributes xclient{}, xforward{};
    leniency tolerated{};                 ///< blanks_in_ehlo_answer

    constexpr bool has(extension e) const noexcept { return offered.has(e); }
    constexpr bool operator==(ehlo_answer const&) const = default;
};

namespace detail {

inline constexpr charset limit_name = chars::let_dig + "-_", limit_value = charset(33, 126) - ";";

// limits-param = limit-name-value *( SP limit-name-value ). A fault in the syntax voids all of it, an odd value only itself.
constexpr server_limits read_limits(std::string_view text) noexcept {
    server_limits limits;
    bool good = true;
    auto read = [&](std::string_view pair, std::string_view name, std::optional<std::uint32_t>& limit) noexcept {
        if (!istarts_with(pair, name)) return false;
        std::string_view const value = sub(pair, name.size());
        auto const number = parse_decimal(value, 999999);
        if (!number) good = good && !value.empty() && find_first<~limit_value>(value) == value.size();
        else if (value[0] != '0') limit = static_cast<std::uint32_t>(*number);
        return true;
    };
    for_each_word(text, [&](std::string_view pair) noexcept {
        if (read(pair, "MAILMAX=", limits.mail_max) || read(pair, "RCPTMAX=", limits.rcpt_max) ||
            read(pair, "RCPTDOMAINMAX=", limits.rcpt_domain_max))
            return;
        std::size_t const name_end = find_first<~limit_name>(pair);
        bool const bare = name_end == pair.size();
        bool const named = !bare && pair[name_end] == '=' && name_end + 1 < pair.size() && find_first<~limit_value>(pair, name_end + 1) == pair.size();
        good = good && name_end != 0 && (bare || named);
    });
    return good ? limits : server_limits();
}

constexpr std::optional<hold_limits> read_hold(std::string_view text) noexcept {
    auto const interval = parse_decimal(take_word(text), 999999999);
    auto const until = parse_date_time(take_word(text), {.utc_only = true});
    if (!interval || *interval == 0 || !until || !text.empty()) return std::nullopt;
    return hold_limits{static_cast<std::uint32_t>(*interval), *until};
}

constexpr client_attributes read_attributes(verb v, std::string_view text) noexcept {
    client_attributes set;
    for_each_word(text, [&](std::string_view word) noexcept {
        if (auto const a = find_attribute(word); a && has_attribute(v, *a)) set |= *a;
    });
    return set;
}

// "AUTH" and the old "AUTH=" often come both. The set is of both; the text is that of "AUTH" if it comes.
constexpr void read_mechanisms(ehlo_answer& a, std::string_view text, bool old_form) noexcept {
    a.offered = a.offered | extension::auth;
    if (!old_form || a.auth_text.empty()) a.auth_text = text;
    a.auth = a.auth | parse_mechanisms(text);
}

constexpr void read_keyword(ehlo_answer& a, extension e, std::string_view text, answer_blanks& blanks) noexcept {
    a.offered = a.offered | e;
    if (e == extension::size) {
        // What is a number has no blanks.
        auto n = parse_decimal(text);
        if (!n) [[unlikely]] n = parse_decimal(blanks.parameters(text));
        a.size = n ? std::optional(*n) : std::nullopt;
        return;
    }
    if (text.data() == nullptr) return;
    std::string_view const parameters = blanks.parameters(text);
    switch (e) {
    case extension::auth: read_mechanisms(a, parameters, false); break;
    case extension::limits: a.limits = read_limits(parameters); break;
    case extension::deliver_by: {
        std::string_view const time = detail::sub(parameters, 0, find_first<charset(", ")>(parameters));
        auto const n = parse_decimal(time, 999999999);
        a.min_by_time = n && time.size() <= 9 ? std::optional(static_cast<std::uint32_t>(*n)) : std::nullopt;
        break;
    }
    case extension::future_release: a.hold = read_hold(parameters); break;
    case extension::mt_priority: a.priority_profile = parameters; break;
    case extension::no_soliciting: a.solicitations = parameters; break;
    case extension::burl: a.burl = parameters; break;
    case extension::xclient: a.xclient = read_attributes(verb::xclient, parameters); break;
    case extension::xforward: a.xforward = read_attributes(verb::xforward, parameters); break;
    default: break;
    }
}

}  // namespace detail

/// Reads a positive answer to EHLO or LHLO: ehlo-ok-rsp of RFC 5321 4.1.1.1. A client must not fail on what it does not
/// use: lines that are no ehlo-lines, unknown keywords and parameters that are not well formed are passed over (a keyword
/// counts as offered all the same, as in parse_capabilities). The old form "AUTH=PLAIN LOGIN" counts as AUTH. Under
/// rule::blanks_in_ehlo_answer there may be spaces and tabs around and between parameters. Borrows from the reply.
/// Errors: bad_reply_class if the reply is not 250.
constexpr result<ehlo_answer> parse_ehlo_answer(reply_view const& r, leniency tolerate = strict) noexcept {
    if (r.code() != 250) return fail(errc::bad_reply_class, 0);
    ehlo_answer a{};
    capability const first = split_capability(*r.lines().begin());
    a.domain = first.keyword;
    a.greet = first.parameters;
    detail::answer_blanks blanks{tolerate};
    auto known = [&](extension e, std::string_view text) noexcept { detail::read_keyword(a, e, text, blanks); };
    auto other = [&](std::string_view text) noexcept {
        if (istarts_with(text, "AUTH=")) detail::read_mechanisms(a, blanks.words(detail::sub(text, 5)), true);
    };
    detail::visit_ehlo_lines(r, tolerate, known, other);
    a.tolerated = blanks.tolerated;
    return a;
}

/// Writes an answer: one line for each extension, in the order of the enum, with the parameters that are typed above. What
/// is written can be read back to the same value, but that mechanisms of `auth` which `auth_text` lacks are added to it.
/// Errors: those of parse_host for `domain`; unsafe_octet; bad_value for a value out of its range, or for a text that is
/// not made of ehlo-params; reply_too_long for a line over 512 octets; output_full.
constexpr result<std::size_t> write_ehlo_answer(writer& out, ehlo_answer const& a) noexcept {
    if (auto const parsed = parse_host(a.domain); !parsed) return parsed.error();
    return out.atomically([&](writer& w) {
        std::size_t line = w.size();
        auto begin = [&](std::string_view text) noexcept {
            line = w.size();
            w.raw("250-").raw(text);
        };
        auto end = [&]() noexcept {
            w.crlf();
            if (w.ok() && w.size() - line > max_reply_line) w.refuse(fail(errc::reply_too_long, max_reply_line));
        };
        auto words = [&](std::string_view text) noexcept {  // 1*( SP ehlo-param ), whatever blanks they were read with
            constexpr charset blank_or_word = charset(33, 126) + chars::wsp;
            if (std::size_t const bad = detail::find_first<~blank_or_word>(text); bad != text.size())
                w.refuse(fail(chars::unsafe.contains(text[bad]) ? errc::unsafe_octet : errc::bad_value, bad));
            while (!text.empty())
                if (std::string_view const word = detail::take_word(text); !word.empty()) w.raw(' ').raw(word);
        };
        auto limit = [&](std::string_view name, std::optional<std::uint32_t> n) noexcept {
            if (!n) return;
            if (*n == 0 || *n > 999999) w.refuse(fail(errc::bad_value, 0));
            w.raw(' ').raw(name).raw('=').number(*n);
        };
        auto attributes = [&](verb v, client_attributes set) noexcept {
            for (unsigned i = 0; i < client_attribute_count; ++i) {
                auto const attribute = static_cast<client_attribute>(i);
                if (!set.has(attribute)) continue;
                if (!has_attribute(v, attribute)) w.refuse(fail(errc::bad_value, 0));
                w.raw(' ').raw(name(attribute));
            }
        };
        begin(a.domain);
        if (!a.greet.empty()) w.raw(' ').text(a.greet);
        end();
        for (unsigned i = 0; i < extension_count; ++i) {
            auto const e = static_cast<extension>(i);
            if (!a.has(e)) continue;
            begin(name(e));
            switch (e) {
            case extension::size:
                if (a.size) w.raw(' ').number(*a.size);
                break;
            case extension::auth: {
                words(a.auth_text);
                // A set without its text, or one that the old form has added to.
                mechanisms const spelt = parse_mechanisms(a.auth_text);
                for (unsigned k = 1; k < mechanism_count; ++k)
                    if (auto const m = static_cast<mechanism>(k); a.auth.has(m) && !spelt.has(m)) w.raw(' ').raw(name(m));
                break;
            }
            case extension::limits:
                limit("MAILMAX", a.limits.mail_max);
                limit("RCPTMAX", a.limits.rcpt_max);
                limit("RCPTDOMAINMAX", a.limits.rcpt_domain_max);
                break;
            case extension::deliver_by:
                if (a.min_by_time && *a.min_by_time > 999999999) w.refuse(fail(errc::bad_value, 0));
                if (a.min_by_time) w.raw(' ').number(*a.min_by_time);
                break;
            case extension::future_release:
                if (!a.hold) break;
                if (a.hold->max_interval == 0 || a.hold->max_interval > 999999999 || a.hold->max_date_time.offset != 0 ||
                    a.hold->max_date_time.offset_unknown)
                    w.refuse(fail(errc::bad_value, 0));
                w.raw(' ').number(a.hold->max_interval).raw(' ');
                if (auto const written = write_date_time(w, a.hold->max_date_time); !written) w.refuse(written.error());
                break;
            case extension::mt_priority: words(a.priority_profile); break;
            case extension::no_soliciting: words(a.solicitations); break;
            case extension::burl: words(a.burl); break;
            case extension::xclient: attributes(verb::xclient, a.xclient); break;
            case extension::xforward: attributes(verb::xforward, a.xforward); break;
            default: break;
            }
            end();
        }
        w.overwrite(line + 3, ' ');
    });
}

}  // namespace ehlo
