// What a relay and its caller say to each other: what is asked of each command and reply, and what a call did.
//
// A handler may have any of these, and none is needed. `relay_say` is: go on as it is (`relay_say()`), a reply with which the relay
// answers by itself, or relay_say::instead(line). One that is nearly right does not compile.
//     relay_say on(cmd::mail const&)         and likewise of cmd::hello, rcpt, data, rset, quit, vrfy, noop, auth, burl, etrn,
//                                            onex, xclient: the views live until the call returns. It may be asked about a
//                                            command again, if that is to be answered here and those before it are under way
//     void      on(ehlo_answer&)             what the client is told in answer to EHLO: less may be offered, a limit lowered
//     void      on(content const&)           a piece of content, decoded
//     relay_say on(end_of_content const&)    before its end goes on; a reply refuses the message, and the server never sees its end
//     relay_say on(relayed_reply const&)     a reply of the server: another text for it, of the same class
//     reply     on(cmd::starttls const&)     STARTTLS is offered here, whatever the server offers, and answered here: 220 or 454
//     mechanisms mechanisms() const, auth_answer on(cmd::auth const&), auth_answer on(auth_response const&)
//                                            likewise AUTH
//     void      on(answered const&)          each reply that the client was given; with `fault`, if it is the relay's own
// And for a command of the user's own (own_commands.hpp), of which `T` is the type; without a function it goes on:
//     relay_say on(T const&)                 it is offered if the server has its keyword; a yes of the relay's own is only for one whose
//                                            row moves nothing
//     reply     on(T const&)                 it is offered here, whatever the server offers, and answered here: one whose row moves nothing
// Parameters of his own go on that the handler names, as a server's (own_mail_parameters, own_rcpt_parameters).
#pragma once

#include <ehlo/detail/own_list.hpp>
#include <ehlo/detail/server_offers.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What a relay wants next.
enum class relay_want : std::uint8_t {
    octets,   ///< more of the same side's
    other,    ///< the other side's come first: leave these where they are
    again,    ///< call again with the rest
    room,     ///< call again with a larger output: policy::reply_space octets, or policy::max_line if that is more
    later,    ///< the handler said reply::later: call again when it knows, and it is asked again
    tls,      ///< send what was produced, do the TLS handshake with the client, call `secured`; no octet may be left over
    abort,    ///< close the connection to the server at once, nothing more may go there; then call again with the rest
    close,    ///< send what was produced, and close both connections
};
inline constexpr std::string_view relay_want_names[] = {"octets", "other", "again", "room", "later", "tls", "abort", "close"};
static_assert(detail::names_all<relay_want>(relay_want_names), "a want has no name");
constexpr std::string_view name(relay_want w) noexcept { return relay_want_names[static_cast<unsigned>(w)]; }

/// What a call did with the octets of one side. Send the first `passed` of them to the other side as they are, then the `produced` octets
/// of the output: to the client; or to the server, if `to_server`. Discard `consumed` octets.
struct [[nodiscard]] relayed {
    std::size_t consumed = 0;
    std::size_t passed = 0;
    std::size_t produced = 0;
    bool to_server = false;
    relay_want want = relay_want::octets;
};

/// What becomes of a command, of the end of a content, or of a reply.
class relay_say {
  public:
    enum class kind : std::uint8_t { pass, answer, instead };

    /// It goes on as it is.
    constexpr relay_say() noexcept = default;
    /// It goes no further. A command that asks the server for something is refused by it: what the server did not say, the client is not
    /// told. NOOP, HELP, VRFY, EXPN and QUIT may be accepted, and a command of the user's own that moves nothing.
    constexpr relay_say(reply const& r) noexcept : answer_(r), what_(kind::answer) {}
    template <std::size_t N>
    consteval relay_say(char const (&literal)[N]) : answer_(literal), what_(kind::answer) {}
    /// This line goes on in its place, without its CRLF: a command with the same verb.
    static constexpr relay_say instead(std::string_view line) noexcept {
        relay_say s;
        s.line_ = line;
        s.what_ = kind::instead;
        return s;
    }
    constexpr kind what() const noexcept { return what_; }
    constexpr reply const& answer() const noexcept { return answer_; }
    constexpr std::string_view line() const noexcept { return line_; }

  private:
    reply answer_{};
    std::string_view line_{};
    kind what_ = kind::pass;
};

/// A reply of the server before the client is told.
struct relayed_reply {
    event to;
    reply_view said;
};

/// What a relay can let pass: what it does not understand never does. STARTTLS, TURN and ATRN make of the connection what it cannot read;
/// FUTURERELEASE, CHECKPOINT and UTF8SMTP are not the server's of ehlo either.
inline constexpr extensions relay_extensions =
    extension::size | extension::eight_bit_mime | extension::pipelining | extension::enhanced_status_codes | extension::smtputf8 | extension::help |
    extension::vrfy | extension::expn | extension::chunking | extension::binary_mime | extension::dsn | extension::auth | extension::deliver_by |
    extension::mt_priority | extension::rrvs | extension::require_tls | extension::limits | extension::mtrk | extension::no_soliciting |
    extension::conperm | extension::conneg | extension::burl | extension::etrn | extension::submitter | extension::send | extension::soml |
    extension::saml | extension::verbose | extension::onex | extension::xclient | extension::xforward;
static_assert((relay_extensions | server_extensions) == server_extensions);
/// Mechanisms that work through a relay: no layer of their own follows, and none is bound to TLS or to its certificates.
inline constexpr mechanisms relay_mechanisms = mechanism::plain | mechanism::login | mechanism::anonymous | mechanism::cram_md5 |
                                               mechanism::scram_sha_1 | mechanism::scram_sha_256 | mechanism::xoauth2 | mechanism::oauthbearer;

/// The policy that a relay has if nobody says otherwise: what the server offers passes if it cannot harm behind a relay (XCLIENT, XFORWARD
/// and REQUIRETLS can), and limits are the server's. `offers`: what may pass; `bare`: reject, or pass (which must then be the server's
/// business); or normalize: after DATA they are made CRLF, which no signature of the message survives. In chunks, whose size was said, it is reject.
constexpr policy relay_policy() noexcept {
    policy p;
    p.offers = relay_extensions;
    for (extension const e : {extension::xclient, extension::xforward, extension::require_tls, extension::verbose, extension::onex, extension::send,
                              extension::soml, extension::saml})
        p.offers = p.offers - e;
    p.max_message = ~std::uint64_t{0};
    p.max_recipients = 0xFFFFFFFF;
    p.max_line = 4096;
    p.reply_space = 4096;   // for an answer to EHLO that somebody else has written
    return p;
}

namespace detail {

template <class H, class E>
concept says = requires(H& h, E const& e) { relay_say(h.on(e)); };

/// What is relayed, and whether the handler is asked about it.
template <class H, class E>
constexpr void check_say() noexcept {
    check_on<H, E>();
    static_assert(!handles<H, E> || says<H, E>, "a relay's `on` returns ehlo::relay_say here: relay_say on(E const&), for the E of check_say<H, E>");
}
template <class H, class... E>
constexpr void check_says() noexcept {
    (check_say<H, E>(), ...);
}
/// STARTTLS and AUTH end at the relay.
template <class H>
inline constexpr bool ends_tls = answers<H, cmd::starttls>;
template <class H>
inline constexpr bool ends_auth = names_mechanisms<H>;

template <class H>
constexpr void check_no_bdat() noexcept {
    static_assert(!has_on<H, cmd::bdat const&>, "a relay does not ask about BDAT, whose octets come in any case: on(ehlo::end_of_content const&)");
}
template <class H, class One>
constexpr void check_own() noexcept {
    using type = typename One::type;
    if constexpr (answers<H, type>) {
        check_on<H, type>();
        static_assert(moves_nothing(One::order), "a yes to this command moves the session, and is the server's to say: relay_say on(One::type const&)");
    } else {
        check_say<H, type>();
    }
}
/// The commands of the user's own that end at the relay, one bit for each.
template <class H, class... Own>
consteval std::uint8_t own_ends() {
    unsigned all = 0, bit = 1;
    ((all |= answers<H, typename Own::type> ? bit : 0u, bit <<= 1), ...);
    static_cast<void>(bit);
    return static_cast<std::uint8_t>(all);
}
template <class H, class... Own>
constexpr void check_relay_handler() noexcept {
    check_says<H, cmd::hello, cmd::mail, cmd::rcpt, cmd::vrfy, cmd::noop, cmd::data, cmd::rset, cmd::quit, cmd::burl, cmd::etrn,
               cmd::onex, cmd::xclient, end_of_content, relayed_reply>();
    check_answers<H, cmd::starttls>();
    check_on<H, content>();
    check_on<H, answered>();
    if constexpr (ends_auth<H>) check_auth<H>();
    else check_say<H, cmd::auth>();
    check_no_bdat<H>();
    (check_own<H, Own>(), ...);
}

// Whether a class has any function `on`: the name means one thing alone in a class derived from both if it does not.
struct has_one_on {
    void on();
};
template <class H>
struct has_two_on : H, has_one_on {};
template <class H>
constexpr bool has_any_on() noexcept {
    if constexpr (std::is_final_v<H> || !std::is_class_v<H>) return true;
    else return !requires { &has_two_on<H>::on; };
}

template <class H, class... Own>
constexpr void require_relay_handler() noexcept {
    if constexpr (has_any_on<H>()) check_relay_handler<H, Own...>();
}
template <class H, class... E>
constexpr bool says_quietly() noexcept {
    return (... && [] {
        if constexpr (handles<H, E>) return noexcept(std::declval<H&>().on(std::declval<E const&>()));
        return true;
    }());
}
template <class H, class... Own>
inline constexpr bool relays_quietly =
    says_quietly<H, cmd::hello, cmd::mail, cmd::rcpt, cmd::vrfy, cmd::noop, cmd::data, cmd::rset, cmd::quit, cmd::burl, cmd::etrn,
                 cmd::onex, cmd::xclient, cmd::starttls, cmd::auth, auth_response, content, end_of_content, relayed_reply, answered,
                 typename Own::type...>() &&
    never_throws_besides<H>();

}  // namespace detail
}  // namespace ehlo
