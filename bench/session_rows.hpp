// The rows of machines: one command to a session, whole sessions, those in the middle, and many sessions.
#pragma once

#include "crowd.hpp"
#include "floor.hpp"
#include "inputs.hpp"
#include "steps.hpp"
#include "work.hpp"

#include <ehlo/policy.hpp>

#include <cstdlib>
#include <memory>

namespace bench {

inline constexpr std::string_view greeting = "220 mx.example.org ESMTP ready\r\n", hello = "EHLO client.example.net\r\n",
                                  mail = "MAIL FROM:<ann.smith@example.net> SIZE=4096 BODY=8BITMIME\r\n",
                                  rcpt = "RCPT TO:<bob@mail.example.org>\r\n", data = "DATA\r\n", quit = "QUIT\r\n",
                                  go_ahead = "354 End data with <CR><LF>.<CR><LF>\r\n";

inline std::string_view content_of_4_KiB() {
    static std::string const content = workload::content(workload::body::text, 4096);
    return content;
}

// ---- one read to a server, one command of a client ----

inline void add_step_rows(std::vector<entry>& rows) {
    auto step_row = [](std::vector<std::string_view> const& before, ehlo::state where, std::string_view read) {
        auto const step = std::make_shared<server_step>(before, read);
        if (step->where() != where) std::abort();  // what is refused is quick, and means nothing
        return row{1, read.size(), [=] { step->pass(); }, {{"read_all", [=] { read_all(read); }}}, [=] { step->copy(); }};
    };
    auto server = [&](char const* name, std::vector<std::string_view> before, ehlo::state where, std::string_view read) {
        rows.push_back({name, [=](inputs&) { return step_row(before, where, read); }});
    };
    using ehlo::state;
    server("server_noop", {hello}, state::ready, "NOOP\r\n");
    server("server_hello", {}, state::greeted, hello);
    server("server_mail", {hello}, state::ready, mail);
    server("server_rcpt", {hello, mail}, state::mail, rcpt);
    server("server_bad_sequence", {hello}, state::ready, rcpt);
    server("server_bad_path", {hello, mail}, state::mail, "RCPT TO:<bob..smith@mail.example.org>\r\n");
    server("server_unknown_parameter", {hello}, state::ready, "MAIL FROM:<ann.smith@example.net> X-TRACE=c0ffee\r\n");
    server("server_unknown_verb", {hello}, state::ready, "XYZZY\r\n");
    auto content = [&](std::string const& name, workload::body kind, bool stored) {
        rows.push_back({name + std::string(workload::body_names[static_cast<std::size_t>(kind)]), [=](inputs& in) {
            std::string_view const text = in.wire(kind);
            auto const out = in.room(2 * inputs::cached);
            row r = step_row({hello, mail, rcpt, data}, state::content, text);
            if (stored) {
                auto const step = std::make_shared<server_step>(std::vector{hello, mail, rcpt, data}, text);
                r.pass = [=] { step->pass_stored(out); };
            }
            r.baselines.push_back({"memcpy", [=] { copy_all(text, out.data()); }});
            r.baselines.push_back({"plain_loop", [=] { plain_decode(text, out.data()); }});
            return r;
        }});
    };
    for (auto const kind : workload::bodies) {
        if (kind == workload::body::bare) continue;  // refused
        content("server_content/", kind, false);
        content("server_content_stored/", kind, true);
    }

    static std::string_view const replies[] = {greeting, ehlo_answer, "250 2.1.0 Sender ok\r\n"};
    auto client = [&](char const* name, std::size_t heard, void (client_step::*pass)(std::span<char>) const, std::string_view written) {
        rows.push_back({name, [=](inputs& in) {
            auto const step = std::make_shared<client_step>(std::span(replies).first(heard));
            auto const room = in.room(inputs::cached);
            return row{1, written.size(), [=] { ((*step).*pass)(room); }, {{"memcpy", [=] { copy_all(written, room.data()); }}}, [=] { step->copy(); }};
        }});
    };
    client("client_mail", 2, &client_step::mail, mail);
    client("client_rcpt", 3, &client_step::rcpt, rcpt);
}

// ---- whole sessions ----

inline void add_session_rows(std::vector<entry>& rows) {
    rows.push_back({"session", [](inputs&) {
        static std::string_view const reads[] = {hello, mail, rcpt, data, content_of_4_KiB(), quit};
        return row{1, total(reads), [] { serve(reads); }, {{"read_all", [] { for (auto const r : reads) read_all(r); }}}};
    }});
    auto server = [&](char const* name, ehlo::policy const& settings, std::vector<std::string_view> (*make)()) {
        rows.push_back({name, [=, &settings](inputs&) {
            std::vector<std::string_view> const reads = make();
            if (!serve_under(settings, reads)) std::abort();  // a session that breaks off is quick, and means nothing
            return row{1, total(reads), [=, &settings] { use(serve_under(settings, reads)); },
                       {{"read_all", [=] { for (auto const r : reads) read_all(r); }}}};
        }});
    };
    static constexpr auto wide = [] {
        ehlo::policy p;
        p.offers = p.offers | ehlo::extension::chunking | ehlo::extension::auth;
        p.clear_text_passwords = true;
        return p;
    }();
    static constexpr auto lenient = [] {
        ehlo::policy p = wide;
        p.grammar.tolerate = ehlo::leniency::all();
        return p;
    }();
    server("session_auth", wide, [] {
        return std::vector<std::string_view>{hello, "AUTH PLAIN AGFubi5zbWl0aEBleGFtcGxlLm5ldABzZWNyZXQ=\r\n",
                                             mail, rcpt, data, content_of_4_KiB(), quit};
    });
    server("session_login", wide, [] {
        return std::vector<std::string_view>{hello, "AUTH LOGIN\r\n", "YW5uLnNtaXRoQGV4YW1wbGUubmV0\r\n", "c2VjcmV0\r\n",
                                             mail, rcpt, data, content_of_4_KiB(), quit};
    });
    server("session_bdat", wide, [] {
        // Four chunks, each with its command as it comes.
        static std::string const chunks[] = {"BDAT 1024\r\n" + std::string(content_of_4_KiB().substr(0, 1024)),
                                             "BDAT 1024\r\n" + std::string(content_of_4_KiB().substr(1024, 1024)),
                                             "BDAT 1024\r\n" + std::string(content_of_4_KiB().substr(2048, 1024)),
                                             "BDAT 1021 LAST\r\n" + std::string(content_of_4_KiB().substr(3072, 1021))};
        return std::vector<std::string_view>{hello, mail, rcpt, chunks[0], chunks[1], chunks[2], chunks[3], quit};
    });
    server("session_lenient", lenient, [] {
        return std::vector<std::string_view>{hello, mail, rcpt, data, content_of_4_KiB(), quit};
    });
    server("session_tolerated", lenient, [] {
        return std::vector<std::string_view>{hello, "MAIL FROM: <ann.smith@example.net> SIZE=4096 BODY=8BITMIME\r\n",
                                             "RCPT TO: bob@mail.example.org\r\n", data, content_of_4_KiB(), quit};
    });

    static char room[16 * 1024];
    static std::string_view const content = content_of_4_KiB().substr(0, content_of_4_KiB().size() - 3);
    auto client = [&](char const* name, std::vector<std::string_view> replies, std::size_t sent, auto pass) {
        rows.push_back({name, [=](inputs&) {
            if (!pass(replies)) std::abort();
            return row{1, total(replies) + sent, [=] { use(pass(replies)); },
                       {{"read_and_copy", [=] {
                           for (auto const r : replies) read_all(r);
                           copy_all(content.substr(0, sent), room);
                       }}}};
        }});
    };
    client("client_session",
           {greeting, ehlo_answer, "250 2.1.0 Sender ok\r\n250 2.1.5 Recipient ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n",
            "250 2.0.0 Message accepted\r\n", "221 2.0.0 Bye\r\n"},
           content.size(), [](std::span<std::string_view const> replies) { return send(replies, content, room); });
    client("client_login",
           {greeting, ehlo_answer, "334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n", "235 2.7.0 Authenticated\r\n", "221 2.0.0 Bye\r\n"},
           0, [](std::span<std::string_view const> replies) { return log_in(replies, room); });
    client("client_bdat",
           {greeting, ehlo_answer, "250 2.1.0 Sender ok\r\n250 2.1.5 Recipient ok\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n250 2.0.0 Message accepted\r\n",
            "221 2.0.0 Bye\r\n"},
           content.size(), [](std::span<std::string_view const> replies) {
               std::string_view const chunks[] = {content.substr(0, 1024), content.substr(1024, 1024), content.substr(2048, 1024), content.substr(3072)};
               return send_chunks(replies, chunks, room);
           });
}

// ---- in the middle ----

// Both ways: observed, and relayed. Beside what a server takes for the same octets of the client.
inline void add_middle_rows(std::vector<entry>& rows) {
    using octets = std::vector<std::string_view>;
    auto both = [&](char const* name, auto make) {
        rows.push_back({std::string("observed_") + name, [=](inputs& in) {
            auto const [reads, replies] = make(in);
            return row{1, total(reads) + total(replies), [=, r = reads, s = replies] { watch(r, s); }, {{"serve", [r = reads] { serve(r); }}}};
        }});
        rows.push_back({std::string("relayed_") + name, [=](inputs& in) {
            auto const [reads, replies] = make(in);
            if (!pass_on(reads, replies)) std::abort();
            return row{1, total(reads) + total(replies), [=, r = reads, s = replies] { use(pass_on(r, s)); }, {{"serve", [r = reads] { serve(r); }}}};
        }});
    };
    both("session", [](inputs&) {
        return std::pair(octets{hello, mail, rcpt, data, content_of_4_KiB(), quit},
                         octets{greeting, ehlo_answer, "250 2.1.0 Sender ok\r\n", "250 2.1.5 Recipient ok\r\n", go_ahead, "250 2.0.0 Queued\r\n", "221 2.0.0 Bye\r\n"});
    });
    auto dialogue = [](workload::dialogue (*make)()) {
        return [make](inputs&) {
            static std::map<workload::dialogue (*)(), workload::dialogue> made;
            workload::dialogue const& d = made.try_emplace(make, make()).first->second;
            return std::pair(octets(d.client.begin(), d.client.end()), octets(d.server.begin(), d.server.end()));
        };
    };
    both("commands", dialogue(workload::envelopes));
    both("replies", dialogue(workload::long_replies));
    both("content", [](inputs& in) {
        return std::pair(octets{hello, "MAIL FROM:<ann.smith@example.net>\r\nRCPT TO:<bob@mail.example.org>\r\nDATA\r\n", in.wire(workload::body::text)},
                         octets{greeting, ehlo_answer, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n", "250 2.0.0 Ok\r\n"});
    });
}

// ---- many sessions ----

inline void add_crowd_rows(std::vector<entry>& rows) {
    rows.push_back({"session_noop", [](inputs&) {
        static crowd one(1);
        return row{4096, 4096 * 6, [] { one.visit(4096); }};
    }});
    static constexpr std::size_t million = std::size_t{1} << 20;
    rows.push_back({"session_noop_of_a_million", [](inputs&) {
        static crowd one(1), many(million);
        return row{4096, 4096 * 6, [] { many.visit(4096); }, {{"one_session", [] { one.visit(4096); }}}};
    }});
    rows.push_back({"session_noop_of_a_million_in_batches", [](inputs&) {
        static crowd one(1), many(million);
        return row{4096, 4096 * 6, [] { many.visit_in_batches(4096); }, {{"one_session", [] { one.visit(4096); }}}};
    }});
}

}  // namespace bench
