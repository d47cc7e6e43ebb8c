// Opt-in: ehlo's names, values and errors for std::ostream, for std::format where the standard library has it, and as std::string.
//
//   std::cerr << mail->from << ": " << refusal << '\n';           // <ann@client.example>: bad_domain at 12
//   log(std::format("{} -> {}", command, reply));                 // AUTH PLAIN *** -> 235 2.7.0 Authenticated
//   std::string const where = ehlo::to_string(server);            // rcpt {extended, tls}
//
// What is printed stays on one line: controls are shown as \xHH. What may be a secret (AUTH) is never printed, and SASL messages,
// challenges and transcripts have no printed form at all.
#pragma once

#include <ehlo/ehlo.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <version>
#if defined(__cpp_lib_format)
#include <format>
#endif

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace detail {

// The enums whose names nothing but this header needs.
template <class Enum>
struct spelling {};
template <>
struct spelling<path_kind> { static constexpr std::string_view names[] = {"null", "postmaster", "mailbox"}; };
template <>
struct spelling<path_role> { static constexpr std::string_view names[] = {"reverse", "forward", "any"}; };
template <>
struct spelling<service> { static constexpr std::string_view names[] = {"smtp", "submission", "lmtp"}; };
template <>
struct spelling<bare_octets> { static constexpr std::string_view names[] = {"reject", "normalize", "pass"}; };
template <>
struct spelling<early_octets> { static constexpr std::string_view names[] = {"accept", "reject"}; };
template <>
struct spelling<tls_use> { static constexpr std::string_view names[] = {"optional", "if_offered", "required"}; };
template <>
struct spelling<by_mode> { static constexpr std::string_view names[] = {"notify", "give_back"}; };
template <>
struct spelling<no_support_action> { static constexpr std::string_view names[] = {"reject", "proceed"}; };
template <>
struct spelling<etrn_option> { static constexpr std::string_view names[] = {"node", "subdomains", "queue"}; };
template <>
struct spelling<sasl::login_prompt> { static constexpr std::string_view names[] = {"unknown", "user_name", "password"}; };
template <>
struct spelling<answer> { static constexpr std::string_view names[] = {"done", "more", "refused"}; };
template <>
struct spelling<change> { static constexpr std::string_view names[] = {"none", "begun", "added", "dropped", "delivered"}; };
template <>
struct spelling<sight> { static constexpr std::string_view names[] = {"both", "client_only", "server_only"}; };
template <>
struct spelling<awaits> { static constexpr std::string_view names[] = {"octets", "reply", "client_octets"}; };
template <>
struct spelling<end_of_content::subject> {
    static constexpr std::string_view names[] = {"message", "message_or_each", "recipient", "message_after_each"};
};

template <class Enum>
concept spelled = std::is_enum_v<Enum> && requires { spelling<Enum>::names; };
template <spelled Enum>
constexpr std::string_view spell(Enum e) noexcept {
    static_assert(names_all<Enum>(spelling<Enum>::names), "an enumerator has no name");
    return spelling<Enum>::names[static_cast<unsigned>(e)];
}
constexpr std::string_view spell(reply_class c) noexcept {
    switch (c) {
    case reply_class::completion: return "completion";
    case reply_class::intermediate: return "intermediate";
    case reply_class::transient: return "transient";
    case reply_class::permanent: return "permanent";
    }
    return "none";
}

}  // namespace detail

/// Enums with a name: errc, verb, state, event, rule, extension, parameter_id, path_kind ...
template <class T>
concept named = std::is_enum_v<T> && (requires(T t) { { name(t) } -> std::same_as<std::string_view>; } || requires(T t) { detail::spell(t); });

namespace detail {

template <named T>
constexpr std::string_view name_of(T value) noexcept {
    std::string_view text;
    if constexpr (requires { name(value); }) text = name(value);
    else text = spell(value);
    return text.empty() ? "unknown" : text;
}

/// Puts a text together. It is the first argument of all that print.
struct printer {
    std::string text{};

    printer& raw(std::string_view octets) {
        text += octets;
        return *this;
    }
    printer& number(std::uint64_t n) { return raw(std::to_string(n)); }
    /// Octets of others: what could end the line, or move about on a terminal, is shown as \xHH.
    printer& octets(std::string_view all) {
        constexpr std::string_view digits = "0123456789ABCDEF";
        for (char const c : all) {
            auto const octet = static_cast<unsigned char>(c);
            if (octet >= 32 && octet != 127) text += c;
            else (text += "\\x") += {digits[octet >> 4], digits[octet & 15]};
        }
        return *this;
    }
    template <std::size_t Room = 64, class Write>
    printer& written(Write write) {
        char room[Room];
        writer w(room, Room);
        if (write(w)) raw(w.text());
        return *this;
    }
    template <class Enum, class Set>
    printer& set(Set const& all) {
        raw("{");
        bool first = true;
        for (unsigned i = 0; i < 8 * sizeof all.bits; ++i) {
            if (!all.has(static_cast<Enum>(i))) continue;
            raw(first ? "" : ", ").raw(name_of(static_cast<Enum>(i)));
            first = false;
        }
        return raw("}");
    }
    printer& parameters(parameter_range const& all) {
        for (parameter const p : all) print(*this, (raw(" "), p));
        return *this;
    }
    /// A line of a client, of which what begins at `secret` is not shown.
    printer& line(std::string_view all, std::size_t secret) {
        octets(sub(all, 0, secret));
        return secret < all.size() ? raw(text.empty() || text.back() == ' ' ? "***" : " ***") : *this;
    }

    friend void print(printer& p, parameter const& one) {
        p.octets(one.keyword);
        if (one.value) p.raw("=").octets(*one.value);
    }
};

template <named T>
void print(printer& p, T value) { p.raw(name_of(value)); }
inline void print(printer& p, failure const& f) { p.raw(name(f.code)).raw(" at ").number(f.at); }
inline void print(printer& p, status const& s) { p.number(s.class_digit).raw(".").number(s.subject).raw(".").number(s.detail); }

template <named Enum>
void print(printer& p, set_of<Enum> const& all) { p.set<Enum>(all); }
inline void print(printer& p, leniency const& all) { p.set<rule>(all); }
inline void print(printer& p, extensions const& all) { p.set<extension>(all); }
inline void print(printer& p, mechanisms const& all) { p.set<mechanism>(all); }
inline void print(printer& p, client_attributes const& all) { p.set<client_attribute>(all); }

inline void print(printer& p, host const& h) { p.octets(h.text); }
inline void print(printer& p, ip_address const& a) { p.written([&a](writer& w) { return write_ip_address(w, a); }); }
inline void print(printer& p, date_time const& t) { p.written([&t](writer& w) { return write_date_time(w, t); }); }
inline void print(printer& p, mailbox const& box) {
    p.octets(box.local_part);
    if (!box.domain.text.empty()) p.raw("@").octets(box.domain.text);
}
/// With its brackets and its route, whether they stood there or not.
inline void print(printer& p, path const& where) {
    bool const brackets = where.text().starts_with('<');
    p.raw(brackets ? "" : "<").octets(where.text()).raw(brackets ? "" : ">");
}

/// On one line: its lines, if it has more than one, with " / " between them.
inline void print(printer& p, reply_view const& r) {
    p.number(r.code());
    std::string_view between = " ";
    for (std::string_view const line : r.lines()) p.raw(between).octets(line), between = " / ";
}
inline void print(printer& p, reply const& r) {
    if (r.is_later()) return void(p.raw("later"));
    p.number(r.code);
    if (r.enhanced) print(p.raw(" "), r.enhanced);
    if (!r.text.empty()) p.raw(" ").octets(r.text);
}

inline void print(printer& p, capability const& c) {
    p.octets(c.keyword);
    if (!c.parameters.empty()) p.raw(" ").octets(c.parameters);
}
inline void print(printer& p, capabilities const& c) {
    print(p, c.offered);
    if (c.size) p.raw(" SIZE ").number(*c.size);
}
inline void print(printer& p, ehlo_answer const& a) {
    print(p.octets(a.domain).raw(" "), a.offered);
    if (a.size) p.raw(" SIZE ").number(*a.size);
    if (!a.auth_text.empty()) p.raw(" AUTH ").octets(a.auth_text);
}

inline void print(printer& p, command_line const& c) {
    p.octets(c.name);
    if (c.arguments.empty()) return;
    // A word that was to be AUTH may be followed by a password all the same.
    if (c.verb == verb::auth || istarts_with(c.name, "AUTH")) p.raw(" ***");
    else p.raw(" ").octets(c.arguments);
}
inline void print(printer& p, cmd::hello const& c) { print(p.raw(name(c.verb)).raw(" "), c.name); }
inline void print(printer& p, cmd::mail const& c) {
    print(p.raw(name(c.verb)).raw(" FROM:"), c.from);
    p.parameters(c.parameters.all());
}
inline void print(printer& p, cmd::rcpt const& c) {
    print(p.raw("RCPT TO:"), c.to);
    p.parameters(c.parameters.all());
}
inline void print(printer& p, cmd::vrfy const& c) {
    p.raw(name(c.verb)).raw(" ").octets(c.string).raw(c.smtputf8 ? " SMTPUTF8" : "").raw(c.utf8reply ? " UTF8REPLY" : "");
}
inline void print(printer& p, cmd::noop const& c) { p.raw(name(c.verb)).raw(c.argument.empty() ? "" : " ").octets(c.argument); }
template <verb V>
void print(printer& p, cmd::no_argument<V> const&) { p.raw(name(V)); }
inline void print(printer& p, cmd::auth const& c) { p.raw("AUTH ").octets(c.name).raw(c.initial_response ? " ***" : ""); }
inline void print(printer& p, cmd::bdat const& c) { p.raw("BDAT ").number(c.size).raw(c.last ? " LAST" : ""); }
inline void print(printer& p, cmd::burl const& c) { p.raw("BURL ").octets(c.url).raw(c.last ? " LAST" : ""); }
inline void print(printer& p, cmd::etrn const& c) {
    p.raw("ETRN ").raw(c.option == etrn_option::queue ? "#" : c.option == etrn_option::subdomains ? "@" : "").octets(c.node);
}
inline void print(printer& p, cmd::atrn const& c) { p.raw("ATRN").raw(c.domains.empty() ? "" : " ").octets(c.domains); }
inline void print(printer& p, cmd::xclient const& c) { p.raw(name(c.verb)).parameters(c.attributes); }
inline void print(printer& p, auth_response const& r) { p.raw(r.cancelled ? "*" : "***"); }

/// What a server answered, as a line of a log: "MAIL FROM:<a@b> -> 250 2.1.0 Sender OK".
inline void print(printer& p, answered const& a) {
    if (a.line.empty()) p.raw(name(a.event));
    else p.line(a.line, a.secret);
    print(p.raw(" -> "), a.sent);
    if (a.fault) print(p.raw(" ("), *a.fault), p.raw(")");
}
inline void print(printer& p, seen::command const& c) {
    if (c.line.empty()) p.raw(c.event ? name(*c.event) : std::string_view("a line"));
    else p.line(c.line, c.secret);
    if (c.fault) print(p.raw(" ("), *c.fault), p.raw(")");
}
inline void print(printer& p, seen::response const&) { p.raw("***"); }
inline void print(printer& p, seen::reply const& r) { print(p, r.said); }
/// "smuggled_end lf_dot_crlf at 512 of the client"
inline void print(printer& p, seen::departed const& d) {
    p.raw(name(d.what));
    if (d.why) p.raw(" ").raw(name(*d.why));
    if (d.line != dot_line{}) p.raw(" ").raw(name(d.line));
    if (!d.rules.empty()) print(p.raw(" "), d.rules);
    p.raw(" at ").number(d.at).raw(" of the ").raw(name(d.from));
}
/// "delivered 250, 1 of 2 recipients, 512 octets"
inline void print(printer& p, seen::transaction const& t) {
    p.raw(name(t.outcome));
    if (t.code != 0) p.raw(" ").number(t.code);
    p.raw(", ").number(t.accepted).raw(" of ").number(t.recipients).raw(t.recipients == 1 ? " recipient" : " recipients");
    if (t.octets) p.raw(", ").number(*t.octets).raw(" octets");
}

inline void print(printer& p, proxy_header const& h) {
    p.raw("PROXY ").raw(h.local ? "LOCAL" : name(h.family));
    if (!h.tells()) return;
    if (h.family == proxy_family::unix_socket) return void(p.raw(" ").octets(h.source_path).raw(" to ").octets(h.destination_path));
    print(p.raw(" "), h.source);
    print(p.raw(" ").number(h.source_port).raw(" to "), h.destination);
    p.raw(" ").number(h.destination_port);
}

/// Sessions, servers, clients: where they are, and what is known.
template <class T>
    requires requires(T const& t) {
        { t.where() } noexcept -> std::same_as<state>;
        { t.knows(fact::tls) } noexcept -> std::same_as<bool>;
    }
void print(printer& p, T const& session) {
    fact_set known;
    for (unsigned i = 0; i < fact_count; ++i)
        if (session.knows(static_cast<fact>(i))) known |= static_cast<fact>(i);
    print(p, session.where());
    if (!known.empty()) print(p.raw(" "), known);
}

// Nothing is printed by way of a conversion: a literal is no reply here, and an enumerator no set.
template <class T>
concept printed_value = std::is_class_v<T> && !std::is_convertible_v<T const&, std::string_view> && requires(printer& p, T const& value) { print(p, value); };

template <class T>
void print(printer& p, result<T> const& r)
    requires(named<T> || printed_value<T>)
{
    if (r) print(p, *r);
    else print(p, r.error());
}
template <class T>
void print(printer& p, progress<T> const& r)
    requires(named<T> || printed_value<T>)
{
    if (r.ready()) print(p, *r);
    else if (r.failed()) print(p, r.error());
    else p.raw("more is needed");
}

}  // namespace detail

/// What operator<<, std::format and to_string take.
template <class T>
concept printable = named<T> || detail::printed_value<T>;

template <printable T>
std::string to_string(T const& value) {
    detail::printer p;
    print(p, value);
    return std::move(p.text);
}
template <printable T>
std::ostream& operator<<(std::ostream& out, T const& value) {
    if constexpr (named<T>) return out << detail::name_of(value);
    else return out << to_string(value);
}
// Where it is looked for.
namespace cmd { using v0::operator<<; }
namespace seen { using v0::operator<<; }
namespace sasl { using v0::operator<<; }

}  // namespace ehlo

#if defined(__cpp_lib_format)
/// With the width and the fill of a text.
template <ehlo::printable T>
struct std::formatter<T> : std::formatter<std::string_view> {
    auto format(T const& value, auto& context) const {
        if constexpr (ehlo::named<T>) return std::formatter<std::string_view>::format(ehlo::detail::name_of(value), context);
        else return std::formatter<std::string_view>::format(ehlo::to_string(value), context);
    }
};
#endif
