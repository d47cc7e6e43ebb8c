// What a server session is, and how it answers: each reply is written, told, and moved on by, here. Reading is not done here.
#pragma once

#include <ehlo/detail/chunk_content.hpp>
#include <ehlo/detail/client_errors.hpp>
#include <ehlo/line.hpp>
#include <ehlo/own_commands.hpp>
#include <ehlo/detail/server_offers.hpp>
#include <ehlo/detail/server_replies.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {
namespace detail {

/// The octets of one call.
struct server_io {
    std::string_view in;
    writer out;
    std::size_t used = 0;
    bool more = false;   // there are octets that `in` does not show
    constexpr std::string_view rest() const noexcept { return sub(in, used); }
    constexpr bool has_more() const noexcept { return more || used < in.size(); }
};

/// What is being answered.
struct asked {
    event on = event::noop;
    v0::verb verb = verb::unknown;
    std::string_view line{};
    std::uint32_t secret = 0;
    std::uint8_t brings = 0;        // facts that the MAIL brings; of VRFY and EXPN: smtputf8
};
/// The answer that a handler put off.
struct put_off_answer {
    std::uint32_t octets = 0;       // of input, which the answer consumes
    bool waiting = false;
    event on = event::greeting;
    v0::verb verb = verb::unknown;
    std::uint8_t brings = 0;
};

/// The message of the open transaction.
struct open_message {
    std::uint64_t octets = 0;       // of content so far
    content_decoder content;
    chunk_decoder chunks;
    bool taken = false;             // it was accepted for a recipient at least, where each has a reply
    bool ended = false;             // the end of the content was read, and not all of its replies are given
    bool each = false;              // PRDR: 353 was said
    std::uint32_t recipients = 0;   // that were accepted; those of a transaction that a chunk spoilt are owed replies still
    std::uint32_t answered = 0;     // of them those that have had their reply to the content

    /// LMTP: what was accepted for one recipient was delivered. With PRDR the reply to the message decides.
    constexpr bool stored() const noexcept { return taken && !each; }
    constexpr bool has_bare_cr() const noexcept { return content.bare_cr() || chunks.bare_cr(); }
    constexpr bool has_bare_lf() const noexcept { return content.bare_lf() || chunks.bare_lf(); }
    constexpr bool spoilt(policy const& p) const noexcept { return p.bare == bare_octets::reject && (has_bare_cr() || has_bare_lf()); }
    /// Why the content cannot be taken, so far.
    constexpr std::optional<failure> find_fault(policy const& p) const noexcept {
        if (octets > p.max_message) return fail(errc::message_too_large, 0);
        if (spoilt(p)) return fail(has_bare_cr() ? errc::bare_cr : errc::bare_lf, 0);
        return std::nullopt;
    }
};
/// The octets of a BDAT.
struct open_chunk {
    std::uint64_t left = 0;
    bool under_way = false;
    event ends = event::bdat;       // what its reply answers: the BDAT itself, if that was refused
    bool last = false;
    std::optional<errc> fault{};    // then its octets are thrown away
};

/// A handler threw, and the session is over; but shut_down may still say 421, and `abandoned` may be owed.
enum class thrown : std::uint8_t { nothing, outside, in_transaction };

/// The one code of a 2yz, where a command has only one: 220, 235. 0 where there is a choice.
constexpr unsigned only_code(event e) noexcept {
    return e == event::starttls || e == event::xclient ? 220 : e == event::auth || e == event::response ? 235 : 0;
}

/// `Offers`: what its policy offers, if it is known when this is compiled; else all that one can offer.
template <extensions Offers, class... Own>
struct server_core {
    using protocol = protocol_with<Own...>;
    static constexpr extensions may_offer = Offers;
    template <class H>
    static constexpr bool never_throws = detail::never_throws<H, Own...>;

    policy const* settings;
    char const* name;
    extensions offered;             // what this session may use: less than the settings have, by the handler and by EHLO
    open_message message{};
    open_chunk chunk{};
    line_reader lines{};
    basic_session<protocol> order;
    put_off_answer awaited{};
    client_errors errors{};
    std::uint32_t left = 0;         // octets of the input that were there and not consumed
    leniency tolerate;
    leniency tolerated{};           // in the latest command
    std::uint16_t name_size;
    bdat_finder finder{};           // in a line that is being thrown away
    bool auth_failed = false;       // an unknown command may be a password that was sent all the same
    bool too_early = false;         // octets that did not wait for the latest reply are there, and are to be refused
    thrown threw = thrown::nothing;

    constexpr server_core(policy const& p, std::string_view server_name) noexcept
        : settings(&p),
          name(server_name.data()),
          offered(p.offers),
          order(required_by(p)),
          tolerate(p.grammar.tolerate),
          name_size(static_cast<std::uint16_t>(server_name.size() < 0xFFFF ? server_name.size() : 0xFFFF)) {}

    constexpr extensions taken() const noexcept { return offered; }
    constexpr offered_parameters<Offers> known() const noexcept { return {settings->offers}; }
    constexpr std::string_view server_name() const noexcept { return {name, name_size}; }
    constexpr bool has_room(server_io const& t) const noexcept { return t.out.room() >= settings->reply_space; }
    constexpr bool answers_each_recipient(event e) const noexcept {
        if (settings->service != service::lmtp) return false;
        return ends_message(e) || (e == event::bdat && chunk.last && offered.has(extension::chunking));
    }
    // What the handler is asked at the end of a message.
    constexpr end_of_content question() const noexcept {
        using subject = end_of_content::subject;
        bool const one = settings->service == service::lmtp || (message.each && message.answered != message.recipients);
        bool const either = !message.each && message.recipients > 1 && order.knows(fact::prdr);
        return {message.octets, message.recipients, message.answered,
                one ? subject::recipient : message.each ? subject::message_after_each : either ? subject::message_or_each : subject::message};
    }
    // Whether a reply may be of this class. 353 comes once.
    constexpr bool fits(event e, unsigned code) const noexcept {
        if (!order.fits(e, answer_of(code))) return false;
        return code / 100 != 3 || !ends_message(e) || (code == 353 && !message.each && message.recipients > 1);
    }
    constexpr void put_off(std::size_t consumed, asked const& a) noexcept {
        awaited = {static_cast<std::uint32_t>(consumed), true, a.on, a.verb, a.brings};
    }

    template <class H>
    constexpr void tell(H& handler, asked const& a, event e, std::optional<failure> const& fault, reply const& r, bool early = false) const {
        if constexpr (handles<H, answered>) handler.on(answered{a.verb, e, fault, r, tolerated, a.line, a.secret, early});
    }
    // Whether octets are there already that had to wait for the reply to this (RFC 2920 3.1). Looked at only where it matters.
    template <class H>
    constexpr bool find_early(server_io& t, event e) noexcept {
        bool const rejects = settings->early == early_octets::reject;
        if (!handles<H, answered> && !rejects) [[likely]] return false;
        if (!t.has_more() || e == event::shutdown) return false;
        bool const early = !is_pipelined(e) || !offered.has(extension::pipelining) || !order.knows(fact::extended);
        if (early && rejects) {
            too_early = true;
            t.in = sub(t.in, 0, t.used);   // nothing more is read
        }
        return early;
    }

    // Moves the session by an answer, before the handler hears of it: whatever the handler does, it is told once. (BDAT has no reply.)
    template <class H>
    constexpr void settle(H& handler, event e, unsigned code, std::uint8_t brings = 0) {
        event const on = code == 421 ? event::shutdown : e;
        settle_message(handler, order.settle(on, answer_of(code), fact_set::with_bits(brings)), answer_of(code));
    }
    // What that does to the message.
    template <class H>
    EHLO_INLINE constexpr void settle_message(H& handler, change what, answer by) {
        if (what == change::none && threw != thrown::in_transaction) [[likely]] {
            // What a spoilt transaction is owed still ends with RSET and EHLO, too; NOOP and its like end nothing.
            if (message.recipients != 0 && by == answer::done && order.where() != state::spoilt && !in_transaction(order.where())) [[unlikely]]
                message = open_message();
            return;
        }
        settle_transaction(handler, what);
    }
    template <class H>
    EHLO_NOINLINE constexpr void settle_transaction(H& handler, change what) {
        bool const dangling = threw == thrown::in_transaction;
        if (what == change::added) ++message.recipients;
        if (what == change::begun) message = open_message();
        if (what != change::dropped && what != change::delivered && !dangling) return;
        abandoned const lost{message.octets, message.recipients};
        bool const open = dangling || (what == change::dropped && !message.stored());
        // RFC 2033 4.3: the last chunk of a spoilt transaction still has a reply for each recipient.
        std::uint32_t const owed = order.where() == state::spoilt ? message.recipients : 0;
        message = open_message();
        message.recipients = owed;
        threw = thrown::nothing;
        if constexpr (handles<H, abandoned>)
            if (open) handler.on(lost);
    }

    // Whose replies are like no others, and those that end a message or may have to: for all else one look does.
    static constexpr event_set odd_replies = event::hello | event::helo | event::starttls | event::xclient | event::auth | event::response;
    static constexpr bool may_have_only_code = Offers.has_any(extension::starttls | extension::xclient | extension::auth);
    static constexpr event_set counted_replies = event::bdat | event::content_end | event::last_chunk_end | event::last_burl;

    // Writes a reply, made one that may be sent. `told`: what was wrong with it. False: the session was ended instead.
    template <class H>
    constexpr bool say(server_io& t, H& handler, asked const& a, reply& r, bool refused, std::optional<failure>& told) {
        event const e = a.on;
        unsigned const first = r.code / 100;
        // RFC 4954 4: the 3yz of AUTH is 334 with base64.
        bool const asks = Offers.has(extension::auth) && first == 3 && (e == event::auth || e == event::response);
        bool bad_challenge = asks && r.code != 334;
        if constexpr (names_mechanisms<H>) bad_challenge = bad_challenge || (asks && !check_base64(r.text));
        if (first < 2 || first > 5 || bad_challenge || !fits(e, r.code)) {
            if (!refused) {
                told = fail(errc::bad_value, 0);
                r = first == 2 ? replies::start_content : replies::try_later;
                if (!fits(e, r.code)) r = replies::try_later;
            }
        } else if (unsigned const only = may_have_only_code ? only_code(e) : 0; only != 0 && first == 2 && r.code != only) {
            told = fail(errc::bad_value, 0);
            r.code = static_cast<std::uint16_t>(only);
        }
        if (!is_plain(r.text) && find_first<chars::non_ascii>(r.text) != r.text.size())
            if (auto const bad = keep_to_ascii(e, r, fact_set::with_bits(a.brings).has(fact::smtputf8), order.knows(fact::smtputf8))) told = bad;
        bool const hello = e == event::hello || e == event::helo;
        if (Offers.has(extension::starttls) && r.accepted() && e == event::starttls && t.has_more()) {
            // Where the line is no longer there, nothing of this call came before it.
            std::size_t const begin = a.line.data() == nullptr ? 0 : static_cast<std::size_t>(a.line.data() - t.in.data());
            hang_up(t, handler, a, fail(errc::early_octets, t.used - begin));
            return false;
        }
        // RFC 2034 4: none in the answers to EHLO and HELO, in a greeting, nor in a 3yz.
        bool const plain = hello || !offered.has(extension::enhanced_status_codes);
        if (plain) r.enhanced = {};
        else if (!r.enhanced && r.code / 100 != 3) add_status(r);
        if (hello && r.accepted()) {
            if (auto const bad = write_hello(t, handler, e)) told = bad;
            r = reply(250, {});
        } else if (Offers.has(extension::xclient) && e == event::xclient && r.accepted()) {
            r.enhanced = {};
            if (auto const bad = write_greeting(t.out, server_name(), r, "ESMTP ready")) told = bad;
        } else if (!write_within(t.out, r, settings->reply_space)) {
            told = write_without_text(t.out, plain, r);
        }
        return true;
    }
    // Counts a reply to the end of a message. Returns what the session moves on by; nothing if more replies are due before.
    EHLO_NOINLINE constexpr std::optional<unsigned> count(event e, unsigned code) noexcept {
        bool accepted = is_positive(code);
        if (answers_each_recipient(e)) {
            message.taken |= accepted;
            if (++message.answered < message.recipients) return std::nullopt;
            return message.taken ? 250 : code;
        }
        if (!Offers.has(extension::prdr) || (!message.each && code != 353) || !ends_message(e)) return code;
        // PRDR: 353, one for each recipient, and the last one, which moves on.
        bool const last = message.each && message.answered == message.recipients;
        if (message.each && !last) {
            ++message.answered;
            message.taken |= accepted;
        }
        message.each = true;
        if (!last) return std::nullopt;
        return (!accepted || !message.taken) && code < 400 ? 554 : code;   // for nobody
    }

    // Writes a reply that nothing is wrong with to a command like most, and moves on. False: nothing was done, conclude looks closer.
    template <class H>
    EHLO_INLINE constexpr bool conclude_at_once(server_io& t, H& handler, asked const& a, reply& r) {
        if ((odd_replies | counted_replies).has(a.on) || r.code == 421) [[unlikely]] return false;
        answer const by = answer_of(r.code);
        auto const& move = order.move_by(a.on, by);
        if (!order.fits(move)) [[unlikely]] return false;
        char* const to = claim_line(t.out, r, !offered.has(extension::enhanced_status_codes));
        if (to == nullptr) [[unlikely]] return false;
        // Before the octets: of what they are stored over a compiler knows nothing, and would look all up again.
        change const what = order.settle(move, fact_set::with_bits(a.brings));
        put_line(to, r);
        errors.note_reply(a.on, by != answer::refused);
        bool const early = find_early<H>(t, a.on);
        settle_message(handler, what, by);
        tell(handler, a, a.on, std::nullopt, r, early);
        return true;
    }
    // Writes a reply and moves on.
    template <class H>
    constexpr void conclude(server_io& t, H& handler, asked const& a, reply r, std::optional<failure> const& fault, bool moves = true) {
        std::optional<failure> told = fault;
        bool const plain = !offered.has(extension::enhanced_status_codes);
        // A machine without vectors is likely to be a small one: there all are said the way that any is.
        if (!EHLO_VECTOR || odd_replies.has(a.on) || !fits(a.on, r.code) || !write_at_once(t.out, r, plain)) [[unlikely]]
            if (!say(t, handler, a, r, fault.has_value(), told)) return;
        event const e = r.code == 421 ? event::shutdown : a.on;
        unsigned code = r.code;
        bool each = false;
        if (counted_replies.has(e)) {
            each = answers_each_recipient(e);
            auto const moved_by = count(e, code);
            if (!moved_by) return tell(handler, a, e, told, r);
            code = *moved_by;
        }
        bool const accepted = is_positive(code);
        if (chunk.under_way) chunk = open_chunk();
        if (!fault) errors.note_reply(e, accepted);
        if (a.verb == verb::auth) [[unlikely]] auth_failed = !accepted;
        bool const early = find_early<H>(t, e);
        if (moves || e == event::shutdown) settle(handler, e, code, a.brings);
        if (each && order.where() == state::spoilt) message.answered = 0;   // and as many again to the next one
        if (r.code != 0) tell(handler, a, e, told, r, early);
    }
    // What a handler has said: a reply, or in an AUTH exchange a challenge.
    template <class H>
    constexpr void conclude_with(server_io& t, H& handler, asked const& a, reply const& r) {
        conclude(t, handler, a, r, std::nullopt);
    }
    template <class H>
    constexpr void conclude_with(server_io& t, H& handler, asked const& a, auth_answer const& said) {
        if (!said.asks) return conclude(t, handler, a, said.said, std::nullopt);
        if (a.on != event::auth && a.on != event::response) return conclude(t, handler, a, replies::try_later, fail(errc::bad_value, 0));
        if constexpr (Offers.has(extension::auth)) conclude_challenge(t, handler, a, said);
    }
    template <class H>
    constexpr void conclude_challenge(server_io& t, H& handler, asked const& a, auth_answer const& said) {
        std::size_t const before = t.out.size();
        auto const written = write_challenge(t.out, said.asks->octets);
        if (!written || *written > settings->reply_space) {
            t.out.rewind(before);
            return conclude(t, handler, a, replies::authentication_fails_now, fail(errc::output_full, 0));
        }
        bool const early = find_early<H>(t, a.on);
        settle(handler, a.on, 334);
        tell(handler, a, a.on, std::nullopt, said.said, early);
    }

    // `moves`: the table is told of the refusal. `may_be_chunk`: what follows may be a chunk of unknown size, so the next command
    // cannot be found.
    template <class H>
    constexpr void refuse(server_io& t, H& handler, asked a, failure f, bool moves, bool may_be_chunk = false) {
        bool const fatal = errors.note_refusal(a.on, a.verb, f, settings->max_errors, message.answered == 0) || may_be_chunk;
        if (fatal) a.on = event::shutdown;
        conclude(t, handler, a, refusal_of<H>(f, a.verb), f, moves || fatal);
    }

    // Octets are missing that this session has seen and not consumed: there is no going on.
    template <class H>
    EHLO_NOINLINE constexpr void misused(server_io& t, H& handler) {
        tolerated = strict;
        if (!order.check(event::secured)) return hang_up(t, handler, {}, fail(errc::missing_octets, t.in.size()));
        conclude(t, handler, {event::shutdown}, reply(421, status{4, 3, 0}, replies::try_later.text), fail(errc::missing_octets, t.in.size()));
    }
    // Ends the session at octets that came too early.
    template <class H>
    EHLO_NOINLINE constexpr void refuse_early(server_io& t, H& handler) {
        tolerated = strict;
        failure const fault = fail(errc::early_octets, 0);
        conclude(t, handler, {event::shutdown}, refusal_of<H>(fault, verb::unknown), fault);
    }
    // Ends the session without a word.
    template <class H>
    EHLO_NOINLINE constexpr void hang_up(server_io& t, H& handler, asked const& a, failure const& fault) {
        settle(handler, event::lost, 0);
        tell(handler, a, event::lost, fault, reply());
        if (t.used < t.in.size()) t.used = t.in.size();
    }

    template <class H>
    constexpr void greet(server_io& t, H& handler) {
        offered = offers_of<H>(*settings, order.knows(fact::tls));
        std::string_view const usual = settings->service == service::lmtp ? "LMTP ready" : "ESMTP ready";
        reply r(220, usual);
        std::optional<failure> fault;
        bool const early = t.used < t.in.size();
        if constexpr (answers<H, connected>) r = handler.on(connected{});
        r.enhanced = {};  // RFC 2034 4: none in the greeting
        if (!parse_host(server_name())) {  // once, and to be seen
            r = reply(421, "The name of this server is not a domain");
            fault = fail(errc::bad_value, 0);
        } else if (auto const wrong = Offers == server_extensions ? check(*settings) : std::nullopt) {   // all others were checked by the compiler
            r = reply(421, "The settings of this server are wrong");
            fault = *wrong;
        } else if (r.code != 220 && (r.code / 100 < 4 || r.code > 599)) {
            r = reply(421, replies::try_later.text);
            fault = fail(errc::bad_value, 0);
        } else if (r.code == 220 && early && settings->early == early_octets::reject) {
            fault = fail(errc::early_octets, 0);
            r = refusal_of<H>(*fault, verb::unknown);
            r.enhanced = {};
        }
        if (r.code != 220 && find_first<chars::non_ascii>(r.text) != r.text.size())
            if (auto const bad = keep_to_ascii(event::greeting, r, false, false)) fault = bad;
        if (r.code == 220) fault = write_greeting(t.out, server_name(), r, usual);
        else if (!write_within(t.out, r, settings->reply_space)) fault = write_without_text(t.out, true, r);
        bool const over = r.code == 421 || (fault && fault->code == errc::early_octets);
        event const e = over ? event::shutdown : event::greeting;
        settle(handler, e, r.code);
        tell(handler, {}, e, fault, r, early);
    }

    // The answer to HELO or EHLO, and what this session may use from now on. What cannot be written is offered without the handler's
    // changes, and if that has no room, not at all; then it returns what was wrong.
    template <class H>
    constexpr std::optional<failure> write_hello(server_io& t, H& handler, event e) {
        offered = offers_of<H>(*settings, order.knows(fact::tls));
        if (e == event::helo) {
            write_reply(t.out, reply(250, server_name())).has_value();
            return std::nullopt;
        }
        // What will be in order when this is accepted: AUTH and STARTTLS, of which nobody asks where they are never offered.
        auto then = order;
        if constexpr (Offers.has_any(extension::auth | extension::starttls)) then.settle(e, answer::done);
        ehlo_answer const a = detail::make_ehlo_answer<H, Offers>(*settings, offered, server_name(), tolerate, then, handler);
        std::optional<failure> fault;
        if constexpr (edits_ehlo_answer<H>) {
            ehlo_answer edited = a;
            handler.on(edited);
            edited.offered = edited.offered & a.offered;
            if (auto const domain = parse_host(edited.domain); !domain) fault = domain.error();
            else fault = write_ehlo_answer_within<Offers, Own...>(t.out, edited, settings->reply_space);
            if (!fault) {
                offered = offered - (a.offered - edited.offered);
                return std::nullopt;
            }
        }
        if (auto const full = write_ehlo_answer_within<Offers, Own...>(t.out, a, settings->reply_space)) {
            fault = full;
            offered = extensions();
            write_reply(t.out, reply(250, server_name())).has_value();
        }
        return fault;
    }
};

}  // namespace detail
}  // namespace ehlo
