// Content: the decoder against a search that is obviously right, and the encoder against the decoder.
#include "fuzz.hpp"

using namespace ehlo;
using fuzz::check;

namespace {

constexpr bare_octets modes[] = {bare_octets::reject, bare_octets::normalize, bare_octets::pass};

struct decoded {
    std::string text;
    std::size_t consumed = 0;
    bool end = false, bare_cr = false, bare_lf = false, nul = false, long_line = false;
    bool operator==(decoded const&) const = default;
};

bool is_bare(std::string_view text, std::size_t i) {
    if (text[i] == '\r') return i + 1 == text.size() || text[i + 1] != '\n';
    return text[i] == '\n' && (i == 0 || text[i - 1] != '\r');
}

std::string normalized(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_bare(text, i))
            out += "\r\n";
        else
            out += text[i];
    }
    return out;
}

// Search and replace, as RFC 5321 4.5.2 says it.
decoded expect(std::string_view in, bare_octets bare) {
    std::string text = "\r\n" + std::string(in);  // the CRLF of the DATA command
    decoded d;
    std::size_t const end = text.find("\r\n.\r\n");
    d.end = end != std::string::npos;
    // Without the end, what may still become a part of it cannot be judged.
    std::size_t const open = text.ends_with("\r\n.\r")                         ? 2
                             : text.ends_with("\r\n.") || text.ends_with("\r") ? 1
                                                                               : 0;
    d.consumed = d.end ? end + 3 : in.size() - open;
    text.resize(d.end ? end + 2 : text.size() - open);
    for (std::size_t at = 0; (at = text.find("\r\n.", at)) != std::string::npos; at += 2)
        text.erase(at + 2, 1);
    text.erase(0, 2);
    for (std::size_t i = 0; i < text.size(); ++i) {
        d.bare_cr |= text[i] == '\r' && is_bare(text, i);
        d.bare_lf |= text[i] == '\n' && is_bare(text, i);
        d.nul |= text[i] == '\0';
    }
    d.text = bare == bare_octets::normalize ? normalized(text) : text;
    for (std::size_t line = 0, next; line < d.text.size(); line = next) {
        std::size_t const length = (std::min)(d.text.find("\r\n", line), d.text.size()) - line;
        d.long_line |= length > content_decoder::max_line;
        next = line + length + 2;
    }
    return d;
}

void note_seen(decoded& d, content_decoder const& decoder) {
    d.bare_cr = decoder.bare_cr();
    d.bare_lf = decoder.bare_lf();
    d.nul = decoder.nul();
    d.long_line = decoder.long_line();
}

decoded decode(std::string_view in, bare_octets bare, fuzz::arrival how) {
    decoded d;
    content_decoder decoder;
    d.consumed = fuzz::deliver(in, how, [&](std::string_view pending, bool& stop) {
        std::size_t used = 0;
        while (!d.end) {
            content_piece const piece = decoder.next(pending.substr(used), bare);
            if (piece.consumed == 0) {
                check(piece.octets.empty() && !piece.end, "what is not consumed gives nothing");
                check(pending.size() - used <= 2, "at most two octets cannot be judged");
                break;
            }
            check(piece.octets == "\r\n" || fuzz::lies_in(piece.octets, pending),
                  "a piece is a part of the input");
            used += piece.consumed;
            d.text += piece.octets;
            d.end = piece.end;
        }
        stop = d.end;
        return used;
    });
    note_seen(d, decoder);
    return d;
}

// The same with a copy. `room` is the most that one call may write; 0 stands for enough.
decoded decode_with_copy(std::string_view in, bare_octets bare, fuzz::arrival how, std::size_t room) {
    decoded d;
    content_decoder decoder;
    d.consumed = fuzz::deliver(in, how, [&](std::string_view pending, bool& stop) {
        std::size_t used = 0;
        while (!d.end) {
            fuzz::block buffer(room == 0 ? 2 * pending.size() + 2 : room);
            auto const part = decoder.decode(pending.substr(used), {buffer.data(), buffer.size()}, bare);
            check(part.consumed <= pending.size() - used && part.produced <= buffer.size(), "no more than there is");
            used += part.consumed;
            d.text += buffer.view().substr(0, part.produced);
            d.end = part.end;
            if (part.consumed == 0) break;
        }
        stop = d.end;
        return used;
    });
    note_seen(d, decoder);
    return d;
}

struct encoded {
    std::string text;
    bool failed = false;
    failure fault{};
    std::size_t fault_at = 0;  // in all of the content
};

// `room` is the most that one call may write; 0 stands for enough.
encoded encode(std::string_view in, bare_octets bare, fuzz::arrival how, std::size_t room) {
    encoded e;
    content_encoder encoder(bare);
    fuzz::sizes draw(in);
    std::size_t done = 0;
    auto with_room = [&](std::size_t enough, auto&& call) {
        fuzz::block buffer(room == 0 ? enough : draw.next(2, room));
        writer out(buffer.data(), buffer.size());
        auto const result = call(out);
        e.text += out.text();
        if (!result.failed()) return result;
        check(out.size() == 0, "an encoder that fails writes nothing");
        e.failed = true;
        e.fault = result.error();
        e.fault_at = done + e.fault.at;
        return result;
    };
    fuzz::deliver(in, how, [&](std::string_view piece, bool& stop) {
        std::size_t const start = done;
        while (done - start < piece.size() && !e.failed) {
            std::size_t const before = e.text.size();
            auto const taken = with_room(
                2 * piece.size() + 8, [&](writer& out) { return encoder.encode(piece.substr(done - start), out); });
            if (taken.failed()) break;
            check(taken.done() == (taken.consumed == piece.size() - (done - start)), "done is all consumed");
            check(taken.consumed != 0 || e.text.size() != before, "two octets of room are enough to go on");
            done += taken.consumed;
        }
        stop = e.failed;
        return done - start;
    });
    while (!e.failed) {
        std::size_t const before = e.text.size();
        auto const finished = with_room(8, [&](writer& out) { return encoder.finish(out); });
        if (finished.done()) break;
        check(finished.failed() || e.text.size() != before, "two octets of room are enough to end");
    }
    return e;
}

void check_encoder(std::string_view in, bare_octets bare) {
    encoded const whole = encode(in, bare, fuzz::arrival::whole, 0);
    bool const normalize = bare == bare_octets::normalize;
    std::size_t first_bare = 0;
    while (first_bare < in.size() && !is_bare(in, first_bare)) ++first_bare;
    check(whole.failed == (!normalize && first_bare < in.size()),
          "content with bare CR or LF is refused, and only that");
    if (whole.failed) {
        check(whole.fault.code == (in[first_bare] == '\r' ? errc::bare_cr : errc::bare_lf),
              "the fault is the first one");
        // At the very end it is found by finish(), which has no text to point into.
        check(whole.fault_at == first_bare || first_bare + 1 == in.size(), "the fault is where it is");
        fuzz::check_failure(whole.fault, in.size(), verb::data);
    } else {
        std::string content = normalize ? normalized(in) : std::string(in);
        if (!content.empty() && !content.ends_with("\r\n")) content += "\r\n";
        decoded const back = decode(whole.text, bare_octets::reject, fuzz::arrival::whole);
        check(back.end && back.consumed == whole.text.size(), "the end of what is written is its only end",
              whole.text);
        check(back.text == content, "what is written reads as what was meant", whole.text);
        check(!back.bare_cr && !back.bare_lf, "what is written has no bare CR or LF", whole.text);
    }
    for (auto const how : fuzz::arrivals)
        for (std::size_t const room : {0u, 2u, 5u, 40u}) {
            if (!fuzz::worth(how, in)) continue;
            encoded const parts = encode(in, bare, how, room);
            check(parts.failed == whole.failed, "pieces and room do not change what is refused");
            if (whole.failed)
                check(parts.fault.code == whole.fault.code, "pieces and room do not change the fault");
            else
                check(parts.text == whole.text, "pieces and room do not change what is written", parts.text);
        }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 4096) return 0;
    fuzz::current = fuzz::as_text(data, size);
    for (auto const bare : modes) {
        decoded const right = expect(fuzz::current, bare);
        for (auto const how : fuzz::arrivals) {
            if (!fuzz::worth(how, fuzz::current)) continue;
            decoded const found = decode(fuzz::current, bare, how);
            check(found.end == right.end && found.consumed == right.consumed,
                  "CRLF . CRLF ends content, and nothing else");
            check(found.text == right.text, "content is decoded right", found.text);
            check(found == right, "bare CR, bare LF, NUL and long lines are seen");
            for (std::size_t const room : {0u, 2u, 250u})
                check(decode_with_copy(fuzz::current, bare, how, room) == right, "with a copy it is the same");
        }
        check_encoder(fuzz::current, bare);
    }
    return 0;
}
