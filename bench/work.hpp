// What is measured: one pass over a workload each, through the public functions and as a user would write it. Of every
// result some number is made that depends on all of it, so that no part of the work can be left out.
#pragma once

#include "sink.hpp"

#include <ehlo/ehlo.hpp>

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace bench {

// ---- commands and paths ----

inline std::size_t essence(ehlo::path const& p) {
    return static_cast<std::size_t>(p.kind()) + p.local_part().size() + 3 * p.domain().size() +
           static_cast<std::size_t>(p.domain_kind()) + p.text().size() + p.tolerated().bits;
}
struct essence_of {
    std::size_t& sum;
    void operator()(ehlo::cmd::hello const& c) const { sum += c.name.text.size() + static_cast<std::size_t>(c.name.kind); }
    void operator()(ehlo::cmd::mail const& c) const {
        sum += essence(c.from) + c.parameters.size().value_or(1) + c.parameters.unknown_at().value_or(2) + c.tolerated.bits +
               static_cast<std::size_t>(c.parameters.body().value_or(ehlo::body::seven_bit)) + c.parameters.smtputf8();
    }
    void operator()(ehlo::cmd::rcpt const& c) const {
        sum += essence(c.to) + c.parameters.all().text().size() + c.tolerated.bits;
    }
    void operator()(ehlo::cmd::lookup const& c) const { sum += c.string.size() + c.smtputf8; }
    void operator()(ehlo::cmd::remark const& c) const { sum += c.argument.size(); }
    template <ehlo::verb V>
    void operator()(ehlo::cmd::bare<V> const&) const { sum += static_cast<std::size_t>(V); }
    void operator()(ehlo::cmd::auth const& c) const { sum += c.name.size() + c.initial_response.value_or("").size(); }
    void operator()(ehlo::cmd::bdat const& c) const { sum += c.size + c.last; }
    void operator()(ehlo::cmd::burl const& c) const { sum += c.url.size() + c.last; }
    void operator()(ehlo::cmd::etrn const& c) const { sum += c.node.size(); }
    void operator()(ehlo::cmd::atrn const& c) const { sum += c.domains.size(); }
    void operator()(ehlo::cmd::client_facts const& c) const { sum += c.attributes.text().size(); }
};
/// A line as a typed command, parameters included.
inline std::size_t parse_command(std::string_view line) {
    std::size_t sum = 0;
    if (auto const split = ehlo::split_command(line))
        if (auto const fault = ehlo::visit_command(*split, ehlo::strict_syntax, essence_of{sum})) sum = fault->at;
    return sum;
}

/// Calls `with` for every line.
template <class With>
void each_line(std::string_view in, With with) {
    ehlo::line_reader reader;
    while (!in.empty()) {
        auto const line = reader.next(in, 2048);
        use(with(*line));
        in.remove_prefix(line.consumed);
    }
}
inline void read_lines(std::string_view in) {
    each_line(in, [](std::string_view line) { return line.size(); });
}
inline void split_commands(std::string_view in) {
    each_line(in, [](std::string_view line) {
        auto const split = ehlo::split_command(line);
        return static_cast<std::size_t>(split->verb) + split->arguments.size();
    });
}
inline void parse_commands(std::string_view in) { each_line(in, parse_command); }

inline void parse_paths(std::span<std::string_view const> paths) {
    for (std::string_view const p : paths) {
        auto const parsed = ehlo::parse_forward_path(p);
        use(parsed ? essence(*parsed) : parsed.error().at);
    }
}
/// The loop of parse_paths without the work.
inline void visit_paths(std::span<std::string_view const> paths) {
    for (std::string_view const p : paths) use(p.data() + p.size());
}

/// As a client writes them: MAIL with its usual parameters, and RCPT.
inline void write_commands(std::span<std::string_view const> paths, std::span<char> room) {
    for (std::string_view const p : paths) {
        ehlo::writer out(room.data(), room.size());
        use(ehlo::write_mail(out, p, {.size = 4096, .body = ehlo::body::eight_bit_mime}).has_value());
        use(ehlo::write_rcpt(out, p).has_value());
        use(out.size());
        use_memory();
    }
}

// ---- replies ----

inline void parse_replies(std::string_view in) {
    while (!in.empty()) {
        auto const r = ehlo::parse_reply(in);
        use(r->code() + r->line_count());
        in.remove_prefix(r.consumed);
    }
}
inline void parse_capabilities(std::string_view answer) {
    auto const r = ehlo::parse_reply(fresh(answer));
    auto const c = ehlo::parse_capabilities(*r);
    use(c->offered.bits + c->max_size.value_or(0));
}
inline void parse_ehlo_answer(std::string_view answer) {
    auto const r = ehlo::parse_reply(fresh(answer));
    auto const a = ehlo::parse_ehlo_answer(*r);
    use(a->offered.bits + a->size.value_or(0) + a->domain.size() + a->greet.size() + a->auth_text.size() +
        a->limits.rcpt_max.value_or(0) + a->limits.mail_max.value_or(0));
}

/// As a server writes them: the usual ones, and one of its own.
inline constexpr ehlo::reply usual_replies[] = {
    ehlo::replies::ok, ehlo::replies::sender_ok, ehlo::replies::recipient_ok, ehlo::replies::message_accepted,
    "451 4.7.1 Greylisting in action, please come back later"};
inline void write_replies(std::span<char> room) {
    for (ehlo::reply const& r : usual_replies) {
        ehlo::writer out(room.data(), room.size());
        use(ehlo::write_reply(out, r).has_value());
        use(out.size());
        use_memory();
    }
}
inline void write_capabilities(std::span<char> room, ehlo::capabilities const& offered) {
    ehlo::writer out(room.data(), room.size());
    use(ehlo::write_capabilities(out, "mx.example.org", "at your service", offered).has_value());
    use(out.size());
    use_memory();
}

// ---- content ----

inline void decode_content(std::string_view in, char* out) {
    ehlo::content_decoder decoder;
    for (;;) {
        ehlo::content_piece const piece = decoder.next(in);
        std::memcpy(out, piece.octets.data(), piece.octets.size());
        out += piece.octets.size();
        in.remove_prefix(piece.consumed);
        if (piece.end) break;
    }
    use(out);
    use(decoder.bare_cr() || decoder.bare_lf());
    use_memory();
}
inline void decode_spans(std::string_view in) {
    ehlo::content_decoder decoder;
    for (;;) {
        ehlo::content_piece const piece = decoder.next(in);
        use(piece.octets.data() + piece.octets.size());
        in.remove_prefix(piece.consumed);
        if (piece.end) break;
    }
    use(decoder.bare_cr() || decoder.bare_lf());
}
inline void encode_content(std::string_view in, std::span<char> room) {
    ehlo::content_encoder encoder;
    ehlo::writer out(room.data(), room.size());
    use(encoder.encode(in, out).has_value() && encoder.finish(out).has_value());
    use(out.size());
    use_memory();
}

// ---- octets that come in chunks of some size: a buffer that grows, as a socket fills it ----

/// `Reader` is a line_reader or a reply_reader; `more` are the arguments of its next() behind the buffer.
template <class Reader, class... More>
void read_chunks(std::string_view in, std::size_t chunk, More... more) {
    Reader reader;
    std::size_t begin = 0;
    for (std::size_t end = 0; end < in.size();) {
        end += chunk < in.size() - end ? chunk : in.size() - end;
        for (;;) {
            auto const r = reader.next(in.substr(begin, end - begin), more...);
            begin += r.consumed;
            use(begin);
            if (r.need_more() || r.consumed == 0) break;
        }
    }
}
inline void decode_chunks(std::string_view in, std::size_t chunk) {
    ehlo::content_decoder decoder;
    std::size_t begin = 0;
    for (std::size_t end = 0; end < in.size();) {
        end += chunk < in.size() - end ? chunk : in.size() - end;
        for (;;) {
            ehlo::content_piece const piece = decoder.next(in.substr(begin, end - begin));
            begin += piece.consumed;
            use(piece.octets.data() + piece.octets.size());
            if (piece.end || piece.consumed == 0) break;
        }
    }
}

// ---- base64 and xtext ----

inline void encode_base64(std::string_view in, std::span<char> room) {
    ehlo::writer out(room.data(), room.size());
    use(ehlo::encode_base64(out, in).has_value());
    use_memory();
}
inline void decode_base64(std::string_view in, std::span<char> room) {
    ehlo::writer out(room.data(), room.size());
    use(ehlo::decode_base64(out, in).has_value());
    use_memory();
}
inline void encode_xtext(std::string_view in, std::span<char> room) {
    ehlo::writer out(room.data(), room.size());
    use(ehlo::write_xtext(out, ehlo::xtext(in)).has_value());
    use_memory();
}
inline void decode_xtext(std::string_view in, std::span<char> room) {
    ehlo::writer out(room.data(), room.size());
    auto const x = ehlo::parse_xtext(in);
    use(x && ehlo::write_decoded(out, *x).has_value());
    use_memory();
}

// ---- sessions ----

struct accepting {
    std::size_t octets = 0;
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const& c) { return octets += c.from.text().size(), ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const& c) { return octets += c.to.text().size(), ehlo::replies::recipient_ok; }
    void on(ehlo::content const& c) { octets += c.octets.size(); }
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::message_accepted; }
};
/// Greeting to QUIT with a client that awaits every reply: `reads` are what comes from it, one call for each.
inline void serve(std::span<std::string_view const> reads) {
    ehlo::server server("mx.example.org");
    accepting handler;
    char room[2048];
    use(server.advance({}, handler, room).produced);
    for (std::string_view const in : reads) {
        use(server.advance(in, handler, room).produced);
        use_memory();
    }
    use(handler.octets);
}
/// The same session as a client, with PIPELINING. `replies` are what comes from the server. False if it did not go well.
inline bool send(std::span<std::string_view const> replies, std::string_view content, std::span<char> room) {
    ehlo::client client;
    ehlo::writer out(room.data(), room.size());
    bool ok = true;
    auto receive = [&](std::string_view in) {
        while (!in.empty()) {
            auto const r = client.receive(in);
            ok = ok && r.ready() && r->accepted;
            if (!r.ready()) break;
            in.remove_prefix(r.consumed);
        }
    };
    receive(replies[0]);
    ok = ok && client.hello(out, "client.example.net");
    receive(replies[1]);
    ok = ok && client.mail(out, "<ann.smith@example.net>", {.size = 4096, .body = ehlo::body::eight_bit_mime}) &&
         client.rcpt(out, "<bob@mail.example.org>") && client.data(out);
    receive(replies[2]);
    ok = ok && client.content(content, out) && client.end_content(out);
    receive(replies[3]);
    ok = ok && client.bare(out, ehlo::verb::quit);
    receive(replies[4]);
    use(out.size());
    use_memory();
    return ok && client.where() == ehlo::state::closed;
}

/// Many sessions at once: a NOOP to one, a NOOP to another, in an order that no cache foresees.
class crowd {
    std::vector<ehlo::server> sessions_;
    std::size_t at_ = 0;

  public:
    /// `size` is a power of two.
    explicit crowd(std::size_t size) : sessions_(size, ehlo::server("mx.example.org")) { visit(size); }
    void visit(std::size_t count) {
        accepting handler;
        char room[2048];
        for (std::size_t i = 0; i < count; ++i) {
            // Comes to every session before it comes to one again, as the size is a power of two.
            at_ = (at_ * 1664525 + 1013904223) % sessions_.size();
            use(sessions_[at_].advance("NOOP\r\n", handler, room).produced);
        }
    }
};

}  // namespace bench
