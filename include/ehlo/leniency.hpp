// Leniency is a list of named rules. Strict RFC 5321 is the default; each tolerated departure is one bit.
#pragma once

#include <ehlo/detail/names.hpp>
#include <ehlo/detail/set.hpp>

#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// One departure from RFC 5321 that can be tolerated. No rule makes anything but CRLF "." CRLF end a message.
enum class rule : std::uint8_t {
    bare_lf_line,           ///< LF alone ends a command line
    space_after_colon,      ///< MAIL FROM: <a@b>
    missing_brackets,       ///< MAIL FROM:a@b
    missing_domain,         ///< <drozd>, a mailbox without a domain
    spaces_in_route,        ///< <@A, @B: c@d>
    ipv6_single_group,      ///< "::" for one group of zeros
    underscore_in_domain,   ///< <a@b_c.example>
    trailing_dot,           ///< <a@b.example.>
    loose_dots,             ///< <a..b@c>, <.a@c>, <a.@c>
    utf8_without_smtputf8,  ///< octets over 127, if UTF-8, where SMTPUTF8 was not asked for
    spaces_after_verb,      ///< HELO  usc.edu: more than one space between verb and argument
    text_after_hello,       ///< EHLO [192.0.2.1] a text: the habit of RFC 2821's days (RFC 5321 4.1.1.1)
    mixed_reply_codes,      ///< the lines of one reply carry different codes; the last one counts
    tab_after_colon,        ///< MAIL FROM: HTAB <a@b>: KumoMTA
    space_before_colon,     ///< MAIL FROM : <a@b>
    spaces_between_parameters,  ///< MAIL FROM:<a@b>  SIZE=1   BODY=7BIT: more than one space before a parameter
    lower_case_hexchar,     ///< ENVID=a+2b: xtext of RFC 3461 with lower-case digits
    auth_not_a_mailbox,     ///< AUTH=test, AUTH=<user>, at MAIL: KMail, E-MailRelay
    any_hello_name,         ///< EHLO my_pc.., EHLO [::1], HELO alone: whatever stands there is the name, nothing too
    blanks_in_ehlo_answer,  ///< "SIZE  1000 ", "PIPELINING" HTAB: spaces or tabs where one space, or none, should stand
    dovecot_xclient,        ///< XCLIENT SESSION=a TTL=5: attributes that Dovecot has and Postfix does not
    repeated_attribute,     ///< XCLIENT HELO=a HELO=b: an attribute twice; the last one counts
    empty_line_between_replies,  ///< CRLF alone before a reply: it is passed over
    bare_lf_reply,          ///< LF alone ends a line of a reply
    controls_in_reply,      ///< CR alone, or NUL, in a line of a reply: it is of the text
    odd_reply_separator,    ///< 250_ok, 250: ok: the line is the last one, as if a space stood there
    odd_reply_code,         ///< 950 ok, 150 ok: any three digits; what does not begin with 2 or 3 is a refusal
    wide_orcpt,             ///< ORCPT=rfc822;+C3+B6@a: octets over 127 where the type is not utf-8: Postfix 3.7
};

inline constexpr std::string_view rule_names[] = {
    "bare_lf_line",      "space_after_colon",  "missing_brackets",          "missing_domain",      "spaces_in_route",
    "ipv6_single_group", "underscore_in_domain", "trailing_dot",            "loose_dots",          "utf8_without_smtputf8",
    "spaces_after_verb", "text_after_hello",   "mixed_reply_codes",         "tab_after_colon",     "space_before_colon",
    "spaces_between_parameters", "lower_case_hexchar", "auth_not_a_mailbox", "any_hello_name",     "blanks_in_ehlo_answer",
    "dovecot_xclient",   "repeated_attribute", "empty_line_between_replies", "bare_lf_reply",     "controls_in_reply",
    "odd_reply_separator", "odd_reply_code",    "wide_orcpt"};
static_assert(detail::names_all<rule>(rule_names), "a rule has no name");
inline constexpr unsigned rule_count = sizeof rule_names / sizeof *rule_names;
constexpr std::string_view name(rule r) noexcept { return rule_names[static_cast<unsigned>(r)]; }

/// A set of rules: those a caller allows, or those a parse made use of. Structural, so it can be a template argument.
using leniency = set_of<rule, rule_count>;
constexpr leniency operator|(rule a, rule b) noexcept { return leniency(a) | leniency(b); }

inline constexpr leniency strict{};

/// The departures that lie in how a thing is spelt: writers spell it right, and a thing is the same without them. The others lie in
/// what is said, so what was read under one of them can only be read again under it.
inline constexpr leniency of_spelling = rule::bare_lf_line | rule::space_after_colon | rule::missing_brackets | rule::spaces_in_route |
                                        rule::spaces_after_verb | rule::text_after_hello | rule::mixed_reply_codes | rule::tab_after_colon |
                                        rule::space_before_colon | rule::spaces_between_parameters | rule::lower_case_hexchar |
                                        rule::blanks_in_ehlo_answer | rule::empty_line_between_replies | rule::bare_lf_reply |
                                        rule::odd_reply_separator;

}  // namespace ehlo
