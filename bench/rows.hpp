// The rows: which work on which workload, and beside which floors.
#pragma once

#include "floor.hpp"
#include "inputs.hpp"
#include "session_rows.hpp"
#include "usual_replies.hpp"
#include "work.hpp"

#include <ehlo/capabilities.hpp>
#include <ehlo/command_reader.hpp>

#include <cstdlib>

namespace bench {

// ---- server side: commands ----

inline std::size_t count_taken(std::string_view text) {
    ehlo::command_reader reader;
    std::size_t taken = 0;
    while (!text.empty()) {
        auto const p = reader.next(text, 2048, ehlo::strict_syntax, [](auto const&) noexcept {});
        taken += p.ready();
        text.remove_prefix(p.consumed);
    }
    return taken;
}

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
    rows.push_back({"command_lenient", over_commands(parse_commands_leniently)});
    rows.push_back({"command_split", over_commands(split_commands)});
    rows.push_back({"command_lines", over_commands(read_lines)});
    rows.push_back({"command_a_read", [](inputs& in) {
        auto const reads = in.reads();
        return row{reads.size(), total(reads), [=] { parse_reads(reads); },
                   {{"memchr", [=] { for (auto const r : reads) find_lines(r); }}, {"command", [text = in.commands()] { parse_commands(text); }}}};
    }});
    for (workload::kind const& k : workload::rare_commands) {
        rows.push_back({"command_" + std::string(k.name), [&k](inputs& in) {
            std::string_view const text = in.rare_commands(k);
            std::size_t const all = workload::lines(text).size();
            if (count_taken(text) != (k.refused ? 0 : all)) std::abort();  // another kind than it says
            return row{all, text.size(), [=] { parse_commands(text); }, {{"memchr", [=] { find_lines(text); }}}};
        }});
    }
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
    auto over_replies = [=](auto pass) {
        return [=](inputs& in) {
            std::string_view const text = in.replies();
            return row{count(text), text.size(), [=] { pass(text); },
                       {{"memchr", [=] { find_lines(text); }},
                        {"read_all", [=] { read_all(text); }},
                        {"naive", [=] { naive_replies(text); }}}};
        };
    };
    rows.push_back({"reply", over_replies(parse_replies)});
    rows.push_back({"reply_with_lines", over_replies(parse_reply_lines)});
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
    auto over_paths = [](auto pass) {
        return [pass](inputs& in) {
            auto const paths = in.paths();
            auto const room = in.room(inputs::cached);
            return row{paths.size(), total(paths), [=] { pass(paths, room); },
                       {{"memcpy", [=] { for (auto const p : paths) copy_all(p, room.data()); }}}};
        };
    };
    rows.push_back({"mail_write", over_paths(write_mails)});
    rows.push_back({"rcpt_write", over_paths(write_rcpts)});
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
    // A message of SASL, as PLAIN and SCRAM have it.
    rows.push_back({"base64_encode_short", [](inputs& in) {
        std::string_view const text = in.clean(workload::body::text).substr(0, 36);
        auto const out = in.room(2 * inputs::cached);
        return row{100, 100 * text.size(), [=] { for (int i = 0; i < 100; ++i) encode_base64(fresh(text), out); },
                   {{"memcpy", [=] { for (int i = 0; i < 100; ++i) copy_all(fresh(text), out.data()); }},
                    {"plain_loop", [=] { for (int i = 0; i < 100; ++i) plain_encode_base64(fresh(text), out.data()); }}}};
    }});
    rows.push_back({"base64_decode_short", [](inputs& in) {
        std::string_view const text = in.base64().substr(0, 48);
        auto const out = in.room(2 * inputs::cached);
        return row{100, 100 * text.size(), [=] { for (int i = 0; i < 100; ++i) decode_base64(fresh(text), out); },
                   {{"memcpy", [=] { for (int i = 0; i < 100; ++i) copy_all(fresh(text), out.data()); }},
                    {"plain_loop", [=] { for (int i = 0; i < 100; ++i) plain_decode_base64(fresh(text), out.data()); }}}};
    }});
    for (std::string_view const name : {"ascii", "mixed", "cyrillic"}) {
        rows.push_back({"utf8/" + std::string(name), [=](inputs& in) {
            std::string_view const text = in.letters(name);
            return row{1, text.size(), [=] { check_utf8(text); },
                       {{"read_all", [=] { read_all(text); }}, {"plain_loop", [=] { plain_utf8(text); }}}};
        }});
    }
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

inline std::vector<entry> all_rows() {
    std::vector<entry> rows;
    add_command_rows(rows);
    add_reply_rows(rows);
    add_reply_writing_rows(rows);
    add_content_rows(rows);
    add_codec_rows(rows);
    add_step_rows(rows);
    add_session_rows(rows);
    add_middle_rows(rows);
    add_crowd_rows(rows);
    return rows;
}

}  // namespace bench
