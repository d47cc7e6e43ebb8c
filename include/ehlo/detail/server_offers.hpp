// What a session of a server may use: extensions, mechanisms, verbs and parameters, by the policy, the handler and what is known.
#pragma once

#include <ehlo/handler.hpp>
#include <ehlo/parameters.hpp>
#include <ehlo/policy.hpp>
#include <ehlo/vocabulary.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace ehlo::inline v0::inline EHLO_TARGET {
namespace detail {

constexpr fact_set required_by(policy const& p) noexcept {
    fact_set required;
    if (p.require_tls) required |= fact::tls;
    if (p.require_authentication || p.service == service::submission) required |= fact::authenticated;
    return required;
}

template <class H>
constexpr extensions offers_of(policy const& p, bool tls) noexcept {
    extensions const all = p.offers & answerable<H>();
    return tls ? all : all - extension::require_tls;  // RFC 8689 2
}
template <class H>
constexpr mechanisms usable_mechanisms(policy const& p, bool tls, H const& handler) {
    mechanisms all;
    if constexpr (names_mechanisms<H>) all = handler.mechanisms();
    all = all - mechanism::unknown;
    return tls || p.clear_text_passwords ? all : all - clear_text_mechanisms;
}

/// The verbs that are read by visit_command: of those that may be offered the ones that need no function of the handler's, or have it.
template <class H, extensions Offers>
consteval set_of<verb> readable_verbs() {
    // See policy::mail_modes; and they are read as MAIL is.
    constexpr extensions can = answerable<H>() & (Offers | extension::send | extension::soml | extension::saml);
    set_of<verb> all;
    for (verb_facts const& row : verb_table)
        if (row.code != verb::bdat && (!row.of || can.has(*row.of))) all |= row.code;
    return all;
}

/// The parameters that a server reads: those of the extensions that its policy offers, and the two that cost nothing. Any other is to it one
/// that nobody knows.
template <extensions Offers>
struct offered_parameters {
    static constexpr parameter_ids always = parameter_id::size | parameter_ids(parameter_id::body) | parameter_id::smtputf8;
    static constexpr parameter_ids linked = parameters_of(Offers) | always;
    extensions offers;
    constexpr parameter_ids ids() const noexcept {
        if constexpr (Offers == server_extensions) return parameters_of(offers) | always;
        else return linked;
    }
};

/// LHLO is LMTP's, HELO and EHLO are not (RFC 2033 4.1): to the other service they are no commands at all.
constexpr bool speaks(policy const& p, verb v) noexcept {
    bool const lmtp = p.service == service::lmtp;
    return v == verb::lhlo ? lmtp : (v != verb::helo && v != verb::ehlo) || !lmtp;
}
/// RFC 5321 4.1.1.1: what a server does and need not do (4.5.1) is named in its answer to EHLO; HELP and EXPN, too, which a client
/// may say to any server.
struct keywords_of_verbs {
    std::optional<extension> of[verb_count] = {};
    constexpr keywords_of_verbs() noexcept {
        for (unsigned i = 0; i < verb_count; ++i) of[i] = verb_table[i].of;
        of[static_cast<unsigned>(verb::help)] = extension::help;
        of[static_cast<unsigned>(verb::expn)] = extension::expn;
    }
};
inline constexpr keywords_of_verbs named_as{};
constexpr bool does(policy const& p, extensions offered, verb v) noexcept {
    auto const of = named_as.of[static_cast<unsigned>(v)];
    if (!of || offered.has(*of)) return true;
    return p.mail_modes && verb_table[static_cast<unsigned>(v)].on == event::mail;
}

/// parameters_without, where there are none but the linked ones. A machine without vectors is likely to be a small one: it does without
/// the table.
template <parameter_ids Linked, std::size_t... I>
constexpr parameter_ids parameters_without(parameter_ids ids, extensions offered, std::index_sequence<I...>) noexcept {
    auto look = [&]<std::size_t Row>() noexcept {
        constexpr parameter_ids of = Linked & parameters_of(static_cast<extension>(Row));
        if constexpr (!of.empty())
            if (offered.has(static_cast<extension>(Row))) ids = ids - of;
    };
    (look.template operator()<I>(), ...);
    return ids;
}
template <parameter_ids Linked>
EHLO_INLINE constexpr parameter_ids parameters_without(parameter_ids ids, extensions offered) noexcept {
    if constexpr (EHLO_VECTOR || Linked == parameter_ids::all()) {
        // Most servers offer these, and most lines have no parameter of others.
        constexpr extensions usual = extension::size | extension::eight_bit_mime | extension::smtputf8;
        if ((usual - offered).empty()) [[likely]] ids = ids - parameters_of(usual);
        return parameters_without(ids, offered);
    }
    else return parameters_without<Linked>(ids, offered, std::make_index_sequence<extension_count>());
}

/// The offset in the line of the first parameter of which `is` says true.
template <class Is>
constexpr std::size_t place_of(char const* line, parameter_range const& all, Is&& is) noexcept {
    for (parameter const p : all)
        if (is(p)) return static_cast<std::size_t>(p.keyword.data() - line);
    return 0;
}
/// What is wrong with well-formed parameters: after HELO there may be none; one that is not on offer is answered as one that nobody
/// knows (RFC 5321 4.1.1.11); one of the handler's own (`List`) may be refused by its `parse`.
template <class List, parameter_ids Linked, class Session>
EHLO_NOINLINE constexpr std::optional<failure> find_refused(Session const& session, parameter_list const& p, parameter_ids refused, char const* line) noexcept {
    if (auto const why = session.check(event::parameter))
        return fail(*why, detail::place_of(line, p.all(), [](parameter const&) { return true; }));
    std::optional<failure> fault = List::find_fault(p);
    if (fault) fault->at += static_cast<std::uint32_t>(p.all().text().data() - line);
    std::size_t const at = detail::place_of(line, p.all(), [refused](parameter const& q) {
        auto const id = find_linked<Linked>(q.keyword);
        return id && refused.has(*id);
    });
    if (!refused.empty() && (!fault || at < fault->at)) fault = fail(errc::unknown_parameter, at);
    return fault;
}
template <class List, parameter_ids Linked = parameter_ids::all(), class Session>
EHLO_INLINE constexpr std::optional<failure> find_parameter_fault(Session const& session, extensions offered, parameter_list const& p, bool binary,
                                                                  char const* line) noexcept {
    if (p.all().text().empty()) return std::nullopt;
    parameter_ids refused = parameters_without<Linked>(p.present(), offered);
    if (binary && !offered.has(extension::binary_mime)) refused |= parameter_id::body;
    if (refused.empty() && !p.unknown_at() && session.is_in_order(event::parameter)) [[likely]] return std::nullopt;
    return find_refused<List, Linked>(session, p, refused, line);
}

/// The answer to an EHLO that is accepted, to those who have `offered`; `then`: the session as it is from then on.
template <class H, extensions Offers, class Session>
constexpr ehlo_answer make_ehlo_answer(policy const& p, extensions offered, std::string_view server_name, leniency tolerate, Session const& then, H const& handler) {
    ehlo_answer a{};
    a.domain = server_name;
    a.offered = offered;
    a.size = p.max_message;
    if constexpr (Offers.has(extension::auth)) {
        if (offered.has(extension::auth)) a.auth = detail::usable_mechanisms(p, then.knows(fact::tls), handler);
        if (a.auth == mechanisms() || then.check(event::auth)) a.offered = a.offered - extension::auth;
    }
    if (Offers.has(extension::starttls) && then.check(event::starttls)) a.offered = a.offered - extension::starttls;
    if (p.max_recipients <= 999999) a.limits.rcpt_max = p.max_recipients;
    // A handler that edits the answer sees all of it.
    constexpr bool proxied = Offers.has_any(extension::xclient | extension::xforward) || edits_ehlo_answer<H>;
    for (unsigned i = 0; proxied && i < client_attribute_count; ++i) {
        auto const attribute = static_cast<client_attribute>(i);
        if (is_dovecot(attribute) && !tolerate.has(rule::dovecot_xclient)) continue;
        if (has_attribute(verb::xclient, attribute)) a.xclient |= attribute;
        if (has_attribute(verb::xforward, attribute)) a.xforward |= attribute;
    }
    return a;
}

}  // namespace detail
}  // namespace ehlo
