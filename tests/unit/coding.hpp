// What the tests of content share: decoding and encoding in pieces of any size, into buffers of any size, and attacks.
#pragma once

#include "support.hpp"

#include "generate.hpp"

#include <ehlo/content.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace coding {

using namespace ehlo;
using support::escaped;
using support::say;
using support::split_everywhere;
using namespace std::string_view_literals;

struct decoded {
    std::string text;
    bool end = false;
    std::size_t consumed = 0;
    std::size_t left = 0;
    std::size_t most = 0;
    bool bare_cr = false, bare_lf = false, nul = false, long_line = false;
};

inline decoded decode(std::vector<std::string_view> const& reads, bare_octets bare = bare_octets::reject) {
    support::growing& in = support::shared_buffer();
    content_decoder d;
    decoded out;
    for (std::string_view const more : reads) {
        in.read(more);
        while (!out.end) {
            content_piece const piece = d.next(in.view(), bare);
            if (piece.consumed == 0) break;
            out.text += piece.octets;
            out.end = piece.end;
            out.consumed += piece.consumed;
            in.discard(piece.consumed);
        }
        if (!out.end && in.size() > out.most) out.most = in.size();
    }
    out.left = in.size();
    out.bare_cr = d.bare_cr();
    out.bare_lf = d.bare_lf();
    out.nul = d.nul();
    out.long_line = d.long_line();
    return out;
}

inline std::string say_content(decoded const& d) {
    return say(std::string_view(d.text)) + (d.end ? " end " : " open ") + std::to_string(d.consumed) + (d.bare_cr ? " bare CR" : "") +
           (d.bare_lf ? " bare LF" : "") + (d.nul ? " NUL" : "") + (d.long_line ? " long" : "");
}
inline std::string everywhere_content(std::string_view text, bare_octets bare = bare_octets::reject) {
    return split_everywhere(text, [=](std::vector<std::string_view> const& reads) { return say_content(decode(reads, bare)); });
}

// CRLF for each CR or LF that stands alone.
inline std::string normalized(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool const crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
        if (text[i] == '\r' || text[i] == '\n') out += "\r\n";
        else out += text[i];
        if (crlf) ++i;
    }
    return out;
}

struct encoded {
    std::string wire;
    bool failed = false;
    failure why{};
    std::size_t at = 0;  // octets consumed before the failure
    bool stuck = false;
};

// Encodes pieces into a buffer of `size` octets that is emptied whenever nothing more fits.
inline encoded encode(std::vector<std::string_view> const& pieces, std::size_t size, bare_octets bare = bare_octets::reject) {
    content_encoder e(bare);
    encoded out;
    support::fence& memory = support::shared_fence();
    std::string const blank(size, '#');
    char* const buffer = const_cast<char*>(memory.put(blank).data());
    auto flush = [&](writer& w) {
        out.wire += w.text();
        bool const progress = w.size() != 0;
        w = writer(buffer, size);
        return progress;
    };
    writer w(buffer, size);
    for (std::string_view piece : pieces) {
        while (!piece.empty()) {
            std::size_t const before = w.size();
            auto const n = e.encode(piece, w);
            if (n.failed()) {
                out.failed = true;
                out.why = n.error();
                if (w.size() != before || !w.ok()) out.wire += "not atomic";
                flush(w);
                return out;
            }
            out.at += n.consumed;
            piece.remove_prefix(n.consumed);
            if (n.done() != piece.empty()) out.wire += "done before the end of its piece";
            if (!piece.empty() && !flush(w) && n.consumed == 0) {
                out.stuck = true;
                return out;
            }
        }
    }
    for (;;) {
        auto const done = e.finish(w);
        if (done.failed()) {
            out.failed = true;
            out.why = done.error();
            flush(w);
            return out;
        }
        bool const progress = flush(w);
        if (done.done()) return out;
        if (!progress) {
            out.stuck = true;
            return out;
        }
    }
}

inline std::vector<std::string_view> cut(generate::rng& r, std::string_view text, std::size_t most) {
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t const n = r.between(1, most);
        pieces.push_back(text.substr(at, n));
        at += n;
    }
    return pieces;
}

constexpr bare_octets modes[] = {bare_octets::reject, bare_octets::normalize, bare_octets::pass};

// Texts of which the parts that matter are seldom, frequent, or everything.
inline std::string content_text(generate::rng& r, std::size_t size) {
    std::size_t const style = r.below(8);
    std::string text;
    while (text.size() < size) {
        switch (style) {
        case 0: text += r.pick("\r\n.\0a"sv); break;
        case 1: text += "..\r\n"; break;
        case 2: text += r.one_in(8) ? "\r\n"sv : "\r\n.."sv; break;
        case 3: text += r.pick("\r\nab"sv); break;
        case 4: text += std::string(r.below(70), 'a') + (r.one_in(30) ? "\r\n.b" : "\r\n"); break;
        case 5: text += "\r\n." + std::string(r.between(1, 60), 'a'); break;
        case 6: text += std::string(r.below(300), 'x') + std::string(1, r.pick("\r\n.\0"sv)) + (r.one_in(3) ? "\r\n" : "y"); break;
        default: text += std::string(r.one_in(5) ? r.between(990, 1002) : r.below(2000), 'l') + (r.one_in(40) ? "\n" : "\r\n"); break;
        }
    }
    text.resize(size);
    if (size > 5 && r.one_in(3)) text.replace(r.below(size - 4), 5, "\r\n.\r\n");
    return text;
}

struct attack {
    std::string_view id, sequence;
    std::size_t end;  // 0: only the real end of content ends it
    bool cr, lf, nul;
};
// attacks.json, SMUG-*: "Subject: a\r\n\r\nbody" SEQUENCE "MAIL FROM:...". No sequence ends anything but those with an end.
constexpr attack attacks[] = {
    {"SMUG-lf-dot-lf", "\n.\n", 0, false, true, false},
    {"SMUG-lf-dot-crlf", "\n.\r\n", 0, false, true, false},
    {"SMUG-crlf-dot-lf", "\r\n.\n", 0, false, true, false},
    {"SMUG-cr-dot-cr", "\r.\r", 0, true, false, false},
    {"SMUG-cr-dot-crlf", "\r.\r\n", 0, true, false, false},
    {"SMUG-crlf-dot-cr", "\r\n.\r", 0, true, false, false},
    {"SMUG-crlf-nul-dot-crlf", "\r\n\0.\r\n"sv, 0, false, false, true},
    {"SMUG-crlf-dot-nul-crlf", "\r\n.\0\r\n"sv, 0, false, false, true},
    {"SMUG-crlf-dot-cr-nul-lf", "\r\n.\r\0\n"sv, 0, true, true, true},
    {"SMUG-cr-nul-lf-dot-crlf", "\r\0\n.\r\n"sv, 0, true, true, true},
    {"SMUG-crlf-dot-crcrlf", "\r\n.\r\r\n", 0, true, false, false},
    {"SMUG-crcrlf-dot-crlf", "\r\r\n.\r\n", 24, true, false, false},
    {"SMUG-nul-crlf-dot-crlf", "\0\r\n.\r\n"sv, 24, false, false, true},
    {"SMUG-crlf-dot-crlf-nul", "\r\n.\r\n\0"sv, 23, false, false, false},
    // and relatives that are not listed there
    {"lf-lf-dot-lf-lf", "\n\n.\n\n", 0, false, true, false},
    {"cr-lf-lf-dot-crlf", "\r\n\n.\r\n", 0, false, true, false},
    {"crcrlf-dot-lf", "\r\r\n.\n", 0, true, true, false},
    {"lf-dot-cr-lf-twice", "\n.\r\n\n.\r\n", 0, false, true, false},
    {"crlf-dot-space-crlf", "\r\n. \r\n", 0, false, false, false},
    {"crlf-dot-dot-crlf", "\r\n..\r\n", 0, false, false, false},
    {"dot-crlf", ".\r\n", 0, false, false, false},
};

}  // namespace coding
