// What the tests of STARTTLS, AUTH, BDAT and the other extensions of the server share: a handler that has all functions, and a
// way to play a dialogue in many ways that must come to the same.
#pragma once

#include "catch.hpp"
#include "machine.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace machine {

// Feeds octet by octet, and after each goes on with another session that has nothing of the one before but its octets.
template <class Server, class Handler>
void feed_moving(loop<Server, Handler>& l, std::string_view all, Server const& another) {
    static_assert(std::is_trivially_copyable_v<Server>);
    l.run();
    for (char const c : all) {
        l.feed({&c, 1});
        alignas(Server) unsigned char storage[sizeof(Server)];
        std::memcpy(storage, &l.server, sizeof(Server));
        Server other = another;
        std::memcpy(static_cast<void*>(&other), storage, sizeof(Server));
        l.server = other;
    }
}

// A handler with all functions. Users and passwords: any user, "wrong" is wrong, "busy" is 454.
struct everything : full_recorder {
    ehlo::mechanisms can = ehlo::mechanism::plain | ehlo::mechanism::login | ehlo::mechanism::cram_md5 | ehlo::mechanism::external;
    ehlo::mechanism under_way = ehlo::mechanism::unknown;
    std::string user{};
    std::array<char, 16384> octets{};

    using full_recorder::on;
    ehlo::reply on(ehlo::cmd::starttls const&) {
        note("STARTTLS");
        return "220 2.0.0 Go ahead";
    }
    ehlo::mechanisms mechanisms() const { return can; }
    ehlo::auth_answer judge(std::string_view password) {
        note("password " + std::string(password));
        if (password == "wrong") return ehlo::replies::bad_credentials;
        if (password == "busy") return ehlo::replies::authentication_fails_now;
        return ehlo::replies::authenticated;
    }
    ehlo::auth_answer plain(std::string_view said) {
        std::size_t const second = said.find('\0', said.find('\0') + 1);
        return second == std::string_view::npos ? ehlo::auth_answer("501 5.5.2 No message of PLAIN") : judge(said.substr(second + 1));
    }
    ehlo::auth_answer on(ehlo::cmd::auth const& c) {
        note("AUTH " + std::string(c.name) + (c.initial_response ? " with " + std::to_string(c.initial_response->size()) : ""));
        under_way = c.mechanism;
        user.clear();
        if (c.mechanism == ehlo::mechanism::cram_md5) return ehlo::challenge{"<1896.697170952@postoffice.example>"};
        if (!c.initial_response) return ehlo::challenge{c.mechanism == ehlo::mechanism::login ? "Username:" : ""};
        auto const decoded = c.decode(octets);
        if (!decoded) return "501 5.5.2 Too long";
        if (c.mechanism == ehlo::mechanism::external) return ehlo::replies::authenticated;
        return plain(*decoded);
    }
    ehlo::auth_answer on(ehlo::auth_response const& r) {
        note("response of " + std::to_string(r.base64.size()));
        auto const decoded = r.decode(octets);
        if (!decoded) return "501 5.5.2 Too long";
        if (under_way == ehlo::mechanism::plain) return plain(*decoded);
        if (under_way == ehlo::mechanism::login && user.empty()) {
            user = *decoded;
            return ehlo::challenge{"Password:"};
        }
        return judge(*decoded);
    }
    ehlo::reply on(ehlo::cmd::xclient const& c) {
        note(std::string(name(c.verb)) + " " + std::string(c.attributes.text()));
        return c.verb == ehlo::verb::xclient ? ehlo::reply("220 ready for somebody else") : ehlo::replies::ok;
    }
    ehlo::reply on(ehlo::cmd::etrn const& c) {
        note("ETRN " + std::string(c.node));
        return "250 2.0.0 Queuing started";
    }
    ehlo::reply on(ehlo::cmd::atrn const& c) {
        note("ATRN " + std::string(c.domains));
        return c.domains == "no.example" ? ehlo::reply("453 4.0.0 You have no mail") : ehlo::reply("250 2.0.0 OK now reversing the connection");
    }
    ehlo::reply on(ehlo::cmd::turn const&) {
        note("TURN");
        return "250 2.0.0 OK";
    }
    ehlo::reply on(ehlo::cmd::burl const& c) {
        note("BURL " + std::string(c.url) + (c.last ? " LAST" : ""));
        return c.url.ends_with("none") ? ehlo::reply("554 5.7.0 No such URL") : ehlo::replies::ok;
    }
    ehlo::reply on(ehlo::cmd::onex const&) {
        note("ONEX");
        return ehlo::replies::ok;
    }
};
// Puts off all that can be put off.
struct slow_everything : everything {
    ehlo::auth_answer verdict{ehlo::reply()};
    template <class C>
        requires requires(everything& h, C const& c) { h.on(c); }
    auto on(C const& c) {
        using said = decltype(everything::on(c));
        if constexpr (std::is_void_v<said>) {
            everything::on(c);
        } else {
            verdict = everything::on(c);
            return said(ehlo::reply::later);
        }
    }
};

// Offers all that the handler can do.
constexpr ehlo::policy offering(ehlo::extensions more, ehlo::service service = ehlo::service::smtp) {
    ehlo::policy p;
    p.service = service;
    p.offers = p.offers | more;
    p.max_line = 4096;
    p.clear_text_passwords = true;
    return p;
}

// What came of a dialogue.
struct played {
    std::string output;
    std::vector<std::string> log;
    std::vector<recorder::message> delivered;
    ehlo::state where{};
    ehlo::want last{};
    bool operator==(played const&) const = default;
};

// Plays a dialogue with a server that borrows its settings. A "<TLS>" of its own among the reads is the handshake. The octets of a
// read come as `next` says; another read begins only when they are consumed, as when a client waits for its replies.
template <class Handler, class... Own>
played play(ehlo::policy const& settings, std::vector<std::string> const& reads, pieces const& next, std::size_t room) {
    using Server = ehlo::server_with<Own...>;
    loop<Server, Handler> l{Server(settings, "mx.example.org")};
    l.room = room;
    ehlo::want last = l.run();
    for (std::string const& r : reads) {
        if (r == "<TLS>") {
            l.server.secured();
            last = l.run();
            continue;
        }
        last = l.feed(r, next);
    }
    // Pieces of content are where the octets were cut.
    std::erase_if(l.handler.log, [](std::string const& line) { return line.starts_with("content "); });
    return {l.output, l.handler.log, l.handler.delivered, l.server.where(), last};
}

// The same in all ways: whole, octet by octet, cut in two everywhere, in pieces of any size, with the least room, with answers put off.
template <class... Own>
played play_everywhere(ehlo::policy const& settings, std::vector<std::string> const& reads) {
    played const whole_one = play<everything, Own...>(settings, reads, whole(), 65536);
    std::size_t const small = settings.reply_space;
    generate::rng r(2645);
    std::size_t longest = 0;
    for (std::string const& read : reads) longest = (std::max)(longest, read.size());
    auto const alike = [&](std::string_view how, played const& other) {
        INFO(how);
        CHECK(other.output == whole_one.output);
        CHECK(other.log == whole_one.log);
        CHECK(other.delivered == whole_one.delivered);
        CHECK(other.where == whole_one.where);
        CHECK(other.last == whole_one.last);
    };
    alike("octet by octet", play<everything, Own...>(settings, reads, octets(), 65536));
    alike("octet by octet, little room", play<everything, Own...>(settings, reads, octets(), small));
    alike("little room", play<everything, Own...>(settings, reads, whole(), small));
    alike("put off", play<slow_everything, Own...>(settings, reads, whole(), 65536));
    alike("put off, octet by octet, little room", play<slow_everything, Own...>(settings, reads, octets(), small));
    for (int i = 0; i < 20; ++i) alike("in pieces", play<everything, Own...>(settings, reads, random(r, 40), small + r.below(600)));
    // Cut once in each read, at every place (at most some hundred).
    std::size_t const step = longest / 150 + 1;
    for (std::size_t cut = 1; cut < longest; cut += step) {
        std::size_t which = 0;
        pieces const in_two = [&which, cut] { return which++ % 2 == 0 ? cut : static_cast<std::size_t>(-1); };
        std::vector<std::string> parts;
        for (std::string const& read : reads) {
            if (read.size() <= cut || read == "<TLS>") {
                parts.push_back(read);
            } else {
                parts.push_back(read.substr(0, cut));
                parts.push_back(read.substr(cut));
            }
        }
        played const other = play<everything, Own...>(settings, parts, whole(), small);
        INFO("cut at " << cut);
        CHECK(other == whole_one);
    }
    return whole_one;
}

// The codes of the replies after the greeting.
inline std::vector<int> codes_of(played const& p) {
    std::vector<int> list = codes(p.output);
    if (!list.empty()) list.erase(list.begin());
    return list;
}

}  // namespace machine
