// The parameters that a MAIL or RCPT is to be written with.
#pragma once

#include <ehlo/detail/parameter_list.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What write_mail adds after the path. Octets that travel as xtext may be given in plain: `.envid = ehlo::xtext("QQ 314")`.
struct mail_options {
    std::optional<std::uint64_t> size{};         ///< octets, RFC 1870
    std::optional<v0::body> body{};              ///< RFC 6152, RFC 3030
    bool smtputf8 = false;                       ///< RFC 6531
    std::string_view others{};                   ///< further parameters as text, separated by one SP
    std::optional<v0::ret> ret{};                ///< RFC 3461 4.3
    std::optional<xtext> envid{};                ///< RFC 3461 4.4
    std::optional<xtext> auth{};                 ///< a mailbox or "<>", RFC 4954 5
    std::optional<deliver_by> by{};              ///< RFC 2852
    std::optional<std::uint32_t> holdfor{};      ///< seconds, RFC 4865
    std::optional<date_time> holduntil{};        ///< RFC 4865
    std::optional<int> mt_priority{};            ///< -9 to 9, RFC 6710
    std::optional<tracking> mtrk{};              ///< RFC 3885
    std::optional<solicitations> solicit{};      ///< RFC 3865
    std::optional<xtext> submitter{};            ///< RFC 4405
    bool requiretls = false;                     ///< RFC 8689
    bool conperm = false;                        ///< RFC 4141
    bool prdr = false;                           ///< draft-hall-prdr-00
    std::optional<transaction_id> transid{};     ///< RFC 1845
    std::optional<xtext> alt_address{};          ///< RFC 5336 (obsolete)
};

/// What write_rcpt adds after the path.
struct rcpt_options {
    std::optional<v0::notify> notify{};          ///< RFC 3461 4.1
    std::optional<original_recipient> orcpt{};   ///< RFC 3461 4.2, RFC 6533 3
    std::optional<valid_since> rrvs{};           ///< RFC 7293
    bool conneg = false;                         ///< RFC 4141
    std::optional<xtext> alt_address{};          ///< RFC 5336 (obsolete)
    std::string_view others{};                   ///< further parameters as text, separated by one SP
};

namespace detail {

// Each parameter of MAIL, in the order in which they are written: its option, what reads it, and what writes its value if it has one.
template <class F>
EHLO_INLINE constexpr void each_parameter(mail_options const*, F&& f) noexcept {
    using given = mail_options;
    using read = mail_parameters;
    f(parameter_id::size, &given::size, &read::size, write_size);
    f(parameter_id::body, &given::body, &read::body, write_body);
    f(parameter_id::smtputf8, &given::smtputf8, &read::smtputf8);
    f(parameter_id::ret, &given::ret, &read::ret, write_ret);
    f(parameter_id::envid, &given::envid, &read::envid, write_envid);
    f(parameter_id::auth, &given::auth, &read::auth, write_auth_identity);
    f(parameter_id::by, &given::by, &read::by, write_by);
    f(parameter_id::holdfor, &given::holdfor, &read::holdfor, write_holdfor);
    f(parameter_id::holduntil, &given::holduntil, &read::holduntil, write_holduntil);
    f(parameter_id::mt_priority, &given::mt_priority, &read::mt_priority, write_mt_priority);
    f(parameter_id::mtrk, &given::mtrk, &read::mtrk, write_mtrk);
    f(parameter_id::solicit, &given::solicit, &read::solicit, write_solicit);
    f(parameter_id::submitter, &given::submitter, &read::submitter, write_submitter);
    f(parameter_id::requiretls, &given::requiretls, &read::requiretls);
    f(parameter_id::conperm, &given::conperm, &read::conperm);
    f(parameter_id::prdr, &given::prdr, &read::prdr);
    f(parameter_id::transid, &given::transid, &read::transid, write_transid);
    f(parameter_id::alt_address, &given::alt_address, &read::alt_address, write_alt_address);
}
// Likewise of RCPT.
template <class F>
EHLO_INLINE constexpr void each_parameter(rcpt_options const*, F&& f) noexcept {
    using given = rcpt_options;
    using read = rcpt_parameters;
    f(parameter_id::notify, &given::notify, &read::notify, write_notify);
    f(parameter_id::orcpt, &given::orcpt, &read::orcpt, write_orcpt);
    f(parameter_id::rrvs, &given::rrvs, &read::rrvs, write_rrvs);
    f(parameter_id::conneg, &given::conneg, &read::conneg);
    f(parameter_id::alt_address, &given::alt_address, &read::alt_address, write_alt_address);
}

template <class Options>
struct note_given {
    Options const& options;
    parameter_ids& ids;

    template <class Option, class... Rest>
    EHLO_INLINE constexpr void operator()(parameter_id id, Option Options::*option, Rest...) const noexcept {
        if (static_cast<bool>(options.*option)) ids |= id;
    }
};
template <class Options, class Parameters>
struct copy_option {
    Options& options;
    Parameters const& parameters;

    template <class Option, class Read, class... Write>
    EHLO_INLINE constexpr void operator()(parameter_id, Option Options::*option, Read read, Write...) const noexcept {
        options.*option = (parameters.*read)();
    }
};
template <class Options>
struct write_option {
    Options const& options;
    writer& w;
    syntax const& rules;

    template <class Read>
    EHLO_INLINE constexpr void operator()(parameter_id id, bool Options::*option, Read) const noexcept {
        if (options.*option) w.raw(' ').raw(name(id));
    }
    template <class T, class Read, class Value>
    EHLO_INLINE constexpr void operator()(parameter_id id, std::optional<T> Options::*option, Read,
                                          result<std::size_t> (*write)(writer&, Value) noexcept) const noexcept {
        if (options.*option) finish(begin(id) ? write(w, *(options.*option)) : w.error());
    }
    template <class T, class Read, class Value>
    EHLO_INLINE constexpr void operator()(parameter_id id, std::optional<T> Options::*option, Read,
                                          result<std::size_t> (*write)(writer&, Value, syntax const&) noexcept) const noexcept {
        if (options.*option) finish(begin(id) ? write(w, *(options.*option), rules) : w.error());
    }

  private:
    constexpr bool begin(parameter_id id) const noexcept { return w.raw(' ').raw(name(id)).raw('=').ok(); }
    constexpr void finish(result<std::size_t> const& written) const noexcept {
        if (!written) w.refuse(written.error());
    }
};

// No parameter of the table is left out above, and none is there twice.
template <class Options>
consteval bool covers_all(bool parameter_facts::*command) noexcept {
    parameter_ids ids;
    bool twice = false;
    auto note = [&](parameter_id id, auto...) noexcept {
        twice = twice || ids.has(id);
        ids |= id;
    };
    each_parameter(static_cast<Options const*>(nullptr), note);
    for (auto const& row : registered_parameters)
        if (ids.has(row.id) != row.*command) return false;
    return !twice;
}
static_assert(covers_all<mail_options>(&parameter_facts::mail) && covers_all<rcpt_options>(&parameter_facts::rcpt),
              "a parameter has no line in each_parameter");

template <class Options>
constexpr void put_parameters(writer& w, Options const& o, syntax rules) noexcept {
    if constexpr (std::is_same_v<Options, mail_options>) rules.smtputf8 = rules.smtputf8 || o.smtputf8;
    each_parameter(&o, write_option<Options>{o, w, rules});
    if (!o.others.empty()) w.raw(' ').text(o.others);
}

template <class Options, class Parameters>
constexpr Options make_options(Parameters const& p) noexcept {
    Options o;
    each_parameter(&o, copy_option<Options, Parameters>{o, p});
    return o;
}
template <class Options>
constexpr parameter_ids given_in(Options const& o) noexcept {
    parameter_ids ids;
    each_parameter(&o, note_given<Options>{o, ids});
    return ids;
}

}  // namespace detail

/// The registered parameters of a command that was parsed, to be passed on. `others` is empty. Borrows from the command.
[[nodiscard]] constexpr mail_options to_options(mail_parameters const& p) noexcept { return detail::make_options<mail_options>(p); }
[[nodiscard]] constexpr rcpt_options to_options(rcpt_parameters const& p) noexcept { return detail::make_options<rcpt_options>(p); }

/// The registered parameters that will be written. `others` is not looked at.
[[nodiscard]] constexpr parameter_ids given(mail_options const& o) noexcept { return detail::given_in(o); }
[[nodiscard]] constexpr parameter_ids given(rcpt_options const& o) noexcept { return detail::given_in(o); }

}  // namespace ehlo
