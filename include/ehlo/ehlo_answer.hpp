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
struct ehlo_answer : capabilities {
    std::string_view domain{};            ///< the first word; servers that name an address literal here are read too
    std::string_view greet{};             ///< the rest of the first line
    mechanisms auth{};                    ///< the mechanisms that ehlo knows by name
    std::string_view auth_text{};         ///< all of them, separated by SP
    server_limits limits{};
    std::optional<std::uint32_t> min_by_time{};  ///< seconds, DELIVERBY (RFC 2852 4)
    std::optional<hold_limits> hold{};
    std::string_view priority_profile{};  ///< of MT-PRIORITY: MIXER, STANAG4406, NSEP ... (RFC 6710 9.2)
    std::string_view solicitations{};     ///< of NO-SOLICITING, separated by "," (RFC 3865 2)
    std::string_view burl{};              ///< the parameters of BURL, separated by SP (RFC 4468 3.1)
    client_attributes xclient{}, xforward{};

    constexpr bool operator==(ehlo_answer const&) const = default;
};

namespace detail {

/// What follows each keyword: the one row for it, by which it is read and written. `Way` does it with a value of each kind.
/// `Known`: the extensions that can come to here; nothing is linked in for others.
template <extensions Known = extensions::all(), class Answer, class Way>
constexpr void carry(extension e, Answer& a, Way const& way) noexcept {
    switch (e) {
    case extension::auth: if constexpr (Known.has(extension::auth)) return way.auth(a.auth, a.auth_text); else return;
    case extension::limits: if constexpr (Known.has(extension::limits)) return way.limits(a.limits); else return;
    case extension::deliver_by: if constexpr (Known.has(extension::deliver_by)) return way.min_by_time(a.min_by_time); else return;
    case extension::future_release: if constexpr (Known.has(extension::future_release)) return way.hold(a.hold); else return;
    case extension::mt_priority: if constexpr (Known.has(extension::mt_priority)) return way.words(a.priority_profile); else return;
    case extension::no_soliciting: if constexpr (Known.has(extension::no_soliciting)) return way.words(a.solicitations); else return;
    case extension::burl: if constexpr (Known.has(extension::burl)) return way.words(a.burl); else return;
    case extension::xclient: if constexpr (Known.has(extension::xclient)) return way.attributes(verb::xclient, a.xclient); else return;
    case extension::xforward: if constexpr (Known.has(extension::xforward)) return way.attributes(verb::xforward, a.xforward); else return;
    default: return;
    }
}

inline constexpr charset limit_name = chars::let_dig + "-_", limit_value = charset(33, 126) - ";";

// 1 to 999,999, without leading zeros; 0 for all else.
constexpr std::uint32_t read_limit(std::string_view text) noexcept {
    if (text.empty() || text.size() > 6 || text[0] == '0') return 0;
    std::uint32_t n = 0;
    for (char const c : text) {
        if (!is_digit(c)) return 0;
        n = n * 10 + static_cast<std::uint32_t>(c - '0');
    }
    return n;
}
// limits-param = limit-name-value *( SP limit-name-value ). A fault in the syntax voids all of it, an odd value only itself.
constexpr server_limits read_limits(ehlo_words const& words) noexcept {
    server_limits limits;
    bool good = true;
    auto read = [&](std::string_view pair, std::string_view name, std::optional<std::uint32_t>& limit) noexcept {
        if (pair.size() < name.size() || !spells_here(name, {pair.data(), name.size()})) return false;
        std::string_view const value = sub(pair, name.size());
        if (std::uint32_t const n = read_limit(value); n != 0) limit = n;
        else good = good && !value.empty() && find_first<~limit_value>(value) == value.size();
        return true;
    };
    for_each_word(words, [&](std::string_view pair) noexcept {
        if (read(pair, "MAILMAX=", limits.mail_max) || read(pair, "RCPTMAX=", limits.rcpt_max) ||
            read(pair, "RCPTDOMAINMAX=", limits.rcpt_domain_max))
            return;
        std::size_t const name_end = find_first<~limit_name>(pair);
        bool const bare = name_end == pair.size();
        bool const named = !bare && pair[name_end] == '=' && name_end + 1 < pair.size() &&
                           find_first<~limit_value>(pair, name_end + 1) == pair.size();
        good = good && name_end != 0 && (bare || named);
    });
    return good ? limits : server_limits();
}

struct ehlo_parameter_reader {
    ehlo_words all_words;
    bool old_form;   // of AUTH

    // "AUTH" and the old "AUTH=" often come both. The set is of both; the text is that of "AUTH" if it comes.
    constexpr void auth(mechanisms& all, std::string_view& names) const noexcept {
        if (!old_form || names.empty()) names = all_words.text;
        all |= mechanisms_among(all_words);
    }
    constexpr void limits(server_limits& all) const noexcept { all = read_limits(all_words); }
    constexpr void min_by_time(std::optional<std::uint32_t>& seconds) const noexcept {
        std::string_view const text = all_words.text, time = sub(text, 0, find_first<charset(", ")>(text));
        auto const n = parse_decimal(time, 999999999);
        seconds = n && time.size() <= 9 ? std::optional(static_cast<std::uint32_t>(*n)) : std::nullopt;
    }
    constexpr void hold(std::optional<hold_limits>& most) const noexcept {
        std::string_view rest = all_words.text;
        auto const interval = parse_decimal(take_word(rest), 999999999);
        auto const until = parse_date_time(take_word(rest), {.utc_only = true});
        most.reset();
        if (interval && *interval != 0 && until && rest.empty()) most = {static_cast<std::uint32_t>(*interval), *until};
    }
    constexpr void words(std::string_view& all) const noexcept { all = all_words.text; }
    constexpr void attributes(verb v, client_attributes& all) const noexcept {
        all = {};
        for_each_word(all_words, [&](std::string_view word) noexcept {
            if (auto const a = find_attribute(word); a && has_attribute(v, *a)) all |= *a;
        });
    }
};

struct ehlo_parameter_writer {
    writer& w;

    // A set without its text, or one that the old form has added to.
    constexpr void auth(mechanisms all, std::string_view names) const noexcept {
        words(names);
        mechanisms const left = all - parse_mechanisms(names);
        for (unsigned i = 1; i < mechanism_count; ++i)
            if (left.has(static_cast<mechanism>(i))) w.raw(' ').raw(mechanism_names[i]);
    }
    constexpr void limits(server_limits const& all) const noexcept {
        limit("MAILMAX", all.mail_max);
        limit("RCPTMAX", all.rcpt_max);
        limit("RCPTDOMAINMAX", all.rcpt_domain_max);
    }
    constexpr void limit(std::string_view name, std::optional<std::uint32_t> n) const noexcept {
        if (!n) return;
        if (*n == 0 || *n > 999999) w.refuse(fail(errc::bad_value, 0));
        w.raw(' ').raw(name).raw('=').number(*n);
    }
    constexpr void min_by_time(std::optional<std::uint32_t> seconds) const noexcept {
        if (!seconds) return;
        if (*seconds > 999999999) w.refuse(fail(errc::bad_value, 0));
        w.raw(' ').number(*seconds);
    }
    constexpr void hold(std::optional<hold_limits> const& most) const noexcept {
        if (!most) return;
        if (most->max_interval == 0 || most->max_interval > 999999999 || most->max_date_time.offset != 0 || most->max_date_time.offset_unknown)
            w.refuse(fail(errc::bad_value, 0));
        w.raw(' ').number(most->max_interval).raw(' ');
        if (auto const written = write_date_time(w, most->max_date_time); !written) w.refuse(written.error());
    }
    // 1*( SP ehlo-param ), whatever blanks they were read with.
    constexpr void words(std::string_view text) const noexcept {
        constexpr charset blank_or_word = charset(33, 126) + chars::wsp;
        if (std::size_t const bad = find_first<~blank_or_word>(text); bad != text.size())
            w.refuse(fail(chars::unsafe.contains(text[bad]) ? errc::unsafe_octet : errc::bad_value, bad));
        while (!text.empty())
            if (std::string_view const word = take_word(text); !word.empty()) w.raw(' ').raw(word);
    }
    constexpr void attributes(verb v, client_attributes all) const noexcept {
        for (unsigned i = 0; i < client_attribute_count; ++i) {
            auto const attribute = static_cast<client_attribute>(i);
            if (!all.has(attribute)) continue;
            if (!has_attribute(v, attribute)) w.refuse(fail(errc::bad_value, 0));
            w.raw(' ').raw(name(attribute));
        }
    }
};

}  // namespace detail

/// Reads a positive answer to EHLO or LHLO: ehlo-ok-rsp of RFC 5321 4.1.1.1. A client must not fail on what it does not
/// use: lines that are no ehlo-lines, unknown keywords and parameters that are not well formed are passed over (a keyword
/// counts as offered all the same, as in parse_capabilities). The old form "AUTH=PLAIN LOGIN" counts as AUTH. Under
/// rule::blanks_in_ehlo_answer there may be spaces and tabs around and between parameters. Borrows from the reply.
/// Errors: bad_reply_class if the reply is not 250.
constexpr result<ehlo_answer> parse_ehlo_answer(reply_view const& r, leniency tolerate = strict) noexcept {
    result<ehlo_answer> answer{detail::to_be_filled()};   // the one that is returned: a copy of it would cost 60 instructions
    if (r.code() != 250) {
        answer = fail(errc::bad_reply_class, 0);
        return answer;
    }
    ehlo_answer& a = *answer;
    auto first = [&a](std::string_view text) noexcept {
        capability const words = split_capability(text);
        a.domain = words.keyword;
        a.greet = words.parameters;
    };
    auto more = [&](extension e, std::string_view text, std::uint64_t blanks, bool old_form) noexcept {
        detail::carry(e, a, detail::ehlo_parameter_reader{detail::words_of(text, blanks, tolerate, a.tolerated), old_form});
    };
    detail::read_ehlo_lines<true>(a, r, tolerate, first, more, [](std::string_view) noexcept {});
    return answer;
}

namespace detail {
// Whether anything may follow a keyword.
struct ehlo_parameter_finder {
    bool& found;
    constexpr void auth(mechanisms const&, std::string_view) const noexcept { found = true; }
    constexpr void limits(server_limits const&) const noexcept { found = true; }
    constexpr void min_by_time(std::optional<std::uint32_t> const&) const noexcept { found = true; }
    constexpr void hold(std::optional<hold_limits> const&) const noexcept { found = true; }
    constexpr void words(std::string_view) const noexcept { found = true; }
    constexpr void attributes(verb, client_attributes const&) const noexcept { found = true; }
};
consteval extensions with_parameters() noexcept {
    extensions all;
    ehlo_answer const a{};
    for (unsigned i = 0; i < extension_count; ++i) {
        bool found = false;
        carry(static_cast<extension>(i), a, ehlo_parameter_finder{found});
        if (found) all |= static_cast<extension>(i);
    }
    return all;
}
/// write_ehlo_answer, for one whose domain was looked at before.
template <extensions Known = extensions::all()>
constexpr result<std::size_t> write_own_answer(writer& out, ehlo_answer const& a) noexcept {
    return write_ehlo_lines<Known, with_parameters()>(out, a.domain, a.greet, a, [&a](writer& w, extension e, std::size_t line) noexcept {
        carry<Known>(e, a, ehlo_parameter_writer{w});
        end_reply_line(w, line);
    });
}
}  // namespace detail

/// Writes an answer: one line for each extension, in the order of the enum, with the parameters that are typed above. What
/// is written can be read back to the same value, but that mechanisms of `auth` which `auth_text` lacks are added to it.
/// Errors: those of parse_host for `domain`; unsafe_octet; bad_value for a value out of its range, or for a text that is
/// not made of ehlo-params; reply_too_long for a line over 512 octets; output_full.
/// `Known`: the extensions that it may be about: what follows the keywords of others is not linked in, and not written.
template <extensions Known = extensions::all()>
constexpr result<std::size_t> write_ehlo_answer(writer& out, ehlo_answer const& a) noexcept {
    if (auto const parsed = parse_host(a.domain); !parsed) return parsed.error();
    return detail::write_own_answer<Known>(out, a);
}

}  // namespace ehlo
