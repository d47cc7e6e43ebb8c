// ESMTP parameters of MAIL and RCPT, parsed and written. RFC 5321 4.1.2 and 4.1.1.11.
#pragma once

#include <ehlo/detail/parameter_reader.hpp>
#include <ehlo/detail/parameter_options.hpp>

#include <cstddef>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// Mail-parameters = esmtp-param *(SP esmtp-param), the whole of `text` (which may be empty: no parameters).
/// Borrows from `text`. Unknown keywords are well formed: see `unknown_at`. Errors: bad_parameter; duplicate_parameter at the
/// second keyword; those of the values (bad_parameter_value, bad_xtext, bad_date_time, parameter_too_long); number_too_large
/// (SIZE); conflicting_parameters; non_ascii, bad_utf8. Conflicts are HOLDFOR with HOLDUNTIL, HOLDFOR beyond BY, and MTRK
/// without an ENVID that has an "@"; they are looked for when all else is right. line_too_long from 4 GiB on.
constexpr result<mail_parameters> parse_mail_parameters(std::string_view text EHLO_LIFETIMEBOUND,
                                                        syntax const& rules = strict_syntax) noexcept {
    detail::cursor c{text, rules};
    mail_parameters m;
    if (!parameter_access::scan(c, m)) return c.error;
    return m;
}
template <detail::temporary Text>
result<mail_parameters> parse_mail_parameters(Text&&, syntax const& = strict_syntax) = delete;

/// Rcpt-parameters = esmtp-param *(SP esmtp-param); otherwise as parse_mail_parameters.
constexpr result<rcpt_parameters> parse_rcpt_parameters(std::string_view text EHLO_LIFETIMEBOUND,
                                                        syntax const& rules = strict_syntax) noexcept {
    detail::cursor c{text, rules};
    rcpt_parameters r;
    if (!parameter_access::scan(c, r)) return c.error;
    return r;
}
template <detail::temporary Text>
result<rcpt_parameters> parse_rcpt_parameters(Text&&, syntax const& = strict_syntax) = delete;

namespace detail {
constexpr auto read_back(mail_options const& o, std::string_view text, syntax& exact) noexcept {
    exact.smtputf8 = exact.smtputf8 || o.smtputf8;
    return parse_mail_parameters(text, exact);
}
constexpr auto read_back(rcpt_options const&, std::string_view text, syntax& exact) noexcept { return parse_rcpt_parameters(text, exact); }
template <class Options>
constexpr result<std::size_t> write_parameters(writer& out, Options const& o, syntax const& rules) noexcept {
    return out.atomically([&](writer& w) {
        std::size_t const before = w.size();
        put_parameters(w, o, rules);
        if (!w.ok() || w.size() == before) return;
        syntax exact = rules;
        exact.tolerate = rules.tolerate - of_spelling;
        if (auto const parsed = read_back(o, sub(w.text(), before + 1), exact); !parsed) w.refuse(parsed.error());
    });
}
}  // namespace detail

/// " key=value key ...": the parameters after a path, each with an SP before it; nothing if there are none. They are read
/// back before they count as written. Errors: output_full, unsafe_octet, bad_value, and those of parse_mail_parameters; `at`
/// is an offset in the value at fault.
constexpr result<std::size_t> write_parameters(writer& out, mail_options const& o, syntax const& rules = strict_syntax) noexcept {
    return detail::write_parameters(out, o, rules);
}
/// Likewise for RCPT. `rules.smtputf8` should say whether the MAIL command had SMTPUTF8.
constexpr result<std::size_t> write_parameters(writer& out, rcpt_options const& o, syntax const& rules = strict_syntax) noexcept {
    return detail::write_parameters(out, o, rules);
}

/// "key" or "key=value": a parameter of your own. Its `write` writes the value, or nothing if there is none. Errors:
/// output_full; bad_value if the keyword is registered; bad_parameter, and those of its `parse`.
template <custom_parameter P>
    requires requires(P const& p, writer& w) { p.write(w); }
constexpr result<std::size_t> write_parameter(writer& out, P const& p) noexcept {
    if (find_parameter(P::keyword)) return fail(errc::bad_value, 0);
    return out.atomically([&](writer& w) {
        std::size_t const before = w.size();
        writer probe(nullptr, 0);  // takes nothing, so it tells whether there is a value
        p.write(probe);
        w.raw(P::keyword);
        if (!probe.ok()) w.raw('=');
        p.write(w);
        if (!w.ok()) return;
        std::string_view const text = detail::sub(w.text(), before);
        std::size_t const bad = detail::find_first<chars::unsafe>(text);
        if (bad != text.size()) {
            w.refuse(fail(errc::unsafe_octet, bad));
            return;
        }
        auto const parsed = parse_mail_parameters(text, detail::wide_syntax);
        if (!parsed || ++parsed->all().begin() != parsed->all().end()) {
            w.refuse(parsed ? fail(errc::bad_parameter, detail::find_first<charset(" ")>(text)) : parsed.error());
        } else if (auto const own = parsed->template get<P>(); !own) {
            w.refuse(own.error());
        }
    });
}

}  // namespace ehlo
