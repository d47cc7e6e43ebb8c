// Errors are values: what is wrong (errc), where (an offset), and whose fault it is (blame).
#pragma once

#include <ehlo/detail/names.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What can go wrong. The groups are the four kinds of blame; `blame_of(errc)` tells which.
enum class errc : std::uint8_t {
    // malformed: the octets are not SMTP
    empty_line,           ///< a command line with nothing on it
    unknown_verb,         ///< a verb that no RFC known to ehlo defines
    http_request,         ///< a web browser (or something that drives one) speaks to this port
    missing_argument,     ///< the command needs an argument
    unexpected_argument,  ///< the command takes no argument, or there is more after it
    expected_from,        ///< MAIL (SEND, SOML, SAML) is not followed by "FROM:"
    expected_to,          ///< RCPT is not followed by "TO:"
    expected_path,        ///< no "<" where a path begins
    unclosed_path,        ///< no ">" where a path ends
    null_path,            ///< "<>" where a recipient is needed
    bad_route,            ///< a source route is not "@domain,@domain:"
    bad_local_part,       ///< neither a dot-string nor a quoted string
    bad_quoted_string,    ///< an octet that may not stand between quotes, or no closing quote
    missing_domain,       ///< no "@" and domain after the local part
    bad_domain,           ///< not labels of letters, digits and inner hyphens, joined by dots
    bad_address_literal,  ///< "[...]" is no IPv4, IPv6 or general address literal
    bad_parameter,        ///< not keyword ["=" value]
    bad_parameter_value,  ///< the value does not fit this keyword
    unknown_attribute,    ///< no attribute of XCLIENT, or of XFORWARD
    duplicate_parameter,  ///< the same keyword twice
    conflicting_parameters, ///< parameters that exclude each other, or one without another that it needs
    non_ascii,            ///< an octet over 127 without SMTPUTF8
    bad_utf8,             ///< octets over 127 that are not UTF-8
    nul_octet,            ///< an octet 0
    bare_cr,              ///< CR that no LF follows
    bare_lf,              ///< LF that no CR precedes
    bad_number,           ///< not a decimal number
    bad_reply_code,       ///< a reply line does not begin with [2-5][0-9][0-9]
    bad_reply_separator,  ///< the octet after a reply code is neither SP nor "-"
    mixed_reply_codes,    ///< the lines of one reply carry different codes
    bad_status,           ///< not an enhanced status code, or of another class than its reply
    bad_base64,           ///< not canonical base64
    bad_xtext,            ///< not xtext, or a control hidden in it
    bad_date_time,        ///< not a date-time of RFC 3339, or no such day
    bad_mechanism,        ///< not the name of a SASL mechanism
    bad_sasl_message,     ///< decoded, but no message of its mechanism
    unexpected_initial_response, ///< AUTH with one, for a mechanism that begins with a challenge
    bad_url,              ///< not an absolute URI
    bad_proxy_header,     ///< not a PROXY header of version 1 or 2
    bad_checksum,         ///< the CRC32c in a PROXY header is not that of its octets
    // limit: well formed but too much
    line_too_long,
    local_part_too_long,
    domain_too_long,
    path_too_long,
    parameter_too_long,
    number_too_large,
    too_many_recipients,
    too_many_errors,
    message_too_large,
    reply_too_long,
    auth_line_too_long,   ///< a line of an AUTH exchange
    proxy_header_too_long, ///< version 1: over 107 octets; version 2: over the limit
    // sequence: well formed, not now
    bad_sequence,         ///< the table of states has no such command here
    not_implemented,      ///< the verb is known, this session does not do it
    not_authenticated,    ///< the service wants authentication first
    tls_required,         ///< the service wants TLS first
    mechanism_needs_tls,  ///< AUTH with a mechanism that sends a password in the clear, without TLS
    unknown_parameter,    ///< well formed, but this session does not offer it
    unexpected_reply,     ///< a reply that nobody asked for
    bad_reply_class,      ///< a reply of a class that the command cannot have
    session_over,         ///< the session is closed or broken
    unknown_mechanism,    ///< AUTH with a mechanism that this session does not offer
    auth_cancelled,       ///< the client gave up an AUTH exchange
    early_octets,         ///< octets that came before the reply, or the TLS handshake, they had to wait for
    // misuse: the calling program
    output_full,          ///< the buffer is too small; nothing was written
    unsafe_octet,         ///< CR, LF or NUL in an argument to be written; nothing was written
    bad_value,            ///< a value that has no spelling on the wire; nothing was written
    not_offered,          ///< the server did not offer this extension
    too_many_outstanding, ///< more commands under way than the client can keep account of
    end_has_begun,        ///< content after a part of its end was written
    missing_octets,       ///< fewer octets than were there before and are not consumed
};

/// Whose fault an error is: the peer's (`malformed`, `limit`, `sequence`) or the calling program's (`misuse`).
enum class blame : std::uint8_t { malformed, limit, sequence, misuse };

/// An error and its place: `at` is the offset of the first octet that cannot be right, in the text given to the
/// function that failed. An error at the end of the text has `at` == its size.
struct failure {
    errc code;
    std::uint32_t at;
    constexpr bool operator==(failure const&) const = default;
};

/// A failure at an offset of any width. One that does not fit is told as the last that does.
constexpr failure fail(errc code, std::size_t at) noexcept {
    constexpr std::uint32_t last = 0xFFFFFFFF;
    return {code, at < last ? static_cast<std::uint32_t>(at) : last};
}

struct errc_facts {
    errc code;
    blame whose;
    std::string_view name;
    std::string_view message;
};

/// One row for each errc, in their order.
inline constexpr errc_facts errc_table[] = {
    {errc::empty_line, blame::malformed, "empty_line", "the command line is empty"},
    {errc::unknown_verb, blame::malformed, "unknown_verb", "no such command"},
    {errc::http_request, blame::malformed, "http_request", "this is HTTP, not SMTP"},
    {errc::missing_argument, blame::malformed, "missing_argument", "an argument is missing"},
    {errc::unexpected_argument, blame::malformed, "unexpected_argument", "nothing may follow here"},
    {errc::expected_from, blame::malformed, "expected_from", "\"FROM:\" should stand here"},
    {errc::expected_to, blame::malformed, "expected_to", "\"TO:\" should stand here"},
    {errc::expected_path, blame::malformed, "expected_path", "\"<\" should begin a path here"},
    {errc::unclosed_path, blame::malformed, "unclosed_path", "\">\" should end the path here"},
    {errc::null_path, blame::malformed, "null_path", "\"<>\" is no recipient"},
    {errc::bad_route, blame::malformed, "bad_route", "a source route is @domain,@domain: and then the mailbox"},
    {errc::bad_local_part, blame::malformed, "bad_local_part", "this cannot stand in a local part"},
    {errc::bad_quoted_string, blame::malformed, "bad_quoted_string", "this cannot stand in a quoted string"},
    {errc::missing_domain, blame::malformed, "missing_domain", "\"@\" and a domain should follow the local part"},
    {errc::bad_domain, blame::malformed, "bad_domain", "this cannot stand in a domain"},
    {errc::bad_address_literal, blame::malformed, "bad_address_literal", "this cannot stand in an address literal"},
    {errc::bad_parameter, blame::malformed, "bad_parameter", "a parameter is keyword or keyword=value"},
    {errc::bad_parameter_value, blame::malformed, "bad_parameter_value", "the parameter cannot have this value"},
    {errc::unknown_attribute, blame::malformed, "unknown_attribute", "the command has no such attribute"},
    {errc::duplicate_parameter, blame::malformed, "duplicate_parameter", "the parameter was given before"},
    {errc::conflicting_parameters, blame::malformed, "conflicting_parameters", "the parameters do not go together"},
    {errc::non_ascii, blame::malformed, "non_ascii", "an octet outside ASCII needs SMTPUTF8"},
    {errc::bad_utf8, blame::malformed, "bad_utf8", "this is not UTF-8"},
    {errc::nul_octet, blame::malformed, "nul_octet", "a NUL octet"},
    {errc::bare_cr, blame::malformed, "bare_cr", "a CR without its LF"},
    {errc::bare_lf, blame::malformed, "bare_lf", "an LF without its CR"},
    {errc::bad_number, blame::malformed, "bad_number", "a decimal number should stand here"},
    {errc::bad_reply_code, blame::malformed, "bad_reply_code", "a reply code should stand here"},
    {errc::bad_reply_separator, blame::malformed, "bad_reply_separator", "a space or \"-\" should follow the code"},
    {errc::mixed_reply_codes, blame::malformed, "mixed_reply_codes", "the code differs from the first line's"},
    {errc::bad_status, blame::malformed, "bad_status", "not the enhanced status code of such a reply"},
    {errc::bad_base64, blame::malformed, "bad_base64", "not base64"},
    {errc::bad_xtext, blame::malformed, "bad_xtext", "not xtext"},
    {errc::bad_date_time, blame::malformed, "bad_date_time", "not a date and time"},
    {errc::bad_mechanism, blame::malformed, "bad_mechanism", "the name of a SASL mechanism should stand here"},
    {errc::bad_sasl_message, blame::malformed, "bad_sasl_message", "this cannot stand in a message of this mechanism"},
    {errc::unexpected_initial_response, blame::malformed, "unexpected_initial_response", "the mechanism begins with a challenge"},
    {errc::bad_url, blame::malformed, "bad_url", "a URL should stand here"},
    {errc::bad_proxy_header, blame::malformed, "bad_proxy_header", "this cannot stand in a PROXY header"},
    {errc::bad_checksum, blame::malformed, "bad_checksum", "the checksum is wrong"},
    {errc::line_too_long, blame::limit, "line_too_long", "the line is too long"},
    {errc::local_part_too_long, blame::limit, "local_part_too_long", "the local part is too long"},
    {errc::domain_too_long, blame::limit, "domain_too_long", "the domain is too long"},
    {errc::path_too_long, blame::limit, "path_too_long", "the path is too long"},
    {errc::parameter_too_long, blame::limit, "parameter_too_long", "the parameter is too long"},
    {errc::number_too_large, blame::limit, "number_too_large", "the number is too large"},
    {errc::too_many_recipients, blame::limit, "too_many_recipients", "too many recipients"},
    {errc::too_many_errors, blame::limit, "too_many_errors", "too many errors in one session"},
    {errc::message_too_large, blame::limit, "message_too_large", "the message is too large"},
    {errc::reply_too_long, blame::limit, "reply_too_long", "the reply is too long"},
    {errc::auth_line_too_long, blame::limit, "auth_line_too_long", "the line of the AUTH exchange is too long"},
    {errc::proxy_header_too_long, blame::limit, "proxy_header_too_long", "the PROXY header is too long"},
    {errc::bad_sequence, blame::sequence, "bad_sequence", "not in this state of the session"},
    {errc::not_implemented, blame::sequence, "not_implemented", "the command is not implemented here"},
    {errc::not_authenticated, blame::sequence, "not_authenticated", "authentication is needed first"},
    {errc::tls_required, blame::sequence, "tls_required", "STARTTLS is needed first"},
    {errc::mechanism_needs_tls, blame::sequence, "mechanism_needs_tls", "encryption required for requested authentication mechanism"},
    {errc::unknown_parameter, blame::sequence, "unknown_parameter", "the parameter is not offered here"},
    {errc::unexpected_reply, blame::sequence, "unexpected_reply", "nobody asked for this reply"},
    {errc::bad_reply_class, blame::sequence, "bad_reply_class", "the command cannot have such a reply"},
    {errc::session_over, blame::sequence, "session_over", "the session is over"},
    {errc::unknown_mechanism, blame::sequence, "unknown_mechanism", "the mechanism is not offered here"},
    {errc::auth_cancelled, blame::sequence, "auth_cancelled", "the client cancelled the AUTH exchange"},
    {errc::early_octets, blame::sequence, "early_octets", "octets came before they were due"},
    {errc::output_full, blame::misuse, "output_full", "the output buffer is too small"},
    {errc::unsafe_octet, blame::misuse, "unsafe_octet", "CR, LF or NUL cannot be written here"},
    {errc::bad_value, blame::misuse, "bad_value", "the value cannot be written"},
    {errc::not_offered, blame::misuse, "not_offered", "the server did not offer this"},
    {errc::too_many_outstanding, blame::misuse, "too_many_outstanding", "too many commands wait for their replies"},
    {errc::end_has_begun, blame::misuse, "end_has_begun", "the end of the content is being written"},
    {errc::missing_octets, blame::misuse, "missing_octets", "octets that were there before are missing"},
};

static_assert(detail::rows_for_all(errc_table, &errc_facts::code), "errc_table lacks a row, or a row is out of place");

/// The name of the enumerator: "bad_domain".
constexpr std::string_view name(errc code) noexcept { return errc_table[static_cast<unsigned>(code)].name; }
/// One line for people, without a final stop.
constexpr std::string_view message(errc code) noexcept { return errc_table[static_cast<unsigned>(code)].message; }
constexpr blame blame_of(errc code) noexcept { return errc_table[static_cast<unsigned>(code)].whose; }
constexpr std::string_view name(blame b) noexcept {
    constexpr std::string_view names[] = {"malformed", "limit", "sequence", "misuse"};
    static_assert(detail::names_all<blame>(names), "a kind of blame has no name");
    return names[static_cast<unsigned>(b)];
}

}  // namespace ehlo
