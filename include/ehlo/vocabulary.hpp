// Which event, extension and service each verb belongs to, and how a user adds verbs of his own.
#pragma once

#include <ehlo/capabilities.hpp>
#include <ehlo/session.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What a verb means to a session.
struct verb_facts {
    verb code;
    event on;
    /// The extension that brings it. Nothing for what every server has.
    std::optional<extension> of{};
};
/// One row for each verb, in the order of the enum. `on` of `unknown` means nothing. BDAT and BURL have events of their own for
/// LAST, see last_of.
inline constexpr verb_facts verb_table[verb_count] = {
    {verb::unknown, event::noop},
    {verb::helo, event::helo},
    {verb::ehlo, event::hello},
    {verb::mail, event::mail},
    {verb::rcpt, event::rcpt},
    {verb::data, event::data},
    {verb::rset, event::rset},
    {verb::noop, event::noop},
    {verb::quit, event::quit},
    {verb::vrfy, event::vrfy},
    {verb::expn, event::expn},
    {verb::help, event::help},
    {verb::send, event::mail, extension::send},
    {verb::soml, event::mail, extension::soml},
    {verb::saml, event::mail, extension::saml},
    {verb::turn, event::turn, extension::turn},
    {verb::lhlo, event::hello},
    {verb::starttls, event::starttls, extension::starttls},
    {verb::auth, event::auth, extension::auth},
    {verb::bdat, event::bdat, extension::chunking},
    {verb::burl, event::burl, extension::burl},
    {verb::etrn, event::etrn, extension::etrn},
    {verb::atrn, event::atrn, extension::atrn},
    {verb::xclient, event::xclient, extension::xclient},
    {verb::xforward, event::xforward, extension::xforward},
    {verb::verbose, event::verbose, extension::verbose},
    {verb::onex, event::onex, extension::onex},
};
namespace detail {
consteval bool verb_table_is_in_order() {
    for (unsigned i = 0; i < verb_count; ++i)
        if (static_cast<unsigned>(verb_table[i].code) != i) return false;
    return true;
}
static_assert(verb_table_is_in_order(), "verb_table lacks a row, or a row is out of place");
}  // namespace detail

/// The event that a verb stands for; nothing for `unknown`.
constexpr std::optional<event> event_of(verb v) noexcept {
    return v == verb::unknown ? std::nullopt : std::optional(verb_table[static_cast<unsigned>(v)].on);
}
/// The extension that brings a verb; nothing for what every server has.
constexpr std::optional<extension> extension_of(verb v) noexcept { return verb_table[static_cast<unsigned>(v)].of; }

}  // namespace ehlo
