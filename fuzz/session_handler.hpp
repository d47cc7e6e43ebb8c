// A handler for the fuzz targets of the server machine: it has every function there is, and says anything.
#pragma once

#include "fuzz.hpp"

#include <vector>

namespace fuzz {

using namespace ehlo;

/// A message as the handler was given it and took it; in LMTP one for each recipient that it was taken for.
struct delivery {
    std::string from;
    std::vector<std::string> to;
    std::string text;
    bool operator==(delivery const&) const = default;
};

/// What was told of one reply.
struct told {
    event of;
    unsigned code;
    std::string shown;      // of the line, what may stand in a log
    std::size_t line_size;
};

// Says yes, no, later, or nonsense, by what it was asked alone; so every run of an input is the same.
struct handler {
    // How it is.
    bool lmtp = false;
    bool agrees = false;        // says yes to all
    bool greets = false;        // says what it likes in the greeting, too
    bool edits = false;         // takes some of the offers back

    std::string log;
    std::vector<told> answers;
    std::vector<delivery> delivered;
    bool clear_after_starttls = false;
    std::uint32_t stir = 0;

    // The transaction, to compare what the machine says with.
    bool open = false;
    delivery message;
    std::uint32_t recipients = 0;
    std::uint32_t replied = 0;  // to the content, so far
    bool each = false;          // PRDR: 353 was said
    std::vector<std::string> taken;   // and so far these recipients were taken
    std::string asked_path;
    bool auth_waits = false;    // what was asked last was AUTH, or a response

    void note(std::string_view what, std::string_view detail) {
        ((log += '\n') += what) += ' ';
        log += detail;
        for (char c : detail) stir = stir * 31 + static_cast<unsigned char>(c);
        auth_waits = false;
    }
    unsigned draw(unsigned count) {
        stir = stir * 1664525u + 1013904223u;
        return (stir >> 16) % count;
    }
    reply choose(reply const& good) {
        unsigned const drawn = draw(32);
        if (agrees) return good;
        switch (drawn) {
        case 0: return "550 5.7.1 No";
        case 1: return "451 4.3.0 Later";
        case 2: return reply::later;
        case 3: return reply(354, "of no class that fits");
        case 4: return reply(good.code, "an \n LF");
        case 5: return reply(999, "no code");
        case 6: return reply(550, status{2, 0, 0}, "another class");
        case 7: return stir >> 21 & 7 ? good : reply(421, "had enough");
        case 8: return reply(good.code, many);
        default: return good;
        }
    }
    auth_answer choose_auth(bool said_something = true) {
        auth_waits = true;
        unsigned const drawn = draw(16);
        if (agrees && drawn < 14) return said_something ? auth_answer(replies::authenticated) : auth_answer(challenge{"Who?"});
        if (drawn < 5) return replies::authenticated;
        if (drawn < 9) return challenge{"Who?"};
        if (drawn == 9) return challenge{""};
        if (drawn == 10 && !agrees) return challenge{many};
        if (drawn == 11 && !agrees) return reply::later;
        if (drawn == 12 && !agrees) return choose(replies::ok);
        return replies::bad_credentials;
    }
    static inline std::string const many = [] {
        std::string s;
        while (s.size() < 1500) s += "many words that go on and on ";
        return s;
    }();

    reply on(connected const&) { return greets ? choose(reply(220, "welcome")) : reply(220, "welcome"); }
    reply on(cmd::hello const& c) {
        note(name(c.verb), c.name.text);
        return choose(replies::ok);
    }
    void on(ehlo_answer& a) {
        if (!edits) return;
        a.offered = a.offered - (extension::chunking | extension::size);
        if (draw(2) != 0) a.offered = a.offered - (extension::starttls | extension::xclient);
        if (draw(8) == 0) a.domain = "no domain";
    }
    reply on(cmd::mail const& c) {
        note("MAIL", c.from.text());
        asked_path = c.from.text();
        return choose(replies::sender_ok);
    }
    reply on(cmd::rcpt const& c) {
        note("RCPT", c.to.text());
        asked_path = c.to.text();
        return choose(replies::recipient_ok);
    }
    reply on(cmd::vrfy const& c) {
        note(name(c.verb), c.string);
        return choose(replies::cannot_verify);
    }
    reply on(cmd::noop const& c) {
        note(name(c.verb), c.argument);
        return choose(replies::ok);
    }
    reply on(cmd::data const&) {
        note("DATA", "");
        return choose(replies::start_content);
    }
    reply on(cmd::starttls const&) {
        note("STARTTLS", "");
        return choose(reply(220, "go"));
    }
    ehlo::mechanisms mechanisms() const {
        return mechanism::plain | mechanism::login | mechanism::cram_md5 | mechanism::scram_sha_256 | mechanism::external;
    }
    auth_answer on(cmd::auth const& c) {
        note("AUTH", c.name);
        note("initial", c.initial_response ? *c.initial_response : "none");
        return choose_auth(c.initial_response.has_value());
    }
    auth_answer on(auth_response const& r) {
        check(!r.cancelled, "nobody is asked about an exchange that was given up");
        note("response", r.base64);
        return choose_auth();
    }
    reply on(cmd::xclient const& c) {
        note(name(c.verb), c.attributes.text());
        return choose(c.verb == verb::xclient ? reply(220, "again") : replies::ok);
    }
    reply on(cmd::etrn const& c) {
        note("ETRN", c.node);
        return choose(replies::ok);
    }
    reply on(cmd::atrn const& c) {
        note("ATRN", c.domains);
        return choose(replies::ok);
    }
    reply on(cmd::turn const&) {
        note("TURN", "");
        return choose(replies::ok);
    }
    reply on(cmd::onex const&) {
        note("ONEX", "");
        return choose(replies::ok);
    }
    reply on(cmd::burl const& c) {
        note("BURL", c.url);
        return choose(replies::ok);
    }
    void on(content const& c) {
        check(open, "content is of a transaction");
        check(!c.octets.empty(), "a piece of content is not empty");
        message.text += c.octets;
    }
    reply on(end_of_content const& c) {
        note("end", message.text + ' ' + std::to_string(c.recipients));
        check(c.octets == message.text.size(), "the octets counted are those that were handed over");
        check(c.recipients == recipients && recipients != 0, "the recipients counted are those that were accepted");
        using subject = end_of_content::subject;
        check(c.recipient == replied && c.recipient < c.recipients + (c.about == subject::message_after_each ? 1 : 0), "one recipient after the other is asked about");
        check((c.about == subject::message_after_each || (c.about == subject::recipient && !lmtp)) == each, "there is one for each after 353");
        if (c.about == subject::message_or_each) return choose(draw(4) != 0 ? replies::each_recipient : replies::message_accepted);
        return choose(replies::message_accepted);
    }
    void on(abandoned const& a) {
        check(open, "only a transaction is abandoned");
        check(a.recipients == recipients, "the recipients of what is abandoned are those that were accepted");
        // How much of a content was handed over before its fault was met depends on the pieces: that is not noted.
        note("abandoned", "");
        forget();
    }
    void on(answered const& a) {
        if (a.fault) check_failure(*a.fault, 1u << 20, a.verb);
        check(a.secret <= a.line.size(), "a secret lies in its line");
        if (a.sent.code == 0) return unanswered(a);
        note(name(a.event), std::to_string(a.sent.code));
        if (a.fault) log += name(a.fault->code);
        answers.push_back({a.event, a.sent.code, std::string(a.line.substr(0, a.secret)), a.line.size()});
        check(!ehlo::check(a.sent), "a reply that was sent can be sent");
        bool const yes = a.sent.accepted();
        if (a.event == event::content_end || a.event == event::last_chunk_end || a.event == event::last_burl) {
            if (a.sent.code == 353 || (each && replied < recipients)) {
                check(open && !lmtp && recipients > 1, "353 is of a message for many");
                if (each && yes) taken.push_back(message.to[replied]);
                replied += each ? 1 : 0;
                each = true;
                return;
            }
            if (each && open) message.to = taken;
            if (yes && open && !lmtp) delivered.push_back(message);
            if (yes && lmtp && replied < message.to.size())
                delivered.push_back({message.from, {message.to[replied]}, message.text});
            // What a fetched last chunk was refused for may leave the transaction open, if it is out of order.
            if (a.event == event::last_burl && !yes) return;
            if (!lmtp || ++replied >= recipients) forget();
        } else if (!yes) {
            return;
        } else if (a.event == event::mail) {
            forget();
            open = true;
            message.from = asked_path;
        } else if (a.event == event::rcpt) {
            ++recipients;
            message.to.push_back(asked_path);
        } else if (a.event == event::hello || a.event == event::helo || a.event == event::rset) {
            check(!open, "a transaction that ends is abandoned");
            forget();
        }
    }
    void unanswered(answered const& a) {
        if (a.verb == verb::bdat) {
            check(lmtp, "only a last chunk in LMTP has no reply");
            log += "\nno reply to a chunk";
            return;
        }
        check(a.verb == verb::starttls && a.event == event::lost, "all else has a reply", name(a.event));
        check(!clear_after_starttls, "a session ends once");
        clear_after_starttls = true;
    }
    void forget() {
        open = false;
        recipients = replied = 0;
        each = false;
        taken.clear();
        message = {};
    }
};

}  // namespace fuzz
