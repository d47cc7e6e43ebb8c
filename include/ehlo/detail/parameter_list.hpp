// The parameters of a MAIL or RCPT that was parsed: the raw range, the registered ones typed, those of your own. RFC 5321 4.1.2.
#pragma once

#include <ehlo/detail/split.hpp>
#include <ehlo/parameter_values.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// esmtp-param = esmtp-keyword ["=" esmtp-value]. "X" has no value; "X=" is not well formed. Borrows from the command.
struct parameter {
    std::string_view keyword;
    std::optional<std::string_view> value;
};

namespace detail {
struct make_parameter {
    constexpr parameter operator()(std::string_view text) const noexcept {
        std::size_t const equals = find_first<charset("=")>(text);
        if (equals == text.size()) return {text, std::nullopt};
        return {sub(text, 0, equals), sub(text, equals + 1)};
    }
};
}  // namespace detail

/// Well-formed parameters as they stand in the command: `for (ehlo::parameter p : mail->parameters.all())`. Between two of them there is
/// more than one SP only under rule::spaces_between_parameters.
using parameter_range = detail::split_range<charset(" "), true, detail::make_parameter>;

/// A parameter of your own: a type with its keyword, and a function that reads a value (absent if there was no "=") and never throws.
///
///     struct x_queue {
///         static constexpr std::string_view keyword = "X-QUEUE";
///         static constexpr ehlo::result<x_queue> parse(std::optional<std::string_view> value) noexcept;
///         constexpr void write(ehlo::writer& w) const noexcept;    // the value; only needed for write_parameter
///     };
///     if (mail.parameters.unknown_at<x_queue>()) ...               // none but registered ones and X-QUEUE
///     auto const queue = mail.parameters.get<x_queue>();           // failed, absent or there
template <class P>
concept custom_parameter = requires(std::optional<std::string_view> value) {
    { P::keyword } -> std::convertible_to<std::string_view>;
    { P::parse(value) } noexcept -> std::same_as<result<P>>;
};

/// What the parameters of MAIL and of RCPT have in common. Borrows from the command. Values were checked when the command
/// was parsed; an accessor looks for its parameter and reads it anew, so a set of parameters costs no more than its text.
class parameter_list {
  protected:
    char const* data_ = nullptr;
    std::uint32_t length_ = 0;
    std::uint32_t unknown_at_ = 0;
    parameter_ids present_{};
    bool has_unknown_ = false;
    friend struct parameter_access;

    // Whether this parameter begins there. Keywords are compared where they stand: with all() a MAIL with ten parameters took a quarter more.
    EHLO_INLINE constexpr bool begins_at(std::string_view keyword, std::size_t at) const noexcept {
        std::size_t const end = at + keyword.size();
        return ((data_[at] ^ keyword[0]) & 0xDF) == 0 && (end == length_ || (end < length_ && (data_[end] == ' ' || data_[end] == '='))) &&
               iequals({data_ + at, keyword.size()}, keyword);
    }
    // The offset of a registered parameter; the size of all if it is not there.
    constexpr std::size_t place_of(parameter_id id) const noexcept {
        std::string_view const text{data_, length_}, keyword = name(id);
        for (std::size_t at = 0; at < text.size();) {
            if (begins_at(keyword, at)) return at;
            at = detail::find_first<charset(" ")>(text, at);
            while (at < text.size() && text[at] == ' ') ++at;
        }
        return text.size();
    }
    // That of the later one of two that are there.
    constexpr std::size_t later_of(parameter_id a, parameter_id b) const noexcept {
        detail::mark_finder<charset(" ")> spaces({data_, length_});
        bool found = false;
        for (std::size_t at = 0; at < length_; at = spaces.next() + 1)
            if (begins_at(name(a), at) || begins_at(name(b), at)) {
                if (found) return at;
                found = true;
            }
        return 0;
    }
    // The value of a registered parameter that is present and has one.
    constexpr std::string_view value_of(parameter_id id) const noexcept {
        std::string_view const text{data_, length_};
        std::size_t const at = place_of(id) + name(id).size() + 1;
        return detail::sub(text, at, detail::find_first<charset(" ")>(text, at) - at);
    }
    // The value of a registered parameter, read by one of the functions of parameter_values.hpp.
    template <class Parse>
    constexpr auto typed(parameter_id id, Parse parse) const noexcept -> std::optional<typename decltype(parse(std::string_view()))::value_type> {
        if (!present_.has(id)) return std::nullopt;
        auto const value = parse(value_of(id));
        return value ? std::optional(*value) : std::nullopt;
    }
    // What stands in xtext was checked: that it is xtext, and what it means.
    constexpr std::optional<xtext> encoded(parameter_id id) const noexcept {
        return present_.has(id) ? std::optional(xtext::encoded(value_of(id))) : std::nullopt;
    }

  public:
    /// All parameters, known or not, as they stand.
    constexpr parameter_range all() const noexcept { return parameter_range({data_, length_}); }
    /// The registered ones among them.
    constexpr parameter_ids present() const noexcept { return present_; }
    constexpr bool has(parameter_id id) const noexcept { return present_.has(id); }
    /// The offset in `all().text()` of the first parameter that is not a registered one of this command.
    constexpr std::optional<std::uint32_t> unknown_at() const noexcept {
        return has_unknown_ ? std::optional(unknown_at_) : std::nullopt;
    }
    /// Likewise, but parameters of your own count as known.
    template <custom_parameter... Own>
        requires(sizeof...(Own) > 0)
    constexpr std::optional<std::uint32_t> unknown_at() const noexcept;
    /// A parameter of your own. Errors: those of its `parse`, with `at` counted from the first octet of `all().text()`.
    template <custom_parameter P>
    constexpr result<std::optional<P>> get() const noexcept {
        for (parameter const p : all()) {
            if (!iequals(p.keyword, P::keyword)) continue;
            result<P> const value = P::parse(p.value);
            if (value) return std::optional(*value);
            std::size_t const at = p.value ? static_cast<std::size_t>(p.value->data() - data_)
                                           : static_cast<std::size_t>(p.keyword.data() - data_) + p.keyword.size();
            return fail(value.error().code, at + value.error().at);
        }
        return std::optional<P>();
    }
};

/// The parameters of MAIL. Absent and zero differ: `size()` of "SIZE=0" is 0, of a MAIL without SIZE nothing.
class mail_parameters : public parameter_list {
    v0::body body_ = body::seven_bit;  // first: it fits in after the base
    std::uint64_t size_ = 0;
    std::uint32_t holdfor_ = 0;     // these two are compared with one another
    std::int32_t by_seconds_ = 0;
    friend struct parameter_access;

  public:
    /// The size the client declares, in octets. RFC 1870.
    constexpr std::optional<std::uint64_t> size() const noexcept {
        return has(parameter_id::size) ? std::optional(size_) : std::nullopt;
    }
    /// RFC 6152, RFC 3030.
    constexpr std::optional<v0::body> body() const noexcept { return has(parameter_id::body) ? std::optional(body_) : std::nullopt; }
    /// RFC 6531.
    constexpr bool smtputf8() const noexcept { return has(parameter_id::smtputf8); }
    /// What a DSN of failure returns. RFC 3461 4.3.
    constexpr std::optional<v0::ret> ret() const noexcept { return typed(parameter_id::ret, parse_ret); }
    /// The client's name for the transaction. RFC 3461 4.4.
    constexpr std::optional<xtext> envid() const noexcept { return encoded(parameter_id::envid); }
    /// Who submitted the mail: a mailbox, or "<>" if nobody is known to have. RFC 4954 5.
    constexpr std::optional<xtext> auth() const noexcept { return encoded(parameter_id::auth); }
    /// RFC 2852 4.
    constexpr std::optional<deliver_by> by() const noexcept { return typed(parameter_id::by, parse_by); }
    /// Seconds to hold the mail for. RFC 4865 3.
    constexpr std::optional<std::uint32_t> holdfor() const noexcept { return has(parameter_id::holdfor) ? std::optional(holdfor_) : std::nullopt; }
    /// The time to hold the mail until. RFC 4865 3.
    constexpr std::optional<date_time> holduntil() const noexcept { return typed(parameter_id::holduntil, parse_holduntil); }
    /// -9 to 9; more is sooner. RFC 6710.
    constexpr std::optional<int> mt_priority() const noexcept { return typed(parameter_id::mt_priority, parse_mt_priority); }
    /// RFC 3885 3.1; there is an ENVID too.
    constexpr std::optional<tracking> mtrk() const noexcept { return typed(parameter_id::mtrk, [](std::string_view value) noexcept { return parse_mtrk(value); }); }
    /// RFC 3865 2.3.
    constexpr std::optional<solicitations> solicit() const noexcept { return typed(parameter_id::solicit, [](std::string_view value) noexcept { return parse_solicit(value); }); }
    /// The purported responsible mailbox. RFC 4405 4.
    constexpr std::optional<xtext> submitter() const noexcept { return encoded(parameter_id::submitter); }
    /// RFC 8689 2.
    constexpr bool requiretls() const noexcept { return has(parameter_id::requiretls); }
    /// RFC 4141 4.2.
    constexpr bool conperm() const noexcept { return has(parameter_id::conperm); }
    /// Whether replies for each recipient are asked for, when the content has ended. draft-hall-prdr-00.
    constexpr bool prdr() const noexcept { return has(parameter_id::prdr); }
    /// RFC 1845 2.
    constexpr std::optional<transaction_id> transid() const noexcept { return typed(parameter_id::transid, [](std::string_view value) noexcept { return parse_transid(value); }); }
    /// A mailbox in ASCII. RFC 5336 3.4 (obsolete).
    constexpr std::optional<xtext> alt_address() const noexcept { return encoded(parameter_id::alt_address); }
};

/// The parameters of RCPT.
class rcpt_parameters : public parameter_list {
    friend struct parameter_access;

  public:
    /// When a DSN is wanted. RFC 3461 4.1.
    constexpr std::optional<v0::notify> notify() const noexcept { return typed(parameter_id::notify, parse_notify); }
    /// The recipient as the sender wrote it. RFC 3461 4.2, RFC 6533 3.
    constexpr std::optional<original_recipient> orcpt() const noexcept {
        return typed(parameter_id::orcpt, [](std::string_view value) noexcept { return parse_orcpt(value, detail::wide_syntax); });
    }
    /// RFC 7293 3.1.
    constexpr std::optional<valid_since> rrvs() const noexcept { return typed(parameter_id::rrvs, parse_rrvs); }
    /// RFC 4141 5.2.
    constexpr bool conneg() const noexcept { return has(parameter_id::conneg); }
    /// A mailbox in ASCII. RFC 5336 3.4 (obsolete).
    constexpr std::optional<xtext> alt_address() const noexcept { return encoded(parameter_id::alt_address); }
};

template <custom_parameter... Own>
    requires(sizeof...(Own) > 0)
constexpr std::optional<std::uint32_t> parameter_list::unknown_at() const noexcept {
    if (!has_unknown_) return std::nullopt;
    for (parameter const p : parameter_range(detail::sub(all().text(), unknown_at_))) {
        auto const id = find_parameter(p.keyword);
        // A registered one of another command is not in `present_`: it cannot stand here twice.
        if ((id && present_.has(*id)) || (iequals(p.keyword, Own::keyword) || ...)) continue;
        return static_cast<std::uint32_t>(p.keyword.data() - data_);
    }
    return std::nullopt;
}

/// A list of parameters of your own. A server's handler that names one takes them: `using own_mail_parameters =
/// ehlo::own_parameters<x_queue>;`, and `own_rcpt_parameters` likewise.
template <custom_parameter... Own>
struct own_parameters {
    /// unknown_parameter for one that is neither registered nor in the list, or what the `parse` of one in the list says.
    /// `at` counts from the first octet of `all().text()`.
    static constexpr std::optional<failure> find_fault(parameter_list const& set) noexcept {
        std::optional<failure> fault;
        auto note = [&fault](failure const& f) noexcept {
            if (!fault || f.at < fault->at) fault = f;
        };
        if constexpr (sizeof...(Own) == 0) {
            if (auto const at = set.unknown_at()) note({errc::unknown_parameter, *at});
        } else if (set.unknown_at()) {
            if (auto const at = set.unknown_at<Own...>()) note({errc::unknown_parameter, *at});
            auto read = [&](auto const& value) noexcept {
                if (!value) note(value.error());
            };
            (read(set.get<Own>()), ...);
        }
        return fault;
    }
};

}  // namespace ehlo
