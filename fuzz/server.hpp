// What the fuzz targets of the server machine share: a handler that says anything, an event loop that gives and takes in any
// pieces, and a count of the replies.
#pragma once

#include "fuzz.hpp"

#include <vector>

namespace fuzz {

using namespace ehlo;

// Says yes, no, later, or nonsense, by the octets of the argument alone; so every run of an input is the same.
struct handler {
    std::string log;
    std::string text;  // the content so far
    // A model of the transaction, to compare what the machine says with.
    bool lmtp = false;
    bool open = false;
    std::uint32_t recipients = 0;
    std::uint32_t replied = 0;  // to the content, so far
    std::vector<answered> answers;  // without the texts, which are gone
    enum class asked : std::uint8_t { nothing, mail, rcpt, other } last = asked::nothing;
    std::uint32_t stir = 0;

    void note(std::string_view what, std::string_view detail) {
        ((log += '\n') += what) += ' ';
        log += detail;
        for (char c : detail) stir = stir * 31 + static_cast<unsigned char>(c);
    }
    reply choose(reply const& good) {
        stir = stir * 1664525u + 1013904223u;
        switch (stir >> 16 & 31) {
        case 0: return "550 5.7.1 No";
        case 1: return "451 4.3.0 Later";
        case 2: return reply::later;
        case 3: return reply(354, "of no class that fits");
        case 4: return reply(250, "an \n LF");
        case 5: return reply(999, "no code");
        case 6: return reply(550, status{2, 0, 0}, "another class");
        case 7: return stir >> 21 & 7 ? good : reply(421, "had enough");
        case 8: return reply(250, many);
        default: return good;
        }
    }
    static constexpr char words[] = "many words that go on and on ";
    std::string many = [] {
        std::string s;
        while (s.size() < 1500) s += words;
        return s;
    }();

    reply on(cmd::hello const& c) {
        note(name(c.verb), c.name.text);
        last = asked::other;
        return choose(replies::ok);
    }
    reply on(cmd::mail const& c) {
        note("MAIL", c.from.text());
        last = asked::mail;
        return choose(replies::sender_ok);
    }
    reply on(cmd::rcpt const& c) {
        note("RCPT", c.to.text());
        last = asked::rcpt;
        return choose(replies::recipient_ok);
    }
    reply on(cmd::lookup const& c) {
        note(name(c.verb), c.string);
        last = asked::other;
        return choose(replies::cannot_verify);
    }
    reply on(cmd::remark const& c) {
        note(name(c.verb), c.argument);
        last = asked::other;
        return choose(replies::ok);
    }
    reply on(cmd::data const&) {
        note("DATA", "");
        last = asked::other;
        return choose(replies::start_content);
    }
    void on(content const& c) {
        check(!c.octets.empty(), "a piece of content is not empty");
        text += c.octets;
    }
    reply on(end_of_content const& c) {
        note("end", text + ' ' + std::to_string(c.recipients));
        check(c.octets == text.size(), "the octets counted are those that were handed over");
        check(c.recipients == recipients && recipients != 0,
              "the recipients counted are those that were accepted");
        check(c.recipient == replied && c.recipient < c.recipients, "one recipient after the other is asked about");
        last = asked::other;
        return choose(replies::message_accepted);
    }
    void on(abandoned const&) {
        check(open, "only a transaction is abandoned");
        // How much of a content was handed over before its fault was met depends on the pieces: that is not noted.
        note("abandoned", "");
        forget();
    }
    void on(answered const& a) {
        note(name(a.event), std::to_string(a.sent.code));
        if (a.fault) log += name(a.fault->code);
        answers.push_back(a);
        answers.back().sent.text = {};
        if (a.fault) fuzz::check_failure(*a.fault, 1u << 20, a.verb);
        check(!ehlo::check(a.sent), "a reply that was sent can be sent");
        if (a.event == event::content_end) {
            if (!lmtp || ++replied >= recipients) forget();
        } else if ((a.fault && blame(a.fault->code) != blame_t::misuse) || !a.sent.accepted()) {
            return;
        } else if (a.event == event::mail) {
            forget();
            open = true;
        } else if (a.event == event::rcpt) {
            ++recipients;
        } else if (a.event == event::hello || a.event == event::helo || a.event == event::rset) {
            forget();
        }
    }
    void forget() {
        open = false;
        recipients = replied = 0;
        text.clear();
    }
};

struct transcript {
    std::string log, output;
    std::size_t consumed = 0;
    state where = state::connected;
    bool operator==(transcript const&) const = default;
};

// An event loop. `room` draws the size of each output buffer; pieces draw those of the input.
template <class Server>
transcript run(std::string_view in, fuzz::arrival how) {
    Server server("mx.example");
    handler h;
    h.lmtp = Server::rules.service == service::lmtp;
    transcript t;
    fuzz::sizes draw(in);
    bool const whole = how == fuzz::arrival::whole;
    bool wider = false;
    auto one = [&](auto&& call) {
        // At times too little room for a reply: then the machine must ask for more, and not go on.
        fuzz::block buffer(whole || wider         ? 8192
                           : draw.next(0, 2) == 0 ? draw.next(0, 1023)
                                                  : draw.next(1024, 3000));
        step const s = call(std::span(buffer.data(), buffer.size()));
        t.output += buffer.view().substr(0, s.produced);
        wider = s.want == want::write || s.want == want::room;
        return s;
    };
    auto drive = [&](std::string_view pending) {
        std::size_t used = 0;
        for (;;) {
            bool const closed = server.where() == state::closed;
            step s = one([&](std::span<char> out) { return server.advance(pending.substr(used), h, out); });
            check(s.consumed <= pending.size() - used, "no more is consumed than there is");
            check(!closed || (s.consumed == 0 && s.produced == 0 && s.want == want::close),
                  "closed is closed");
            used += s.consumed;
            while (s.want == want::reply) {
                reply const r = h.choose(replies::ok);
                do s = one([&](std::span<char> out) { return server.answer(r, h, out); });
                while (s.want == want::room);
                used += s.consumed;
                s.want = want::write;  // and on with the rest
            }
            if (s.want == want::close || s.want == want::read) return used;
        }
    };
    drive({});
    check(server.where() != state::connected, "the greeting needs no input");
    t.consumed = fuzz::deliver(in, how, [&](std::string_view pending, bool&) { return drive(pending); });
    check(server.recipients() == h.recipients || server.where() == state::closed, "recipients are counted");
    check(in_transaction(server.where()) == h.open || server.where() == state::closed,
          "a transaction is one to both");
    t.where = server.where();
    bool const open = in_transaction(t.where);
    std::size_t const before = h.log.size();
    server.disconnected(h);
    check(open == (h.log.size() != before) && server.where() == state::closed,
          "a lost connection drops the transaction");
    step const s = one([&](std::span<char> out) { return server.advance(in, h, out); });
    check(s.consumed == 0 && s.produced == 0 && s.want == want::close, "behind the end there is nothing");
    t.log = h.log;

    // As many replies as were told of, and each can be read.
    std::size_t replies = 0;
    for (std::string_view rest = t.output; !rest.empty(); ++replies) {
        auto const r = parse_reply(rest);
        check(r.ready(), "what a server says are replies", rest);
        rest.remove_prefix(r.consumed);
    }
    check(replies == h.answers.size(), "every reply is told of, and nothing else", t.output);
    return t;
}

// Whether a reader that cuts lines at any CR, LF or NUL and trims white space takes a line for a BDAT.
inline bool may_be_chunk(std::string_view line) {
    auto const blank = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127; };
    while (!line.empty()) {
        std::size_t const end = line.find_first_of(std::string_view("\r\n\0", 3));
        std::string_view part = line.substr(0, end);
        while (!part.empty() && blank(part.front())) part.remove_prefix(1);
        if (iequals(part.substr(0, 4), "BDAT") && (part.size() == 4 || blank(part[4]))) return true;
        line.remove_prefix(end == line.npos ? line.size() : end + 1);
    }
    return false;
}

// The commands and contents of a session, cut by searching alone: only the replies tell which of the two comes next. Each has
// one reply, but for a content in LMTP: that has one for each recipient that was accepted (RFC 2033 4.2).
inline void check_count(std::string_view in, transcript const& t, policy const& rules) {
    std::string_view replies = t.output;
    auto next_code = [&replies]() -> unsigned {
        auto const r = parse_reply(replies);
        if (!r.ready()) return 0;
        replies.remove_prefix(r.consumed);
        return r->code();
    };
    unsigned code = next_code();
    check(code == 220, "first comes the greeting", t.output);
    bool bye = false;
    std::uint32_t recipients = 0;
    for (std::size_t at = 0; code != 421 && !bye;) {
        bool const in_content = code == 354;
        std::string const rest = (in_content ? "\r\n" : "") + std::string(in.substr(at));
        std::string_view const mark = in_content ? "\r\n.\r\n" : "\r\n";
        std::size_t const end = rest.find(mark);
        if (end == rest.npos) break;
        at += end + mark.size() - (in_content ? 2 : 0);
        check(!in_content || recipients != 0, "a content is for somebody", t.output);
        std::uint32_t due = in_content && rules.service == service::lmtp ? recipients : 1;
        do code = next_code();
        while (--due != 0 && code != 421 && code != 0);
        check(code != 0, "each command has its reply, and each content as many as it is due", t.output);
        bye = code == 221;
        std::string_view const line = std::string_view(rest).substr(0, end), word = line.substr(0, 4);
        if (in_content) recipients = 0;
        else if (code / 100 == 2 && iequals(word, "RCPT")) ++recipients;
        else if (code / 100 == 2)
            for (std::string_view const begins_anew : {"HELO", "EHLO", "LHLO", "MAIL", "SEND", "SOML", "SAML", "RSET"})
                if (iequals(word, begins_anew)) recipients = 0;
        if (in_content) continue;
        // A chunk is refused, and passed over: it holds no commands. What may be one and cannot be passed over ends the session.
        bool const readable = line.find_first_of(std::string_view("\r\n\0", 3)) == line.npos && end + 2 <= rules.max_line;
        if (t.where == state::closed && replies.empty() && code / 100 == 5) break;
        auto const split = split_command(line, rules.grammar);
        bool const chunk = readable && split && split->verb == verb::bdat && parse_bdat(split->arguments);
        check(chunk || code / 100 == 2 || !may_be_chunk(line), "behind what may be a chunk nothing is a command", line);
        if (!chunk) continue;
        auto const size = parse_bdat(split->arguments)->size;
        if (size > in.size() - at) break;
        at += static_cast<std::size_t>(size);
    }
    check(replies.empty(), "there is no reply but to a command or a content", t.output);
}

template <policy Policy>
void check_server(std::string_view in) {
    using server_type = basic_server<Policy>;
    transcript const whole = run<server_type>(in, fuzz::arrival::whole);
    for (auto const how : {fuzz::arrival::octets, fuzz::arrival::pieces}) {
        if (!fuzz::worth(how, in)) continue;
        transcript const parts = run<server_type>(in, how);
        check(parts.output == whole.output, "pieces and room do not change the replies",
              whole.output + "\n---\n" + parts.output);
        check(parts.log == whole.log, "pieces and room do not change the calls",
              whole.log + "\n---" + parts.log);
        check(parts.where == whole.where, "pieces and room do not change the state");
        check(parts.consumed == whole.consumed, "pieces and room do not change what is consumed");
    }
    if (!Policy.grammar.tolerate.has(rule::bare_lf_line)) check_count(in, whole, server_type::rules);
}

}  // namespace fuzz
