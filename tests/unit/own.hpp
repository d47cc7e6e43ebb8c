// Commands and a parameter of one's own, as a user would write them: for the tests of server, client and typestate client.
#pragma once

#include <ehlo/ehlo.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace own {

// A command that moves the session: it begins a transaction, as MAIL does, in the name of a queue.
struct take_over {
    std::string_view queue;
};
struct xtake {
    using type = take_over;
    static constexpr std::string_view verb = "XTAKE";
    static constexpr std::string_view keyword = "XTAKE";
    static constexpr ehlo::own_order order{
        .from = ehlo::state::ready, .done = ehlo::state::mail, .does = ehlo::effect::begins, .needs = ehlo::fact::extended};
    static constexpr ehlo::result<take_over> parse(std::string_view arguments, ehlo::syntax const&) noexcept {
        if (arguments.empty()) return ehlo::fail(ehlo::errc::missing_argument, 0);
        for (std::size_t i = 0; i < arguments.size(); ++i)
            if (!ehlo::chars::let_dig.contains(arguments[i])) return ehlo::fail(ehlo::errc::bad_value, i);
        return take_over{arguments};
    }
    static constexpr void write(ehlo::writer& out, take_over const& t) noexcept { out.text(t.queue); }
};

// A command in any order, but only for those who are authenticated, with replies that are its own: 211, 258.
struct status_query {
    std::string_view what;
};
struct xstat {
    using type = status_query;
    static constexpr std::string_view verb = "XSTAT";
    static constexpr std::string_view keyword = "";   // not in the answer to EHLO
    static constexpr ehlo::own_order order{.needs = ehlo::fact::authenticated, .otherwise = ehlo::errc::not_authenticated};
    static constexpr ehlo::result<status_query> parse(std::string_view arguments, ehlo::syntax const&) noexcept { return status_query{arguments}; }
    static constexpr void write(ehlo::writer& out, status_query const& q) noexcept { out.text(q.what); }
};

// A command whose replies ask for more: each 3yz for another piece, 250 when there are enough. It moves nothing.
struct piece {
    std::string_view octets;
};
struct xpiece {
    using type = piece;
    static constexpr std::string_view verb = "XPIECE";
    static constexpr std::string_view keyword = "XPIECE";
    static constexpr ehlo::own_order order{.more = ehlo::stay_in<ehlo::state>, .needs = ehlo::fact::extended};
    static constexpr ehlo::result<piece> parse(std::string_view arguments, ehlo::syntax const&) noexcept {
        if (arguments.empty()) return ehlo::fail(ehlo::errc::missing_argument, 0);
        return piece{arguments};
    }
    static constexpr void write(ehlo::writer& out, piece const& p) noexcept { out.text(p.octets); }
};

// A parameter of MAIL.
struct x_ticket {
    static constexpr std::string_view keyword = "X-TICKET";
    std::string_view number;
    static constexpr ehlo::result<x_ticket> parse(std::optional<std::string_view> value) noexcept {
        if (!value) return ehlo::fail(ehlo::errc::bad_parameter_value, 0);
        for (std::size_t i = 0; i < value->size(); ++i)
            if (!ehlo::chars::digit.contains((*value)[i])) return ehlo::fail(ehlo::errc::bad_number, i);
        return x_ticket{*value};
    }
    constexpr void write(ehlo::writer& out) const noexcept { out.text(number); }
};

}  // namespace own
