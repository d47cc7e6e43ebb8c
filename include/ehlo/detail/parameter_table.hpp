// The registered ESMTP parameters: one table of them. RFC 1870 and others, see the table.
#pragma once

#include <ehlo/detail/keywords.hpp>
#include <ehlo/detail/names.hpp>
#include <ehlo/detail/set.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// The parameters that an RFC gives to MAIL, RCPT, VRFY or EXPN, and PRDR, in the order of the table.
enum class parameter_id : std::uint8_t {
    size, body, smtputf8, ret, envid, auth, by, holdfor, holduntil, mt_priority, mtrk, solicit, submitter, requiretls, conperm,
    prdr, transid, notify, orcpt, rrvs, conneg, alt_address, utf8reply,
};

struct parameter_facts {
    parameter_id id;
    std::string_view keyword;
    bool mail, rcpt, vrfy;           ///< the commands that take it; vrfy: EXPN, too
    bool has_value;                  ///< "=" and a value are required; otherwise they are forbidden
    std::uint16_t max_length;        ///< octets of the value; more are parameter_too_long
    std::uint16_t increment;         ///< octets that the parameter adds to the longest line of its command, SP included
    std::string_view extension;      ///< the EHLO keyword that offers it ...
    std::string_view also;           ///< ... or this one
    std::string_view rfc;
};

/// One row for each parameter_id, in their order. Lengths and increments are those of the RFCs, except where they give none:
/// BODY by BINARYMIME's; SUBMITTER by the longest mailbox, 320 octets, all encoded; CONPERM, PRDR, CONNEG and UTF8REPLY by their
/// letters. ENVID, ORCPT: RFC 3885 2 counts 100 and 500 for the values, RFC 3461 5.4 for the whole; the greater is allowed.
/// NOTIFY, RET: RFC 3461 5.4, with the SP. HOLDFOR and HOLDUNTIL share one increment: only one of them may be given.
inline constexpr parameter_facts registered_parameters[] = {
    {parameter_id::size, "SIZE", true, false, false, true, 20, 26, "SIZE", {}, "RFC 1870 3"},
    {parameter_id::body, "BODY", true, false, false, true, 10, 16, "8BITMIME", "BINARYMIME", "RFC 6152 2, RFC 3030 3"},
    {parameter_id::smtputf8, "SMTPUTF8", true, false, true, false, 0, 10, "SMTPUTF8", {}, "RFC 6531 3.1, 3.4"},
    {parameter_id::ret, "RET", true, false, false, true, 4, 9, "DSN", {}, "RFC 3461 4.3"},
    {parameter_id::envid, "ENVID", true, false, false, true, 100, 107, "DSN", "MTRK", "RFC 3461 4.4, RFC 3885 3.2"},
    {parameter_id::auth, "AUTH", true, false, false, true, 500, 500, "AUTH", {}, "RFC 4954 5"},
    {parameter_id::by, "BY", true, false, false, true, 13, 17, "DELIVERBY", {}, "RFC 2852 4"},
    {parameter_id::holdfor, "HOLDFOR", true, false, false, true, 9, 0, "FUTURERELEASE", {}, "RFC 4865 3"},
    {parameter_id::holduntil, "HOLDUNTIL", true, false, false, true, 23, 34, "FUTURERELEASE", {}, "RFC 4865 3"},
    {parameter_id::mt_priority, "MT-PRIORITY", true, false, false, true, 2, 15, "MT-PRIORITY", {}, "RFC 6710 3"},
    {parameter_id::mtrk, "MTRK", true, false, false, true, 37, 40, "MTRK", {}, "RFC 3885 3.1"},
    {parameter_id::solicit, "SOLICIT", true, false, false, true, 1000, 1007, "NO-SOLICITING", {}, "RFC 3865 2.3"},
    {parameter_id::submitter, "SUBMITTER", true, false, false, true, 960, 971, "SUBMITTER", {}, "RFC 4405 4"},
    {parameter_id::requiretls, "REQUIRETLS", true, false, false, false, 0, 11, "REQUIRETLS", {}, "RFC 8689 2"},
    {parameter_id::conperm, "CONPERM", true, false, false, false, 0, 8, "CONPERM", {}, "RFC 4141 4.2"},
    {parameter_id::prdr, "PRDR", true, false, false, false, 0, 5, "PRDR", {}, "draft-hall-prdr-00"},
    {parameter_id::transid, "TRANSID", true, false, false, true, 80, 88, "CHECKPOINT", {}, "RFC 1845 2"},
    {parameter_id::notify, "NOTIFY", false, true, false, true, 28, 29, "DSN", {}, "RFC 3461 4.1"},
    {parameter_id::orcpt, "ORCPT", false, true, false, true, 500, 507, "DSN", "MTRK", "RFC 3461 4.2, RFC 6533 3"},
    {parameter_id::rrvs, "RRVS", false, true, false, true, 27, 33, "RRVS", {}, "RFC 7293 3.1"},
    {parameter_id::conneg, "CONNEG", false, true, false, false, 0, 7, "CONNEG", {}, "RFC 4141 5.2"},
    {parameter_id::alt_address, "ALT-ADDRESS", true, true, false, true, 447, 460, "UTF8SMTP", {}, "RFC 5336 3.4"},
    {parameter_id::utf8reply, "UTF8REPLY", false, false, true, false, 0, 10, "UTF8SMTP", {}, "RFC 5336 3.7.4.2"},
};
static_assert(detail::rows_for_all(registered_parameters, &parameter_facts::id), "a parameter has no row, or a row is out of place");
inline constexpr unsigned parameter_count = sizeof registered_parameters / sizeof *registered_parameters;
constexpr parameter_facts const& facts(parameter_id id) noexcept { return registered_parameters[static_cast<unsigned>(id)]; }

namespace detail {
// The columns that are looked up at run time: the others are not linked in where nobody asks for them.
template <class>
struct parameter_columns;
template <std::size_t... I>
struct parameter_columns<std::index_sequence<I...>> {
    static constexpr std::string_view keywords[sizeof...(I)] = {registered_parameters[I].keyword...};
    static constexpr std::uint16_t max_lengths[sizeof...(I)] = {registered_parameters[I].max_length...};
};
using parameter_column = parameter_columns<std::make_index_sequence<parameter_count>>;
constexpr std::size_t max_length(parameter_id id) noexcept { return parameter_column::max_lengths[static_cast<unsigned>(id)]; }
}  // namespace detail
constexpr std::string_view name(parameter_id id) noexcept { return detail::parameter_column::keywords[static_cast<unsigned>(id)]; }

/// The registered parameter with this keyword, in whatever case (RFC 5321 2.4).
[[nodiscard]] constexpr std::optional<parameter_id> find_parameter(std::string_view keyword) noexcept {
    unsigned const i = detail::find_row<detail::parameter_column::keywords>(keyword);
    return i == parameter_count ? std::nullopt : std::optional(static_cast<parameter_id>(i));
}

/// A set of registered parameters. Structural.
using parameter_ids = set_of<parameter_id, parameter_count>;

namespace detail {
constexpr parameter_ids parameters_with(bool parameter_facts::*column) noexcept {
    parameter_ids ids;
    for (auto const& row : registered_parameters)
        if (row.*column) ids |= row.id;
    return ids;
}
inline constexpr parameter_ids mail_ids = parameters_with(&parameter_facts::mail), rcpt_ids = parameters_with(&parameter_facts::rcpt),
                               ids_with_value = parameters_with(&parameter_facts::has_value);
}  // namespace detail

/// The octets by which parameters lengthen the command line of 512 octets (RFC 5321 4.5.3.1.4; RFC 1869 4.1.2: the sum).
[[nodiscard]] constexpr std::size_t line_increment(parameter_ids ids) noexcept {
    std::size_t sum = 0;
    for (auto const& row : registered_parameters)
        if (ids.has(row.id)) sum += row.increment;
    // HOLDFOR alone counts as much as the two.
    return ids.has(parameter_id::holdfor) && !ids.has(parameter_id::holduntil) ? sum + facts(parameter_id::holduntil).increment : sum;
}

namespace detail {
/// The parameters whose values are read; to all others a reader says what it says to words that nobody registered. Of those that are
/// not `Linked` it holds no parser.
template <parameter_ids Linked = parameter_ids::all()>
struct known_parameters {
    static constexpr parameter_ids linked = Linked;
    static constexpr parameter_ids ids() noexcept { return Linked; }
};

/// The parameter with this keyword, of those that are linked. A machine without vectors is likely to be a small one: where it knows a
/// few of them, it has the keywords of no others.
template <parameter_ids Linked, std::size_t... I>
constexpr std::optional<parameter_id> find_linked(std::string_view keyword, std::index_sequence<I...>) noexcept {
    std::optional<parameter_id> found;
    auto look = [&]<std::size_t Row>() noexcept {
        if constexpr (Linked.has(registered_parameters[Row].id))
            if (constexpr std::string_view name = registered_parameters[Row].keyword; spells(name, keyword)) found = registered_parameters[Row].id;
    };
    (look.template operator()<I>(), ...);
    return found;
}
template <parameter_ids Linked>
constexpr std::optional<parameter_id> find_linked(std::string_view keyword) noexcept {
    if constexpr (EHLO_VECTOR || Linked == parameter_ids::all()) return find_parameter(keyword);
    else return find_linked<Linked>(keyword, std::make_index_sequence<parameter_count>());
}
}  // namespace detail

}  // namespace ehlo
