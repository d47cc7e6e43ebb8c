// The rows: which work on which workload, and beside which floors. Nothing is made or read before a row asks for it.
#pragma once

#include "crowd.hpp"
#include "floor.hpp"
#include "usual_replies.hpp"
#include "work.hpp"
#include "workload.hpp"

#include <ehlo/capabilities.hpp>
#include <ehlo/content.hpp>

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct baseline {
    std::string name;
    std::function<void()> pass;
};
struct row {
    std::size_t items, octets;      ///< of one pass
    std::function<void()> pass;
    std::vector<baseline> baselines{};  ///< the first is the floor
    std::function<void()> loop{};   ///< the pass without its work, where that costs something worth telling
};

/// The workloads of this program, and room for what is made of them. `folder` is that of --workload, or empty.
class inputs {
    std::string folder_;
    std::map<std::string, std::string, std::less<>> texts_;
    std::map<std::string, std::vector<std::string_view>, std::less<>> lists_;
    std::vector<char> room_, large_room_;

    template <class Make>
    std::string_view once(std::string const& name, Make make) {
        auto found = texts_.find(name);
        if (found == texts_.end()) found = texts_.emplace(name, make()).first;
        return found->second;
    }
    std::string_view text(char const* file, std::string (*make)()) {
        return once(file, [&] { return folder_.empty() ? make() : workload::file(folder_, file); });
    }

  public:
    static constexpr std::size_t cached = 64 * 1024, uncached = 64 * 1024 * 1024;

    explicit inputs(std::string folder) : folder_(std::move(folder)), room_(2 * cached) {}

    std::string_view commands() { return text("w1.txt", workload::commands); }
    std::string_view replies() { return text("w2.txt", workload::replies); }
    std::span<std::string_view const> paths() {
        auto& list = lists_["paths"];
        if (list.empty()) list = workload::lines(text("w4.txt", workload::paths));
        return list;
    }
    /// Content as it comes from the wire, and as it went in.
    std::string_view wire(workload::body kind) {
        static constexpr std::string_view files[] = {"w3a.bin", "w3b.bin", "w3c.bin", "w3d.bin"};
        auto const index = static_cast<std::size_t>(kind);
        return once("wire" + std::to_string(index), [&] {
            if (folder_.empty() || index >= std::size(files)) return workload::content(kind, cached);
            return workload::cut_content(workload::file(folder_, files[index], cached));
        });
    }
    std::string_view clean(workload::body kind) {
        return once("clean" + std::to_string(static_cast<int>(kind)), [&] {
            std::string decoded;
            ehlo::content_decoder decoder;
            for (std::string_view rest = wire(kind);;) {
                auto const piece = decoder.next(rest);
                decoded += piece.octets;
                rest.remove_prefix(piece.consumed);
                if (piece.end) return decoded;
            }
        });
    }
    /// The same again and again, more than a cache holds.
    std::string_view large() {
        return once("large", [&] {
            std::string_view const part = wire(workload::body::base64);
            std::string many;
            many.reserve(uncached);
            while (many.size() + part.size() <= uncached) many += part.substr(0, part.size() - 3);
            return many + ".\r\n";
        });
    }
    std::string_view base64() {
        return once("base64", [&] {
            workload::random r(5);
            return workload::some(r, workload::base64_digits, cached);
        });
    }
    /// The plain and the encoded ORCPT of each path, without brackets: xtext as it is met.
    std::span<std::string_view const> addresses(bool encoded) {
        auto& list = lists_[encoded ? "xtext" : "addresses"];
        if (!list.empty()) return list;
        std::size_t i = 0;
        for (std::string_view p : paths()) {
            p = p.substr(1, p.size() - 2);
            if (p.find('"') != p.npos || p[0] == '@') continue;
            list.push_back(encoded ? once("xtext" + std::to_string(i++), [&] { return workload::xtext(p); }) : p);
        }
        return list;
    }
    /// `size` octets at least, the same ones each time.
    std::span<char> room(std::size_t size) {
        std::vector<char>& one = size > 2 * cached ? large_room_ : room_;
        if (one.size() < size) one.resize(size);
        return one;
    }
};

/// The answer of a large provider: eleven lines.
inline constexpr std::string_view ehlo_answer =
    "250-mx.example.org at your service, [192.0.2.17]\r\n250-SIZE 157286400\r\n250-8BITMIME\r\n250-STARTTLS\r\n"
    "250-ENHANCEDSTATUSCODES\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-DSN\r\n250-AUTH PLAIN LOGIN XOAUTH2\r\n"
    "250-LIMITS MAILMAX=100 RCPTMAX=1000\r\n250 SMTPUTF8\r\n";

inline std::size_t total(std::span<std::string_view const> texts) {
    std::size_t octets = 0;
    for (std::string_view const t : texts) octets += t.size();
    return octets;
}

/// Of long texts that are read an octet at a time a part will do.
inline std::string_view first_lines(std::string_view text) { return text.substr(0, text.rfind("\r\n", inputs::cached) + 2); }
inline std::string_view first_replies(std::string_view text) {
    text = first_lines(text);
    std::size_t end = text.size();
    for (std::size_t at = 0, next = 0; at < text.size(); at = next) {
        next = text.find('\n', at) + 1;
        if (text[at + 3] != '-') end = next;
    }
    return text.substr(0, end);
}

struct entry {
    std::string name;
    std::function<row(inputs&)> make;
};

// ---- server side: commands ----

inline void add_command_rows(std::vector<entry>& rows) {
    auto over_commands = [](auto pass) {
        return [pass](inputs& in) {
            std::string_view const text = in.commands();
            return row{workload::lines(text).size(), text.size(), [=] { pass(text); },
                       {{"memchr", [=] { find_lines(text); }},
                        {"read_all", [=] { read_all(text); }},
                        {"naive", [=] { naive_commands(text); }}}};
        };
    };
    rows.push_back({"command", over_commands(parse_commands)});
    rows.push_back({"command_split", over_commands(split_commands)});
    rows.push_back({"command_lines", over_commands(read_lines)});
    rows.push_back({"command_lines_by_octets", [](inputs& in) {
        std::string_view const text = first_lines(in.commands());
        return row{workload::lines(text).size(), text.size(),
                   [=] { read_line_chunks(text, 1, 2048); },
                   {{"command_lines", [=] { read_lines(text); }}}};
    }});
    rows.push_back({"path", [](inputs& in) {
        auto const paths = in.paths();
        return row{paths.size(), total(paths), [=] { parse_paths(paths); },
                   {{"naive", [=] { for (auto const p : paths) naive_path(p); }}},
                   [=] { visit_paths(paths); }};
    }});
}

// ---- client side: replies, and commands to write ----

inline void add_reply_rows(std::vector<entry>& rows) {
    auto count = [](std::string_view text) {
        std::size_t n = 0;
        for (std::string_view const line : workload::lines(text)) n += line.size() == 3 || line[3] == ' ';
        return n;
    };
    rows.push_back({"reply", [=](inputs& in) {
        std::string_view const text = in.replies();
        return row{count(text), text.size(), [=] { parse_replies(text); },
                   {{"memchr", [=] { find_lines(text); }},
                    {"read_all", [=] { read_all(text); }},
                    {"naive", [=] { naive_replies(text); }}}};
    }});
    rows.push_back({"reply_by_octets", [=](inputs& in) {
        std::string_view const text = first_replies(in.replies());
        return row{count(text), text.size(), [=] { read_reply_chunks(text, 1, {}); },
                   {{"reply", [=] { parse_replies(text); }}}};
    }});
    auto over_answer = [](auto pass) {
        return [pass](inputs&) {
            return row{100, 100 * ehlo_answer.size(), [=] { for (int i = 0; i < 100; ++i) pass(ehlo_answer); },
                       {{"memchr", [] { for (int i = 0; i < 100; ++i) find_lines(fresh(ehlo_answer)); }},
                        {"naive", [] { for (int i = 0; i < 100; ++i) naive_replies(fresh(ehlo_answer)); }}},
                       [] { for (int i = 0; i < 100; ++i) use(fresh(ehlo_answer).size()); }};
        };
    };
    rows.push_back({"capabilities", over_answer(parse_capabilities)});
    rows.push_back({"ehlo_answer", over_answer(parse_ehlo_answer)});
    rows.push_back({"command_write", [](inputs& in) {
        auto const paths = in.paths();
        auto const room = in.room(inputs::cached);
        return row{2 * paths.size(), 2 * total(paths), [=] { write_commands(paths, room); },
                   {{"memcpy", [=] { for (auto const p : paths) copy_all(p, room.data()), copy_all(p, room.data()); }}}};
    }});
}

// ---- server side: what it writes ----

inline void add_reply_writing_rows(std::vector<entry>& rows) {
    rows.push_back({"reply_write", [](inputs& in) {
        auto const room = in.room(inputs::cached);
        std::size_t octets = 0;
        for (ehlo::reply const& r : usual_replies) octets += r.text.size();
        auto const copy = [=] { for (ehlo::reply const& r : usual_replies) copy_all(r.text, room.data()); };
        return row{std::size(usual_replies), octets, [=] { write_replies(room); }, {{"memcpy", copy}}};
    }});
    rows.push_back({"capabilities_write", [](inputs& in) {
        auto const room = in.room(inputs::cached);
        auto const reply = ehlo::parse_reply(ehlo_answer);
        auto const offered = *ehlo::parse_capabilities(*reply);
        return row{1, ehlo_answer.size(), [=] { write_capabilities(room, offered); },
                   {{"memcpy", [=] { copy_all(ehlo_answer, room.data()); }}}};
    }});
}

// ---- content ----

inline void add_content_rows(std::vector<entry>& rows) {
    for (auto const kind : workload::bodies) {
        std::string const name(workload::body_names[static_cast<std::size_t>(kind)]);
        rows.push_back({"content_decode/" + name, [=](inputs& in) {
            std::string_view const text = in.wire(kind);
            auto const out = in.room(2 * inputs::cached);
            row r{1, text.size(), [=] { decode_content(text, out); },
                  {{"memcpy", [=] { copy_all(text, out.data()); }},
                   {"plain_loop", [=] { plain_decode(text, out.data()); }}}};
            if (kind != workload::body::bare) r.baselines.push_back({"naive", [=] { naive_content(text, out.data()); }});
            return r;
        }});
        rows.push_back({"content_spans/" + name, [=](inputs& in) {
            std::string_view const text = in.wire(kind);
            return row{1, text.size(), [=] { decode_spans(text); },
                       {{"read_all", [=] { read_all(text); }}, {"memchr", [=] { find_lines(text); }}}};
        }});
        if (kind == workload::body::bare) continue;
        rows.push_back({"content_encode/" + name, [=](inputs& in) {
            std::string_view const text = in.clean(kind);
            auto const out = in.room(2 * inputs::cached);
            return row{1, text.size(), [=] { encode_content(text, out); },
                       {{"memcpy", [=] { copy_all(text, out.data()); }},
                        {"plain_loop", [=] { plain_encode(text, out.data()); }}}};
        }});
    }
    rows.push_back({"content_by_octets", [](inputs& in) {
        std::string_view const text = in.wire(workload::body::text);
        return row{1, text.size(), [=] { decode_chunks(text, 1); }, {{"content_spans", [=] { decode_spans(text); }}}};
    }});
    rows.push_back({"content_decode_64MiB", [](inputs& in) {
        std::string_view const text = in.large();
        auto const out = in.room(text.size());
        return row{1, text.size(), [=] { decode_content(text, out); }, {{"memcpy", [=] { copy_all(text, out.data()); }}}};
    }});
    rows.push_back({"content_spans_64MiB", [](inputs& in) {
        std::string_view const text = in.large();
        return row{1, text.size(), [=] { decode_spans(text); }, {{"read_all", [=] { read_all(text); }}}};
    }});
}

// ---- codecs ----

inline void add_codec_rows(std::vector<entry>& rows) {
    rows.push_back({"base64_encode", [](inputs& in) {
        std::string_view const text = in.clean(workload::body::text);
        auto const out = in.room(2 * inputs::cached);
        return row{1, text.size(), [=] { encode_base64(text, out); },
                   {{"memcpy", [=] { copy_all(text, out.data()); }},
                    {"plain_loop", [=] { plain_encode_base64(text, out.data()); }}}};
    }});
    rows.push_back({"base64_decode", [](inputs& in) {
        std::string_view const text = in.base64();
        auto const out = in.room(2 * inputs::cached);
        return row{1, text.size(), [=] { decode_base64(text, out); },
                   {{"memcpy", [=] { copy_all(text, out.data()); }},
                    {"plain_loop", [=] { plain_decode_base64(text, out.data()); }}}};
    }});
    auto over_addresses = [](bool encoded, auto pass, auto plain) {
        return [=](inputs& in) {
            auto const list = in.addresses(encoded);
            auto const out = in.room(inputs::cached);
            return row{list.size(), total(list), [=] { for (auto const a : list) pass(a, out); },
                       {{"memcpy", [=] { for (auto const a : list) copy_all(a, out.data()); }},
                        {"plain_loop", [=] { for (auto const a : list) plain(a, out.data()); }}}};
        };
    };
    rows.push_back({"xtext_encode", over_addresses(false, encode_xtext, plain_encode_xtext)});
    rows.push_back({"xtext_decode", over_addresses(true, decode_xtext, plain_decode_xtext)});
}

// ---- sessions ----

inline void add_session_rows(std::vector<entry>& rows) {
    rows.push_back({"session", [](inputs&) {
        static std::string const content = workload::content(workload::body::text, 4096);
        static std::string_view const reads[] = {"EHLO client.example.net\r\n",
                                                 "MAIL FROM:<ann.smith@example.net> SIZE=4096 BODY=8BITMIME\r\n",
                                                 "RCPT TO:<bob@mail.example.org>\r\n", "DATA\r\n", content, "QUIT\r\n"};
        return row{1, total(reads), [] { serve(reads); }, {{"read_all", [] { for (auto const r : reads) read_all(r); }}}};
    }});
    rows.push_back({"observed_session", [](inputs&) {
        static std::string const content = workload::content(workload::body::text, 4096);
        static std::string_view const reads[] = {"EHLO client.example.net\r\n",
                                                 "MAIL FROM:<ann.smith@example.net> SIZE=4096 BODY=8BITMIME\r\n",
                                                 "RCPT TO:<bob@mail.example.org>\r\n", "DATA\r\n", content, "QUIT\r\n"};
        static std::string_view const replies[] = {"220 mx.example.org ESMTP ready\r\n", ehlo_answer, "250 2.1.0 Sender ok\r\n", "250 2.1.5 Recipient ok\r\n",
                                                   "354 End data with <CR><LF>.<CR><LF>\r\n", "250 2.0.0 Queued\r\n", "221 2.0.0 Bye\r\n"};
        return row{1, total(reads) + total(replies), [] { watch(reads, replies); }, {{"serve", [] { serve(reads); }}}};
    }});
    // Beside what a server takes for the same octets of the client.
    auto observed = [](workload::dialogue (*make)()) {
        return [make](inputs&) {
            static std::map<workload::dialogue (*)(), workload::dialogue> made;
            workload::dialogue const& d = made.try_emplace(make, make()).first->second;
            std::vector<std::string_view> const reads(d.client.begin(), d.client.end()), replies(d.server.begin(), d.server.end());
            return row{1, total(reads) + total(replies), [=] { watch(reads, replies); }, {{"serve", [=] { serve(reads); }}}};
        };
    };
    rows.push_back({"observed_commands", observed(workload::envelopes)});
    rows.push_back({"observed_replies", observed(workload::long_replies)});
    rows.push_back({"observed_content", [](inputs& in) {
        std::vector<std::string_view> const reads{"EHLO client.example.net\r\n", "MAIL FROM:<ann.smith@example.net>\r\nRCPT TO:<bob@mail.example.org>\r\nDATA\r\n",
                                                  in.wire(workload::body::text)};
        std::vector<std::string_view> const replies{"220 mx.example.org ESMTP ready\r\n", ehlo_answer,
                                                    "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n", "250 2.0.0 Ok\r\n"};
        return row{1, total(reads) + total(replies), [=] { watch(reads, replies); }, {{"serve", [=] { serve(reads); }}}};
    }});
    rows.push_back({"client_session", [](inputs&) {
        static std::string const content = [] {
            std::string text = workload::content(workload::body::text, 4096);
            return text.erase(text.size() - 3);
        }();
        static std::string_view const replies[] = {
            "220 mx.example.org ESMTP ready\r\n", ehlo_answer,
            "250 2.1.0 Sender ok\r\n250 2.1.5 Recipient ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n",
            "250 2.0.0 Message accepted\r\n", "221 2.0.0 Bye\r\n"};
        static char room[16 * 1024];
        if (!send(replies, content, room)) std::abort();  // a session that breaks off is quick, and means nothing
        return row{1, total(replies) + content.size(), [] { use(send(replies, content, room)); },
                   {{"read_and_copy", [] {
                       for (auto const r : replies) read_all(r);
                       copy_all(content, room);
                   }}}};
    }});
    rows.push_back({"session_noop", [](inputs&) {
        static crowd one(1);
        return row{4096, 4096 * 6, [] { one.visit(4096); }};
    }});
    rows.push_back({"session_noop_of_a_million", [](inputs&) {
        static crowd one(1), many(std::size_t{1} << 20);
        return row{4096, 4096 * 6, [] { many.visit(4096); }, {{"one_session", [] { one.visit(4096); }}}};
    }});
}

inline std::vector<entry> all_rows() {
    std::vector<entry> rows;
    add_command_rows(rows);
    add_reply_rows(rows);
    add_reply_writing_rows(rows);
    add_content_rows(rows);
    add_codec_rows(rows);
    add_session_rows(rows);
    return rows;
}

}  // namespace bench
