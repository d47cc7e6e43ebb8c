// The typestate client: what is out of order does not compile. A shell of types over `client`, derived from the table.
//
//   auto ready = ehlo::flow::connected(smtp).on(io.reply()).accepted()                  // smtp: an ehlo::client
//                    .hello(io.out, "me.example").on(io.reply()).accepted();
//   auto mail = std::move(ready).mail(io.out, "<ann@me.example>").on(io.reply());
//   if (!mail) return mail.reply().code();
//   std::move(mail).accepted().data(io.out);        // does not compile: state::mail, event::data are out of order
//
// A command belongs to a session and gives `awaiting`, which takes its reply and gives `answered`, which must be asked for the
// session that follows: accepted(), refused(), challenged() or either_way(). So a reply that was not looked at does not
// compile, either. Types know where a session is *if* the answer was the one that was asked for; if it was not, or if nothing
// could be written, the session is not there: it is false, and its commands write nothing.
//
// io.reply() is the caller's. It gives what client::receive() says once that is no longer need_more, waiting for octets as
// long as client::awaits(); need_more means that the connection is lost:
//
//   auto reply() {
//       in.erase(0, used);
//       for (;;) {
//           auto const r = smtp.receive(in);
//           if (r.need_more() && smtp.awaits() && send_and_wait()) continue;
//           used = r.consumed;
//           return r;
//       }
//   }
//
// A session is spent by the command that leads on, so `std::move` stands before it; commands that lead nowhere else (NOOP,
// VRFY, RCPT in an envelope ...) need none. Clang warns of a spent session that is used again (-Wconsumed). GCC does not; then
// it is not there, unless the client has come back to where it was. The commands are in detail/flow_commands.hpp: each has the
// name and the arguments that it has in `client`.
#pragma once

#include <ehlo/detail/flow_commands.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ehlo::inline v0::inline EHLO_TARGET::flow {

template <class Client, class... Where>
class session;
template <class Client, event On, class... From>
class awaiting;
template <class Client, event Last, class Hoped, class Possible>
class pipeline;

namespace detail {
template <class Client, class Set>
using session_in = typename explode<session, Client, Set>::type;
/// What a session at these places knows of what may come.
template <class Client, class... Where>
struct places {
    static constexpr place_set all = make_places<Where...>();
    static constexpr bool alone = true;   // nothing is under way
    template <event On>
    static constexpr bool can = (in_order<Client, Where, On> && ...);
    /// Whether an event leads nowhere else.
    template <event On>
    static constexpr bool remains = all.has(after_any<Client>(all, On));
    template <class One>
    static constexpr event own = protocol_of<Client>::template event_of<One>;
};
template <class Client, class Set>
using places_in = typename explode<places, Client, Set>::type;

/// Likewise with commands under way, the last of which is `Last`: where they lead if all are accepted, and where they may lead.
template <class Client, event Last, class Hoped, class Possible>
struct places_ahead {
    static constexpr bool alone = false;
    /// Octets follow, or it must be heard first (RFC 4468 3.2).
    static constexpr event_set waits = event::chunk_end | event::last_chunk_end | event::last_burl;
    template <event On>
    static constexpr bool can = is_pipelined(Last) && !waits.has(Last) && Hoped::template can<On>;
    template <event On>
    static constexpr bool remains = On == Last && Hoped::all.has(after_success<Client>(Hoped::all, On)) && Possible::template remains<On>;
    template <class One>
    static constexpr event own = protocol_of<Client>::template event_of<One>;
};
}  // namespace detail

template <class Client, event On, class... From>
class answered;

namespace detail {
/// PRDR: the end of the message may have a reply for each recipient, see awaiting::each().
template <event On, class... From>
concept has_one_reply = replies_of(On) != replies_due::or_prdr || !(From::known.has(fact::prdr) || ...);

template <event On>
struct answered_by {
    template <class Client, class... From>
    using type = answered<Client, On, From...>;
};
/// What follows a command.
template <class Client, event On, class... From>
struct under_way {
    static constexpr bool is_chunk = On == event::chunk_end || On == event::last_chunk_end;
    // Where the reply is given: for a chunk that is after its BDAT.
    using at = std::conditional_t<is_chunk, answered_places<Client, places<Client, From...>, event::bdat, answer::done>, places<Client, From...>>;
    using hoped = places_in<Client, hoped_places<Client, at, On>>;
    using possible = places_in<Client, possible_places<Client, at, On>>;
    using ahead = places_ahead<Client, On, hoped, possible>;
    using answered_type = typename explode<answered_by<On>::template type, Client, at>::type;
};
}  // namespace detail

/// A session at one of these places; or not there at all, if it came of an answer that was another one.
template <class Client, class... Where>
class [[nodiscard]] EHLO_CONSUMABLE session : public detail::commands<session<Client, Where...>, detail::places<Client, Where...>> {
    using here = detail::places<Client, Where...>;
    Client* client_;

    friend detail::commands<session, here>;
    template <event On, fact_set Brings, class Write>
    constexpr auto step(Write& write) noexcept {
        // What MAIL brings is known from its acceptance on, and counts only in a transaction: see after().
        using next = awaiting<Client, On, detail::place_of<Client, Where::where, (Where::known | Brings).bits>...>;
        return next(*client_, *this ? write(*client_) : result<std::size_t>(fail(errc::bad_sequence, 0)));
    }
    template <event End, class Write>
    constexpr auto chunk(Write&& write) noexcept {
        using next = awaiting<Client, End, Where...>;
        return next(*client_, *this ? write(*client_) : result<std::size_t>(fail(errc::bad_sequence, 0)));
    }

  public:
    EHLO_UNCONSUMED constexpr explicit session(Client& c) noexcept : client_(&c) {}
    /// One of fewer places is one of more.
    template <class... Fewer>
        requires(detail::make_places<Where...>().has(detail::make_places<Fewer...>()) && sizeof...(Fewer) < sizeof...(Where))
    EHLO_UNCONSUMED constexpr session(session<Client, Fewer...> const& other) noexcept : client_(&other.client()) {}

    /// Whether the client is here, and nothing is under way.
    constexpr explicit operator bool() const noexcept {
        fact_set const known = client_->known() & detail::guards<Client>;
        return ((client_->where() == Where::where && known == Where::known) || ...) && !client_->awaits() && !client_->over();
    }
    constexpr Client& client() const noexcept { return *client_; }

    /// The part of these places that is in a state: a session that is there if the client is.
    template <state S>
    EHLO_CONSUMES constexpr auto as() && noexcept requires(((Where::where == S) || ...)) {
        return detail::session_in<Client, detail::places_of_state<here, S>>(*client_);
    }
    /// With a recipient or without: RCPT leads nowhere else, so it can be said in a loop.
    ///     auto envelope = std::move(mail).envelope();
    ///     for (auto to : recipients) envelope.rcpt(io.out, to).on(io.reply());
    ///     auto rcpt = std::move(envelope).as<ehlo::state::rcpt>();
    EHLO_CONSUMES constexpr auto envelope() && noexcept requires detail::in_order_at<here, event::rcpt> {
        return detail::session_in<Client, detail::closed_places<Client, here, event::rcpt>>(*client_);
    }

    /// Content after an accepted DATA: as client::content: call until it is done.
    constexpr encoded_content content(std::string_view octets, writer& out) noexcept requires detail::in_order_at<here, event::content_end> {
        if (!*this) return fail(errc::bad_sequence, 0);
        return client_->content(octets, out);
    }
    /// Ends it: CRLF "." CRLF, all of it or nothing. output_full if there is room for fewer than 5 octets: then back() is the session
    /// as it was, to be tried again.
    EHLO_CONSUMES constexpr auto end_content(writer& out) && noexcept requires detail::in_order_at<here, event::content_end> {
        auto end = [&out](Client& c) noexcept -> result<std::size_t> {
            constexpr std::size_t longest = 5;
            if (out.ok() && !c.over() && out.room() < longest) return fail(errc::output_full, out.size());
            std::size_t const before = out.size();
            auto const finished = c.end_content(out);
            if (finished.failed()) return finished.error();
            return out.size() - before;
        };
        return step<event::content_end, fact_set{}>(end);
    }
    /// The TLS handshake that STARTTLS led to is over.
    EHLO_CONSUMES constexpr auto secured() && noexcept requires detail::in_order_at<here, event::secured> {
        if (*this) static_cast<void>(client_->secured());   // in order here: nothing to be told
        return detail::session_in<Client, detail::answered_places<Client, here, event::secured, answer::done>>(*client_);
    }
};

/// What a command was answered. Ask it for the session that follows.
template <class Client, event On, class... From>
class EHLO_CONSUMABLE answered {
    enum class kind : std::uint8_t { unsent, over, done, more, refused };

    Client* client_;
    reply_view reply_{};
    failure failure_{errc::session_over, 0};
    kind kind_ = kind::over;

    using from = detail::places<Client, From...>;
    template <answer A>
    using to = detail::answered_places<Client, from, On, A>;
    static constexpr bool asks = to<answer::more>::all.count != 0, does = to<answer::done>::all.count != 0;

  public:
    constexpr answered(Client& c, std::optional<failure> unsent, progress<client_reply> const& r) noexcept : client_(&c) {
        if (unsent) {
            failure_ = *unsent;
            kind_ = kind::unsent;
        } else if (r.failed()) {
            failure_ = r.error();
        } else if (r.need_more()) {
            if (c.awaits()) c.disconnected();
        } else {
            reply_ = r->reply;
            answer const a = answer_of(reply_.code());
            bool const led_there = On == event::quit || c.where() == state::turned;   // the end that was asked for
            kind_ = c.over() && !led_there ? kind::over : a == answer::done ? kind::done : a == answer::more ? kind::more : kind::refused;
        }
    }

    /// Whether it was accepted: whether accepted() is there.
    constexpr explicit operator bool() const noexcept { return kind_ == (does ? kind::done : kind::more); }
    constexpr bool is_refused() const noexcept { return kind_ == kind::refused; }
    constexpr bool is_challenged() const noexcept { return asks && kind_ == kind::more; }
    /// Empty, with the code 0, if there was none.
    constexpr reply_view const& reply() const noexcept { return reply_; }
    /// Why there is no reply: what the command was not written for; session_over if the connection was lost; what was wrong
    /// with the reply.
    constexpr failure error() const noexcept { return failure_; }

    EHLO_CONSUMES constexpr auto accepted() && noexcept { return detail::session_in<Client, detail::hoped_places<Client, from, On>>(*client_); }
    EHLO_CONSUMES constexpr auto refused() && noexcept { return detail::session_in<Client, to<answer::refused>>(*client_); }
    /// 334: AUTH goes on with auth_response() or auth_cancel().
    EHLO_CONSUMES constexpr auto challenged() && noexcept requires(asks && does) {
        return detail::session_in<Client, to<answer::more>>(*client_);
    }
    /// Wherever the answer led: nothing may follow but what is in order in each of these places.
    EHLO_CONSUMES constexpr auto either_way() && noexcept { return detail::session_in<Client, detail::possible_places<Client, from, On>>(*client_); }
};

/// A command under way.
template <class Client, event On, class... From>
class [[nodiscard("the reply must be given to on()")]] EHLO_CONSUMABLE awaiting
    : public detail::commands<awaiting<Client, On, From...>, typename detail::under_way<Client, On, From...>::ahead> {
    using way = detail::under_way<Client, On, From...>;
    using pipelined = pipeline<Client, On, typename way::hoped, typename way::possible>;
    Client* client_;
    failure unsent_{};
    bool sent_ = true;

    friend detail::commands<awaiting, typename way::ahead>;
    template <event Next, fact_set Brings, class Write>
    constexpr auto step(Write& write) noexcept {
        return pipelined(*client_, unsent()).template step<Next, Brings>(write);
    }
    constexpr std::optional<failure> unsent() const noexcept { return sent_ ? std::nullopt : std::optional(unsent_); }

  public:
    EHLO_UNCONSUMED constexpr awaiting(Client& c, result<std::size_t> const& written) noexcept : client_(&c), sent_(written) {
        if (!written) unsent_ = written.error();
    }
    /// Whether the command was written. If not, nothing was.
    constexpr explicit operator bool() const noexcept { return sent_; }
    constexpr failure error() const noexcept { return unsent_; }

    EHLO_CONSUMES constexpr auto on(progress<client_reply> const& r) && noexcept requires detail::has_one_reply<On, From...> {
        return typename way::answered_type(*client_, unsent(), r);
    }
    /// The session as it was, if the command was not written.
    EHLO_CONSUMES constexpr auto back() && noexcept {
        return session<Client, detail::place_of<Client, From::where, (in_transaction(From::where) ? From::known : From::known - smtp_protocol::of_transaction).bits>...>(*client_);
    }
    /// For several replies: LMTP has one for each recipient (RFC 2033 4.2), and so may a message with PRDR.
    EHLO_CONSUMES constexpr auto each() && noexcept {
        return pipelined(*client_, unsent());
    }

    /// The octets of a chunk: as client::content: call until it is done.
    constexpr encoded_content content(std::string_view octets, writer& out) noexcept requires way::is_chunk {
        if (!sent_) return unsent_;
        return client_->content(octets, out);
    }
};

/// Commands under way, one after the other without waiting (RFC 2920), or one that has several replies.
///     auto all = std::move(ready).mail(io.out, from).rcpt_each(io.out, recipients).data(io.out);
///     while (all.awaits()) note(all.on(io.reply()));
///     auto content = std::move(all).as<ehlo::state::content>();
template <class Client, event Last, class Hoped, class Possible>
class EHLO_CONSUMABLE pipeline
    : public detail::commands<pipeline<Client, Last, Hoped, Possible>, detail::places_ahead<Client, Last, Hoped, Possible>> {
    Client* client_;
    std::optional<failure> unsent_;

    template <class, event, class...>
    friend class awaiting;
    template <class, event, class, class>
    friend class pipeline;
    friend detail::commands<pipeline, detail::places_ahead<Client, Last, Hoped, Possible>>;
    template <event On, fact_set Brings, class Write>
    constexpr auto step(Write& write) noexcept {
        if (!unsent_)
            if (auto const written = write(*client_); !written) unsent_ = written.error();
        return pipeline<Client, On, detail::places_in<Client, detail::hoped_places<Client, Hoped, On, Brings>>,
                        detail::places_in<Client, detail::possible_places<Client, Possible, On, Brings>>>(*client_, unsent_);
    }

  public:
    EHLO_UNCONSUMED constexpr pipeline(Client& c, std::optional<failure> unsent) noexcept : client_(&c), unsent_(unsent) {}

    /// Whether all was written. What comes after a command that could not be is not written.
    constexpr explicit operator bool() const noexcept { return !unsent_; }
    constexpr failure error() const noexcept { return unsent_.value_or(failure{}); }
    /// The event whose reply comes next.
    constexpr std::optional<event> awaits() const noexcept { return client_->awaits(); }
    /// The next reply: as it was given, or the end of the session.
    constexpr progress<client_reply> on(progress<client_reply> const& r) noexcept {
        if (r.need_more() && client_->awaits()) client_->disconnected();
        return r;
    }
    /// The session after all replies, in a state that may have come of them.
    template <state S>
    EHLO_CONSUMES constexpr auto as() && noexcept {
        return detail::session_in<Client, Possible>(*client_).template as<S>();
    }
    EHLO_CONSUMES constexpr auto either_way() && noexcept { return detail::session_in<Client, Possible>(*client_); }
};

/// The beginning: the greeting is under way. `Known`: fact::tls for a connection that has TLS from the beginning, after
/// client::secured() (RFC 8314).
template <fact_set Known = fact_set{}, class Client>
constexpr auto connected(Client& c) noexcept {
    return awaiting<Client, event::greeting, detail::place_of<Client, state::connected, Known.bits>>(c, std::size_t{0});
}
/// A client that was driven without types, or that was kept open: there if it is where the caller says.
template <state In, fact_set Known = fact_set{}, class Client>
constexpr auto resumed(Client& c) noexcept {
    return session<Client, detail::place_of<Client, In, Known.bits>>(c);
}

}  // namespace ehlo::flow
