// AUTH: base64 against a slow codec, in place against through a writer, the command and its exchange, and every message
// parsed, written and parsed again.
#include "fuzz.hpp"

#include <ehlo/scram.hpp>

using namespace ehlo;
using fuzz::check;

namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string slow_encode(std::string_view octets) {
    std::string out;
    unsigned bits = 0, held = 0;
    for (char const c : octets) {
        held = (held << 8 | static_cast<unsigned char>(c)) & 0xFFFF;
        for (bits += 8; bits >= 6; bits -= 6) out += letters[held >> (bits - 6) & 63];
    }
    if (bits != 0) out += letters[held << (6 - bits) & 63];
    while (out.size() % 4 != 0) out += '=';
    return out;
}

template <class Write>
std::string written(std::size_t size, Write&& write) {
    fuzz::block buffer(size);
    writer out(buffer.data(), buffer.size());
    auto const n = write(out);
    check(n && *n == out.size(), "what was read can be written", n ? "" : name(n.error().code));
    return std::string(out.text());
}

void check_octets(std::string_view octets) {
    std::string const slow = slow_encode(octets);
    std::string const fast = written(base64_size(octets.size()), [&](writer& w) { return encode_base64(w, octets); });
    check(fast == slow, "base64 is what the slow codec makes", fast);
    fuzz::sizes draw(octets);
    fuzz::block buffer(fast.size());
    writer out(buffer.data(), buffer.size());
    base64_encoder encoder(out);
    for (std::size_t at = 0; at < octets.size();) {
        std::size_t const size = draw.next(0, octets.size() - at < 20 ? octets.size() - at : 20);
        encoder.put(octets.substr(at, size));
        at += size;
        if (size == 0) encoder.put(octets.substr(at++, 1));
    }
    encoder.finish();
    check(out.ok() && out.text() == fast, "so is base64 that is made of pieces", out.text());
    check(decode_base64(buffer.data(), buffer.size()).value_or("") == octets, "base64 is decoded");
}

void check_text(std::string_view text) {
    auto const size = check_base64(text);
    fuzz::block place(text), output(size ? *size : text.size());
    auto const in_place = decode_base64(place.data(), place.size());
    writer out(output.data(), output.size());
    auto const through = decode_base64(out, text);
    check(size.has_value() == in_place.has_value() && size.has_value() == through.has_value(), "all agree whether it is base64");
    if (size) {
        check(*in_place == out.text() && out.size() == *size, "both ways decode the same");
        check(slow_encode(out.text()) == text, "each sequence of octets has one base64");
        return;
    }
    fuzz::check_failure(size.error(), text.size(), verb::unknown);
    check(in_place.error() == size.error() && through.error() == size.error() && out.size() == 0, "and why not");
    check(place.view() == text, "a text that is refused is not touched");
    // What stands before the fault can go on to be right.
    std::string const before(text.substr(0, size.error().at));
    bool viable = false;
    for (char const* end : {"", "A", "=", "AA", "A=", "==", "AAA", "AA=", "A=="}) viable = viable || check_base64(before + end);
    check(viable, "the fault is no earlier");
    bool more = false;
    if (before.size() < text.size())
        for (char const* end : {"", "A", "=", "AA", "A=", "==", "AAA", "AA=", "A=="})
            more = more || check_base64(before + text[before.size()] + end);
    check(!more, "nor later");
}

template <class Message, class Parse>
void check_message(std::string_view octets, result<Message> const& m, Parse&& parse) {
    if (!m) {
        fuzz::check_failure(m.error(), octets.size(), verb::unknown);
        return;
    }
    std::string const raw = written(octets.size() + 64, [&](writer& w) { return write_message(w, *m); });
    fuzz::block const exact(raw);
    auto const again = parse(exact.view());
    check(again.has_value(), "what was written can be read", raw);
    check(written(raw.size(), [&](writer& w) { return write_message(w, *again); }) == raw, "and says the same", raw);
    if (base64_size(raw.size()) + 2 > max_auth_line) return;
    std::string line = written(base64_size(raw.size()) + 2, [&](writer& w) { return write_auth_response(w, *m); });
    check(line == slow_encode(raw) + "\r\n", "a response is the message in base64", line);
    fuzz::block small(line.size() - 1);
    writer tight(small.data(), small.size());
    check(!write_auth_response(tight, *m) && tight.size() == 0, "it is written whole or not at all");
    auto const octets_again = decode_auth_response(line.data(), line.size() - 2);
    check(octets_again && *octets_again == raw, "and is decoded in place");
}

void check_messages(std::string_view octets) {
    auto all = [octets](auto... parse) { (check_message(octets, parse(octets), parse), ...); };
    all([](std::string_view t) { return parse_plain(t); }, [](std::string_view t) { return parse_login(t); },
        [](std::string_view t) { return parse_external(t); }, [](std::string_view t) { return parse_anonymous(t); },
        [](std::string_view t) { return parse_xoauth2(t); }, [](std::string_view t) { return parse_oauthbearer(t); },
        [](std::string_view t) { return parse_cram_md5(t); }, [](std::string_view t) { return parse_scram_client_first(t); },
        [](std::string_view t) { return parse_scram_server_first(t); }, [](std::string_view t) { return parse_scram_client_final(t); },
        [](std::string_view t) { return parse_scram_server_final(t); });
    (void)find_login_prompt(octets);
    std::size_t const size = octets.size();
    if (auto const m = parse_login(octets)) written(size, [&m](writer& w) { return write_message(w, sasl::login{*m}); });
    if (auto const m = parse_external(octets)) written(size, [&m](writer& w) { return write_message(w, sasl::external{*m}); });
    if (auto const m = parse_anonymous(octets)) written(size, [&m](writer& w) { return write_message(w, sasl::anonymous{*m}); });
    if (auto const m = parse_plain(octets))
        check(!m->authcid.empty() && !m->password.empty() && fuzz::lies_in(m->password, octets), "PLAIN has a name and a password");
    if (auto const m = parse_scram_client_first(octets)) {
        check(m->header_text.size() + m->bare.size() == octets.size() && fuzz::lies_in(m->nonce, m->bare), "a header, and the rest");
        fuzz::block buffer(m->user.text().size());
        writer out(buffer.data(), buffer.size());
        check(write_unescaped(out, m->user) && m->user.means(out.text()), "a name means what it means", out.text());
    }
    // As text of the caller, whatever it is: refused, or such that it can be read.
    sasl::oauthbearer const built{saslname(octets), octets, 25u, octets};
    fuzz::block buffer(8 * octets.size() + 64);
    writer out(buffer.data(), buffer.size());
    if (write_message(out, built)) {
        auto const again = parse_oauthbearer(out.text());
        check(again && again->authzid.means(octets) && again->host == octets && again->token == octets, "what is built can be read");
    } else {
        check(out.size() == 0, "what is refused is not written");
    }
}

void check_command(std::string_view line) {
    auto const split = split_command(line);
    if (!split) return;
    auto const a = parse_auth(split->arguments);
    if (!a) {
        fuzz::check_failure(a.error(), split->arguments.size(), verb::unknown);
        return;
    }
    check(is_mechanism(a->name) && fuzz::lies_in(a->name, line), "a mechanism has a name");
    check(!a->initial_response || check_base64(*a->initial_response), "an initial response is base64");
    fuzz::block buffer(line.size() + 16);
    writer out(buffer.data(), buffer.size());
    if (!write_auth(out, *a)) {
        check(out.size() == 0 && split->arguments.size() + 7 > max_auth_command, "only a long command cannot be written again");
        return;
    }
    check(iequals(out.text(), "AUTH " + std::string(split->arguments) + "\r\n"), "a command is written as it was", out.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 13000) return 0;
    fuzz::current = fuzz::as_text(data, size);
    fuzz::block const exact(fuzz::current);
    std::string_view const text = exact.view();
    check_octets(text);
    check_text(text);
    check_messages(text);
    check_command(text);

    auto const response = parse_auth_response(text);
    if (!response) fuzz::check_failure(response.error(), text.size(), verb::unknown);
    else check(response->cancelled == (text == "*") && (response->cancelled || response->base64 == text), "a line is what it is");
    // Messages inside base64, too.
    if (check_base64(text)) {
        fuzz::block place(text);
        check_messages(*decode_base64(place.data(), place.size()));
    }
    reply_limits limits;
    limits.line = max_auth_line;
    if (auto const r = parse_reply(text, limits); r.ready()) {
        auto const challenge = parse_challenge(*r);
        if (!challenge) fuzz::check_failure(challenge.error(), r->octets().size(), verb::unknown);
        else check(fuzz::lies_in(*challenge, text) && check_base64(*challenge), "a challenge is base64");
    }
    mechanisms const offered = parse_mechanisms(text);
    std::string const names = written(256, [&](writer& w) { return write_mechanisms(w, offered); });
    check(parse_mechanisms(names) == offered, "mechanisms are written as they were read", names);
    return 0;
}
