// What a server and the handler of its session say to each other: what is asked, what is answered, and what a handler must be.
//
// The handler says yes or no; it must have these, and does not compile without:
//     reply on(cmd::hello const&)       EHLO or HELO; the text of an accepting reply is not used
//     reply on(cmd::mail const&)        the views of a command live until the call returns (or is answered)
//     reply on(cmd::rcpt const&)
//     void  on(content const&)          decoded content, a piece at a time; of content that is refused in the end (too large,
//                                       bare CR or LF) how much of it comes depends on how the octets arrived
//     reply on(end_of_content const&)
//     reply on(Own::type const&)        for each command of one's own
// must have these where their extension is offered (a policy at run time does not offer what has no function):
//     reply on(cmd::starttls const&)    220 or 454
//     mechanisms mechanisms() const     AUTH: those that can be used. auth_answer on(cmd::auth const&), auth_answer
//                                       on(auth_response const&): a challenge, or a reply; both have `decode`
//     reply on(cmd::xclient const&)  XCLIENT (220, whose text becomes that of a new greeting), XFORWARD (250)
//     reply on(cmd::etrn const&)        likewise cmd::onex; cmd::atrn and cmd::turn: after a 2yz the roles are changed
//     reply on(cmd::burl const&)        after LAST its 2yz makes the server responsible for the message
// and may have these:
//     reply on(connected const&)        the greeting: 220 and a text after the server's name; 554 or 521 to hear nothing but
//                                       QUIT (RFC 5321 3.1, RFC 7504); 421 to close. Not reply::later.
//     void  on(ehlo_answer&)            the answer to EHLO, before it is sent: it may say more of what is offered, or offer less
//     reply on(cmd::vrfy const&)      VRFY (otherwise 252), EXPN where it is offered
//     reply on(cmd::noop const&)      HELP where it is offered (otherwise 214), NOOP, VERB (otherwise 250)
//     reply on(cmd::data const&)        before the 354; a refusal leaves the transaction open
//     std::span<char> content_room()    where content is to be put: then what on(content const&) is given stands at its beginning, and
//                                       a read is one call of it, or as many as it takes to fill the room, instead of one for each
//                                       dot that was doubled. An empty one: views of the input, this time
//     void  on(abandoned const&)        drop what was collected; on(cmd::mail) begins anew in any case
//     void  on(answered const&)         called for every reply
//     static constexpr bool terse = true;     what ehlo refuses is answered with code and status alone, and the texts are not linked in
//     using own_mail_parameters = own_parameters<...>;    parameters of your own; own_rcpt_parameters likewise
// A function that is nearly one of these does not compile: private, with another result, by a reference that is not constant, or
// for a command that the handler is never asked. (Not seen: in a set of overloads with a template the last two, and in a final
// class a function that is not public.)
//
// A reply that cannot be sent (CR, LF or NUL in its text, too long, a status of another class; octets over 127 but for 251, 551 and
// the replies to VRFY and EXPN, where the client asked for SMTPUTF8: RFC 6531 3.7.4) goes out with its code, and without
// its text; one of a class that the command cannot have becomes 354 if it said yes to DATA, else 451. `answered` tells.
// With ENHANCEDSTATUSCODES on offer a reply without a status gets X.0.0 (RFC 2034 4).
#pragma once

#include <ehlo/auth.hpp>
#include <ehlo/content.hpp>
#include <ehlo/dispatch.hpp>
#include <ehlo/ehlo_answer.hpp>
#include <ehlo/policy.hpp>
#include <ehlo/session.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// The content has ended, or the last chunk has, and awaits the server's word on it. An accepting reply makes the server
/// responsible for the message (RFC 5321 4.1.1.4, 6.1): give it only when the message is stored.
///
/// Where PRDR (draft-hall-prdr-00) is on offer and the client asks for it, the handler may say 353 (replies::each_recipient) instead.
/// Then it is asked again for each recipient, and once more for the message: what it says there counts for those it said yes for.
struct end_of_content {
    /// What the reply is for.
    enum class subject : std::uint8_t {
        message,           ///< all recipients
        message_or_each,   ///< likewise, but it may be 353: more than one recipient was accepted, and MAIL had PRDR
        recipient,         ///< one recipient: LMTP, or PRDR after 353
        message_after_each,
    };
    std::uint64_t octets;       ///< of decoded content
    std::uint32_t recipients;   ///< that were accepted
    std::uint32_t recipient;    ///< which of them the reply is for, from 0 on
    subject about = subject::message;
};
/// The transaction is over and nothing was delivered: RSET, EHLO, QUIT, a lost connection, content or a chunk that was refused.
struct abandoned {
    std::uint64_t octets = 0;       ///< of decoded content that had come, handed on or not
    std::uint32_t recipients = 0;   ///< that were accepted
};
/// The connection is there and wants its greeting.
struct connected {};
/// A reply was written, for those who keep a log.
struct answered {
    v0::verb verb;                  ///< `unknown` for the greeting, unknown verbs and unreadable lines (`bdat` for what may be a BDAT)
    v0::event event;
    /// What was wrong. Refused by ehlo: `at` is an offset in the line; of octets after STARTTLS in the clear (early_octets) that of
    /// the first of them, counted from the line if they came together, else from 0. Blame `misuse`: the handler's reply could not be sent as it
    /// was, and `at` is an offset in its text; or the session was called wrongly.
    std::optional<failure> fault;
    /// As it went out; of an accepted EHLO or HELO only the code: the text is ehlo's own. The code is 0 where nothing was said:
    /// octets after STARTTLS in the clear, and an LMTP client's last chunk for no recipient (RFC 2033 4.3).
    reply sent;
    leniency tolerated;             ///< what strict RFC 5321 would have refused in the command
    std::string_view line{};        ///< the command without its CRLF; empty where there is none, or it is no longer there
    std::uint32_t secret = 0;       ///< from this octet on the line may hold a secret, and belongs in no log; its size if none
    bool early = false;             ///< the client did not wait for this reply where it had to, see early_octets
};

/// What a server says in an AUTH exchange: the octets of a challenge, which ehlo encodes (none: an empty challenge) ...
struct challenge {
    std::string_view octets;   ///< live until the call returns
};
/// ... or the reply that ends it: 235, 432, 454, 534, 535, 538; reply::later.
struct auth_answer {
    reply said{};
    std::optional<challenge> asks{};
    constexpr auth_answer(reply const& r) noexcept : said(r) {}
    template <std::size_t N>
    consteval auth_answer(char const (&literal)[N]) : said(literal) {}
    constexpr auth_answer(challenge c) noexcept : said(334, {}), asks(c) {}
};

namespace detail {
template <class H, class E>
concept handles = requires(H& h, E const& e) { h.on(e); };
template <class H, class E>
concept answers = requires(H& h, E const& e, reply r) { r = h.on(e); };
template <class H, class E>
concept auth_answers = requires(H& h, E const& e) { auth_answer(h.on(e)); };
template <class H>
concept names_mechanisms = requires(H const& h) { static_cast<void>(mechanisms(h.mechanisms())); };
/// What may be changed of the answer to EHLO, alone among what a handler is given.
template <class H>
concept edits_ehlo_answer = requires(H& h, ehlo_answer& a) { h.on(a); } && !requires(H& h) { h.on(ehlo_answer{}); };

/// A command that comes with an extension, and that the handler answers with a reply.
template <class Command, extension... Of>
struct offer {
    static constexpr extensions of = (extensions() | ... | extensions(Of));
};
template <class... Rows>
struct offer_list {};
/// One row each. (AUTH, whose answers are no replies, and BDAT, which the server answers, are not among them.)
using offered_commands = offer_list<offer<cmd::starttls, extension::starttls>, offer<cmd::burl, extension::burl>, offer<cmd::etrn, extension::etrn>,
                                    offer<cmd::atrn, extension::atrn>, offer<cmd::turn, extension::turn>, offer<cmd::onex, extension::onex>,
                                    offer<cmd::xclient, extension::xclient, extension::xforward>>;

/// Whether content is put where the handler wants it.
template <class H>
concept has_content_room = requires(H& h) { std::span<char>(h.content_room()); };

// What a handler is asked with, and which of it throws nothing.
template <class H, class E>
constexpr bool never_throws_at() noexcept {
    if constexpr (handles<H, E>) {
        using result = decltype(std::declval<H&>().on(std::declval<E const&>()));
        return noexcept(std::declval<H&>().on(std::declval<E const&>())) &&
               (std::is_void_v<result> || std::is_same_v<result, reply> || std::is_same_v<result, auth_answer>);
    }
    return true;
}
template <class H>
constexpr bool never_throws_besides() noexcept {
    bool never = true;
    if constexpr (names_mechanisms<H>) never = never && noexcept(std::declval<H const&>().mechanisms());
    if constexpr (has_content_room<H>) never = never && noexcept(std::declval<H&>().content_room());
    if constexpr (edits_ehlo_answer<H>) never = never && noexcept(std::declval<H&>().on(std::declval<ehlo_answer&>()));
    return never;
}
template <class H, class... E>
constexpr bool never_throws_at_any() noexcept {
    return (... && never_throws_at<H, E>());
}
template <class H, class Command, extension... Of>
constexpr bool never_throws_at_offer(offer<Command, Of...>) noexcept {
    return never_throws_at<H, Command>();
}
template <class H, class... Rows>
constexpr bool never_throws_at_offers(offer_list<Rows...>) noexcept {
    return (... && never_throws_at_offer<H>(Rows()));
}
template <class H, class... Own>
inline constexpr bool never_throws =
    never_throws_at_any<H, connected, cmd::hello, cmd::mail, cmd::rcpt, cmd::vrfy, cmd::noop, cmd::data, content, end_of_content,
                        abandoned, answered, cmd::auth, auth_response, typename Own::type...>() &&
    never_throws_at_offers<H>(offered_commands()) && never_throws_besides<H>();

// A member function `on` that takes exactly Argument: found by its address, which no conversion of an argument can feign. A set of
// overloads with a template in it has no such address: of that one nothing is said.
template <class Argument>
struct address_of_on {
    template <class R, class C>
    static void find(R (C::*)(Argument));
    template <class R, class C>
    static void find(R (C::*)(Argument) const);
    template <class R>
    static void find(R (*)(Argument));
};
template <class H, class Argument>
concept has_on = requires { address_of_on<Argument>::find(&H::on); };

// Names every `on` of a handler: one that is private is named by the compiler here, one that is protected becomes public.
template <class H>
struct every_on_must_be_public : H {
    using H::on;
};
template <class H, class E>
constexpr bool is_public() noexcept {
    if constexpr (std::is_final_v<H> || !std::is_class_v<H>) return true;
    else return handles<H, E> || !handles<every_on_must_be_public<H>, E>;
}

// A function for E that is nearly right would be passed over in silence.
template <class H, class E>
constexpr void check_on() noexcept {
    static_assert(is_public<H, E>(), "a handler's `on` is public");
    static_assert(!has_on<H, E&> && !has_on<H, E&&>,
                  "a handler's `on` takes what it is asked by constant reference: on(E const&), for the E of check_on<H, E>");
}
template <class H, class E>
constexpr void check_answer() noexcept {
    check_on<H, E>();
    static_assert(!handles<H, E> || answers<H, E>, "a handler's `on` returns ehlo::reply here: reply on(E const&), for the E of check_answer<H, E>");
}
template <class H, class... E>
constexpr void check_answers() noexcept {
    (check_answer<H, E>(), ...);
}
template <class H, class Command, extension... Of>
constexpr void check_offered_answer(offer<Command, Of...>) noexcept {
    check_answer<H, Command>();
}
template <class H, class... Rows>
constexpr void check_offered_answers(offer_list<Rows...>) noexcept {
    (check_offered_answer<H>(Rows()), ...);
}
template <class H, class E>
constexpr void check_auth_answer() noexcept {
    check_on<H, E>();
    static_assert(!handles<H, E> || auth_answers<H, E>,
                  "a handler's `on` returns ehlo::auth_answer here: auth_answer on(E const&), for the E of check_auth_answer<H, E>");
}
template <class H>
constexpr void check_auth() noexcept {
    check_auth_answer<H, cmd::auth>();
    check_auth_answer<H, auth_response>();
    static_assert(!requires(H & h) { h.mechanisms(); } || names_mechanisms<H>,
                  "a handler's `mechanisms` is constant and returns ehlo::mechanisms: mechanisms mechanisms() const");
    constexpr bool begun = names_mechanisms<H> || has_on<H, cmd::auth const&> || has_on<H, auth_response const&>;
    static_assert(!begun || (names_mechanisms<H> && auth_answers<H, cmd::auth> && auth_answers<H, auth_response>),
                  "for AUTH a handler has all of: mechanisms mechanisms() const, auth_answer on(ehlo::cmd::auth const&), "
                  "auth_answer on(ehlo::auth_response const&)");
    static_assert(!has_on<H, ehlo_answer> && !has_on<H, ehlo_answer const&>,
                  "a handler changes the answer to EHLO where it stands: void on(ehlo::ehlo_answer&)");
}
template <class H, class... E>
constexpr void check_never_asked() noexcept {
    static_assert((... && (!has_on<H, E const&> && !has_on<H, E>)),
                  "the handler is never asked this: the server answers RSET, QUIT and BDAT itself, and the rest where it offers their extension");
}
/// Whether an offer and the handler agree: what is offered needs its function, and a function its offer.
template <class H, class E, bool Offered>
constexpr void check_offer() noexcept {
    if constexpr (!Offered) check_never_asked<H, E>();
}
template <class H, extensions Offers, class Command, extension... Of>
constexpr void check_one_offer(offer<Command, Of...>) noexcept {
    check_offer<H, Command, (Offers.has(Of) || ...)>();
}
template <class H, extensions Offers, class... Rows>
constexpr void check_offers(offer_list<Rows...>) noexcept {
    (check_one_offer<H, Offers>(Rows()), ...);
}

template <class H, class Command, extension... Of>
constexpr extensions lacking_of(offer<Command, Of...> row) noexcept {
    return answers<H, Command> ? extensions() : row.of;
}
template <class H, class... Rows>
constexpr extensions lacking_of(offer_list<Rows...>) noexcept {
    return (extensions() | ... | lacking_of<H>(Rows()));
}
/// The extensions that the handler has the functions for.
template <class H>
constexpr extensions answerable() noexcept {
    extensions all = server_extensions - lacking_of<H>(offered_commands());
    auto without = [&all](extensions lacking) noexcept { all = all - lacking; };
    if (!names_mechanisms<H>) without(extension::auth);
    if (!answers<H, cmd::vrfy>) without(extension::expn);
    return all;
}

constexpr auto own_mail_of(auto const*) noexcept { return own_parameters<>(); }
template <class H>
    requires requires { typename H::own_mail_parameters; }
constexpr auto own_mail_of(H const*) noexcept { return typename H::own_mail_parameters(); }
constexpr auto own_rcpt_of(auto const*) noexcept { return own_parameters<>(); }
template <class H>
    requires requires { typename H::own_rcpt_parameters; }
constexpr auto own_rcpt_of(H const*) noexcept { return typename H::own_rcpt_parameters(); }
template <class H>
struct own_parameters_of {
    using mail = decltype(own_mail_of(static_cast<H const*>(nullptr)));
    using rcpt = decltype(own_rcpt_of(static_cast<H const*>(nullptr)));
};

/// Does not compile for a handler that lacks a function, or has one that is nearly right.
template <class H, class... Own>
constexpr void require_handler() noexcept {
    static_assert(answers<H, cmd::hello>, "the handler lacks: reply on(ehlo::cmd::hello const&)");
    static_assert(answers<H, cmd::mail>, "the handler lacks: reply on(ehlo::cmd::mail const&)");
    static_assert(answers<H, cmd::rcpt>, "the handler lacks: reply on(ehlo::cmd::rcpt const&)");
    static_assert(handles<H, content>, "the handler lacks: void on(ehlo::content const&)");
    static_assert(answers<H, end_of_content>, "the handler lacks: reply on(ehlo::end_of_content const&)");
    static_assert((... && answers<H, typename Own::type>), "the handler lacks: reply on(Own::type const&), for a command of one's own");
    check_answers<H, connected, cmd::vrfy, cmd::noop, cmd::data, typename Own::type...>();
    check_offered_answers<H>(offered_commands());
    check_on<H, abandoned>();
    check_on<H, answered>();
    static_assert(!requires(H & h) { h.content_room(); } || has_content_room<H>, "a handler's `content_room` returns std::span<char>");
    check_auth<H>();
    check_never_asked<H, cmd::rset, cmd::quit, cmd::bdat>();
}
/// Nor for one that lacks the function of an extension on offer, or has one that would never be called.
template <class H, extensions Offers>
constexpr void require_handler_of() noexcept {
    constexpr extensions lacking = Offers - answerable<H>();
    static_assert(!lacking.has(extension::starttls), "STARTTLS is offered, and the handler lacks: reply on(ehlo::cmd::starttls const&)");
    static_assert(!lacking.has(extension::auth),
                  "AUTH is offered, and the handler lacks: mechanisms mechanisms() const, auth_answer on(ehlo::cmd::auth const&), "
                  "auth_answer on(ehlo::auth_response const&)");
    static_assert(!lacking.has(extension::burl), "BURL is offered, and the handler lacks: reply on(ehlo::cmd::burl const&)");
    static_assert(!lacking.has(extension::etrn), "ETRN is offered, and the handler lacks: reply on(ehlo::cmd::etrn const&)");
    static_assert(!lacking.has(extension::atrn), "ATRN is offered, and the handler lacks: reply on(ehlo::cmd::atrn const&)");
    static_assert(!lacking.has(extension::turn), "TURN is offered, and the handler lacks: reply on(ehlo::cmd::turn const&)");
    static_assert(!lacking.has(extension::onex), "ONEX is offered, and the handler lacks: reply on(ehlo::cmd::onex const&)");
    static_assert(!lacking.has(extension::xclient) && !lacking.has(extension::xforward),
                  "XCLIENT or XFORWARD is offered, and the handler lacks: reply on(ehlo::cmd::xclient const&)");
    static_assert(!lacking.has(extension::expn), "EXPN is offered, and the handler lacks: reply on(ehlo::cmd::vrfy const&)");
    // A function that is never called is passed over in silence.
    check_offer<H, cmd::auth, Offers.has(extension::auth)>();
    check_offers<H, Offers>(offered_commands());
}
}  // namespace detail

}  // namespace ehlo
