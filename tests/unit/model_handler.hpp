// The handler of the server that is compared with the model, and the policy that the model's settings stand for.
#pragma once

#include "machine.hpp"
#include "model.hpp"

#include <ehlo/ehlo.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace model {

using generate::rng;

constexpr std::string_view password = "c2VjcmV0cGFzc3dvcmQ";   // what no output and no log may hold

// Asks the same oracle as the model does, and writes down what it is asked.
struct handler {
    oracle_of_handler answers;
    bool puts_off = false;
    bool uncounted = false;        // line ends are made anew
    bool slow = false;             // the latest answer was put off
    rng when{1};
    ehlo::reply verdict{};
    ehlo::auth_answer auth_verdict{ehlo::reply{}};
    bool auth_waits = false;
    std::vector<std::string> calls;
    std::string content;
    std::vector<unsigned> answered;
    std::vector<std::string> leaks;
    unsigned stored = 0, dropped = 0, begun = 0;

    ehlo::reply now(unsigned code) { return ehlo::reply(code, "said"); }
    ehlo::reply perhaps_later(unsigned code) {
        verdict = now(code);
        auth_waits = false;
        return puts_off && when.one_in(2) ? ehlo::reply::later : verdict;
    }
    ehlo::reply on(ehlo::connected const&) {
        calls.push_back("CONNECTED");
        return now(answers.greeting());
    }
    ehlo::reply on(ehlo::cmd::hello const& c) {
        calls.push_back(std::string(name(c.verb)) + " " + std::string(c.name.text));
        return perhaps_later(answers.hello());
    }
    ehlo::reply on(ehlo::cmd::mail const& c) {
        calls.push_back("MAIL " + std::string(c.from.text()));
        content.clear();
        return perhaps_later(answers.mail());
    }
    ehlo::reply on(ehlo::cmd::rcpt const& c) {
        calls.push_back("RCPT " + std::string(c.to.text()));
        return perhaps_later(answers.rcpt());
    }
    ehlo::reply on(ehlo::cmd::data const&) {
        calls.push_back("DATA");
        return perhaps_later(answers.data());
    }
    void on(ehlo::content const& c) { content += c.octets; }
    ehlo::reply on(ehlo::end_of_content const& e) {
        calls.push_back("END " + std::to_string(e.octets) + " " + std::to_string(e.recipients) + " " + std::to_string(e.recipient) + " " + content);
        return perhaps_later(e.about == ehlo::end_of_content::subject::message_or_each ? answers.end_or_each() : answers.end());
    }
    ehlo::reply on(ehlo::cmd::vrfy const& c) {
        calls.push_back(std::string(name(c.verb)) + " " + std::string(c.string));
        return perhaps_later(answers.lookup());
    }
    ehlo::reply on(ehlo::cmd::noop const& c) {
        calls.push_back(std::string(name(c.verb)) + " " + std::string(c.argument));
        return perhaps_later(answers.remark());
    }
    ehlo::reply on(ehlo::cmd::starttls const&) {
        calls.push_back("STARTTLS");
        return perhaps_later(answers.starttls());
    }
    ehlo::reply on(ehlo::cmd::xclient const& c) {
        calls.push_back(std::string(name(c.verb)));
        return perhaps_later(c.verb == ehlo::verb::xclient ? answers.xclient() : answers.xforward());
    }
    ehlo::reply queue(std::string_view verb) {
        calls.emplace_back(verb);
        return perhaps_later(answers.queue());
    }
    ehlo::reply on(ehlo::cmd::etrn const&) { return queue("ETRN"); }
    ehlo::reply on(ehlo::cmd::atrn const&) { return queue("ATRN"); }
    ehlo::reply on(ehlo::cmd::turn const&) { return queue("TURN"); }
    ehlo::reply on(ehlo::cmd::burl const& c) {
        calls.emplace_back(c.last ? "BURL LAST" : "BURL");
        return perhaps_later(answers.burl());
    }
    ehlo::mechanisms mechanisms() const { return ehlo::mechanism::plain | ehlo::mechanism::login | ehlo::mechanism::cram_md5; }
    ehlo::auth_answer perhaps_later_auth(unsigned code) {
        auth_verdict = code == 334 ? ehlo::auth_answer(ehlo::challenge{"Who?"}) : ehlo::auth_answer(now(code));
        auth_waits = true;
        return puts_off && when.one_in(2) ? ehlo::auth_answer(ehlo::reply::later) : auth_verdict;
    }
    ehlo::auth_answer on(ehlo::cmd::auth const& a) {
        calls.push_back("AUTH " + std::string(a.name) + (!a.initial_response ? ""s : a.initial_response->empty() ? " ="s : " " + std::string(*a.initial_response)));
        return perhaps_later_auth(answers.auth());
    }
    ehlo::auth_answer on(ehlo::auth_response const& a) {
        calls.push_back("RESPONSE " + (a.cancelled ? "*"s : std::string(a.base64)));
        return perhaps_later_auth(answers.auth());
    }
    void on(ehlo::abandoned const& a) {
        ++dropped;
        calls.push_back("ABANDONED " + (uncounted ? "some" : std::to_string(a.octets)) + " " + std::to_string(a.recipients));
    }
    void on(ehlo::answered const& a) {
        if (a.sent.code != 0) answered.push_back(a.sent.code);
        if (a.secret > a.line.size()) leaks.push_back("secret beyond the line");
        else if ((a.event == ehlo::event::response || (upper(a.line.substr(0, 5)) == "AUTH " && a.line.find(' ', 5) != a.line.npos)) && a.line.substr(0, a.secret).find(password) != a.line.npos) leaks.emplace_back(a.line);
    }
};

inline ehlo::policy policy_of(settings const& s) {
    ehlo::policy p;
    using enum ehlo::extension;
    p.offers = size | eight_bit_mime | pipelining | enhanced_status_codes | ehlo::extension::smtputf8 | help | vrfy | expn | auth;
    if (s.chunking) p.offers = p.offers | chunking;
    if (s.chunking && s.binary) p.offers = p.offers | binary_mime;
    if (s.starttls) p.offers = p.offers | starttls;
    if (s.xclient) p.offers = p.offers | xclient;
    if (s.prdr && !s.lmtp) p.offers = p.offers | prdr;
    if (s.rare) p.offers = p.offers | xforward | etrn | atrn | turn;
    if (s.rare && !s.lmtp) p.offers = p.offers | burl;
    p.service = s.lmtp ? ehlo::service::lmtp : s.submission ? ehlo::service::submission : ehlo::service::smtp;
    p.require_tls = s.require_tls;
    p.require_authentication = s.require_authentication;
    p.clear_text_passwords = s.clear_text_passwords;
    p.bare = static_cast<ehlo::bare_octets>(s.bare);
    p.max_message = s.max_message;
    p.max_recipients = s.max_recipients;
    p.max_line = static_cast<std::uint32_t>(s.max_line);
    p.max_errors = 1u << 30;
    return p;
}

}  // namespace model
