// path.hpp: reverse and forward paths, source routes, relaying
#include "support.hpp"

#include "generate.hpp"

#include <ehlo/path.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace test_path {

using namespace ehlo;
using support::bad_case;
using support::everywhere;
using support::good_case;
using support::say;
using namespace std::string_view_literals;

namespace {

constexpr auto reverse = [](std::string_view t) { return parse_reverse_path(t); };
constexpr auto forward = [](std::string_view t) { return parse_forward_path(t); };
constexpr auto any = [](std::string_view t) { return parse_path(t); };

constexpr std::string_view both_accept[] = {
    "<a@b>",
    "<ann@example.org>",
    "<userx@y.foo.org>",                // RFC 5321 appendix D
    "<Smith@bar.com>",
    "<JQP@bar.com>",
    "<a.b@c-d.e>",
    "<!#$%&'*+-/=?^_`{|}~@d>",
    "<\"\"@b.example>",                 // CMD-empty-quoted
    "<\"a b\"@c>",
    "<\"a>b\"@c.example>",              // CMD-quoted-gt
    "<\"attacker@evil.example x\"@internal.example>",  // CMD-quoted-at
    "<\"a\\\"b\\\\\"@c>",
    "<evil.example!collab@target.example>",            // CMD-uucp-bang
    "<=?x?q?collab=40evil.example=3e=00?=foo@example.com>",  // CMD-encoded-word
    "<a@xn--0117.example>",             // CMD-punycode-malformed
    "<${run{x}}@localhost>",            // CMD-exim-run
    "<a@[127.0.0.1]>",
    "<a@[IPv6:2001:db8::1]>",
    "<a@[x:>y]>",
    "<@a:b@c>",
    "<@hosta.int,@jkl.org:userc@d.bar.org>",           // RFC 5321 4.1.1.3
    "<@a,@b,@c,@d,@e:f@g>",
    "<@a:\"x:y\"@b>",
    "<@a:b@[1.2.3.4]>",
    "<Postmaster@example.org>",
};
constexpr bad_case both_refuse[] = {
    {"", errc::expected_path, 0},
    {"a@b", errc::expected_path, 0},
    {" <a@b>", errc::expected_path, 0},
    {">", errc::expected_path, 0},
    {"<", errc::bad_local_part, 1},
    {"<a", errc::missing_domain, 2},
    {"<a>", errc::missing_domain, 2},
    {"<a@>", errc::bad_domain, 3},
    {"<a@b", errc::unclosed_path, 4},
    {"<a@b ", errc::unclosed_path, 4},
    {"<a@b SIZE=1", errc::unclosed_path, 4},
    {"<a@[1.2.3.4]", errc::unclosed_path, 12},
    {"<a@b>>", errc::unexpected_argument, 5},
    {"<a@b>x", errc::unexpected_argument, 5},
    {"<a@b> ", errc::unexpected_argument, 5},
    {"<<a@b>>", errc::bad_local_part, 1},
    {"< a@b>", errc::bad_local_part, 1},
    {"<a@b >", errc::unclosed_path, 4},
    {"< >", errc::bad_local_part, 1},
    {"<a @b>", errc::bad_local_part, 2},
    {"<a@ b>", errc::bad_domain, 3},
    {"<@b>", errc::bad_route, 3},
    {"<a@b@c>", errc::bad_domain, 4},
    {"<a@b:25>", errc::bad_domain, 4},
    {"<a@b..c>", errc::bad_domain, 5},
    {"<a@b.>", errc::bad_domain, 5},
    {"<a@.b>", errc::bad_domain, 3},
    {"<a@b_c>", errc::bad_domain, 4},
    {"<a@b-.c>", errc::bad_domain, 5},
    {"<a@b.-c>", errc::bad_domain, 5},
    {"<a@b-c->", errc::bad_domain, 7},
    {"<.a@b>", errc::bad_local_part, 1},
    {"<a.@b>", errc::bad_local_part, 3},
    {"<a..b@c>", errc::bad_local_part, 3},
    {"<a(comment)@b>", errc::bad_local_part, 2},
    {"<a,b@c>", errc::bad_local_part, 2},
    {"<Ann <a@b>>", errc::bad_local_part, 4},
    {"<a@[1.2.3]>", errc::bad_address_literal, 9},
    {"<a@[1.2.3.4>", errc::bad_address_literal, 11},
    {"<a@[1.2.3.4]x>", errc::bad_address_literal, 12},
    {"<a@[IPv6:1]>", errc::bad_address_literal, 10},
    {"<\"a\"", errc::missing_domain, 4},
    {"<\"a@b>", errc::bad_quoted_string, 6},
    {"<\"a\nb\"@c>", errc::bad_quoted_string, 3},
    {"<\"a\x00\"@c>"sv, errc::bad_quoted_string, 3},
    {"<a\0@b>"sv, errc::bad_local_part, 2},
    {"<a@b\0>"sv, errc::bad_domain, 4},
    {"<a@b\r\n>", errc::bad_domain, 4},
    {"<\xC3\xBC@b>", errc::non_ascii, 1},
    {"<a@\xC3\xBC>", errc::non_ascii, 3},
    // source routes
    {"<@", errc::bad_domain, 2},
    {"<@a", errc::bad_route, 3},
    {"<@a:", errc::bad_local_part, 4},
    {"<@a:>", errc::bad_local_part, 4},
    {"<@a>", errc::bad_route, 3},
    {"<@a,b:c@d>", errc::bad_route, 4},
    {"<@a,:c@d>", errc::bad_route, 4},
    {"<@a,@:c@d>", errc::bad_domain, 5},
    {"<@:c@d>", errc::bad_domain, 2},
    {"<@a;@b:c@d>", errc::bad_route, 3},
    {"<@a, @b:c@d>", errc::bad_route, 4},
    {"<@a ,@b:c@d>", errc::bad_route, 3},
    {"<@a: c@d>", errc::bad_local_part, 4},
    {"<@a@b:c@d>", errc::bad_route, 3},
    {"<@[1.2.3.4]:c@d>", errc::bad_domain, 2},
    {"<@a.:c@d>", errc::bad_domain, 4},
    {"<@a:Postmaster>", errc::missing_domain, 14},
    {"<@a:@b:c@d>", errc::bad_local_part, 4},
    // attacks.json
    {"<oastify.com!collab\\@example.com>", errc::bad_local_part, 19},          // CMD-uucp-backslash
    {"<collab%psres.net(@example.com>", errc::bad_local_part, 17},              // CMD-percent-comment
    {"<.!@host.example>", errc::bad_local_part, 1},                             // CMD-postfix-dot-bang
    {"<[127.0.0.1:22]!x@local.example>", errc::bad_local_part, 1},              // CMD-postfix-bounce-scan
    {"<\"first\".last@b.example>", errc::bad_local_part, 8},                    // CMD-mixed-quote
    {"<\\\xFF\\\xFF\\\xFF@b.example>", errc::bad_local_part, 1},                // CMD-sendmail-255
    {"<;true;>", errc::bad_local_part, 1},                                      // CMD-opensmtpd-7247
    {"<;for i in 0 1 2 3;do read r;done;>", errc::bad_local_part, 1},           // CMD-opensmtpd-7247-b
    {"<a\xE2\x82@b.example>", errc::non_ascii, 2},                              // CMD-truncated-utf8
};
constexpr bad_case reverse_refuses[] = {
    {"<Postmaster>", errc::missing_domain, 11},
    {"<postmaster>", errc::missing_domain, 11},
    {"<>x", errc::unexpected_argument, 2},
    {"<><>", errc::unexpected_argument, 2},
};
constexpr bad_case forward_refuses[] = {
    {"<>", errc::null_path, 1},
    {"<>x", errc::null_path, 1},
    {"<Postmaste>", errc::missing_domain, 10},
    {"<Postmasters>", errc::missing_domain, 12},
    {"<Postmaster", errc::missing_domain, 11},
    {"<Postmaster >", errc::bad_local_part, 11},
    {"<\"Postmaster\">", errc::missing_domain, 13},
    {"<Postmaster>>", errc::unexpected_argument, 12},
    {"Postmaster", errc::expected_path, 0},
};

static_assert(support::first_wrong(both_refuse, reverse) == std::size(both_refuse));
static_assert(support::first_wrong(both_refuse, forward) == std::size(both_refuse));
static_assert(support::first_wrong(both_refuse, any) == std::size(both_refuse));
static_assert(support::first_wrong(reverse_refuses, reverse) == std::size(reverse_refuses));
static_assert(support::first_wrong(forward_refuses, forward) == std::size(forward_refuses));
static_assert([] {
    for (std::string_view const text : both_accept)
        if (!parse_reverse_path(text) || !parse_forward_path(text) || !parse_path(text)) return false;
    return true;
}());

std::vector<std::string_view> hops(path const& p) {
    std::vector<std::string_view> all;
    for (std::string_view const hop : p.route()) all.push_back(hop);
    return all;
}

// All that a path has to say; two paths over the same text are equal when these are.
std::string parts(path const& p) { return say(p); }

}  // namespace

TEST_CASE("paths that both roles accept", "[path]") {
    for (std::string_view const text : both_accept) {
        CAPTURE(text);
        std::string const said = everywhere(text, [](std::string_view t) { return say(parse_reverse_path(t)); });
        CHECK(said.substr(0, 8) == "mailbox ");
        CHECK(everywhere(text, [](std::string_view t) { return say(parse_forward_path(t)); }) == said);
        CHECK(everywhere(text, [](std::string_view t) { return say(parse_path(t)); }) == said);
        // take_path stops by itself.
        for (std::string_view const rest : {" SIZE=1"sv, ">"sv, "x"sv, "@y>"sv, "\0"sv, "\r\n"sv}) {
            std::string const longer = std::string(text) + std::string(rest);
            auto const taken = take_path(longer);
            REQUIRE(taken);
            CHECK(say(*taken) == said);
            CHECK(parse_path(longer).error() == fail(errc::unexpected_argument, text.size()));
        }
        // Written, it is the same again.
        path const p = *parse_path(text);
        CHECK(support::written([&](writer& w) { return write_path(w, p); }) == text);
    }
}

TEST_CASE("paths that are refused, and where", "[path]") {
    support::check_all(both_refuse, reverse);
    support::check_all(both_refuse, forward);
    support::check_all(both_refuse, any);
    support::check_all(reverse_refuses, reverse);
    support::check_all(forward_refuses, forward);
}

TEST_CASE("the parts of a path", "[path]") {
    constexpr auto p = parse_reverse_path("<@HOSTA,@b.c:\"Jo X\"@d.Org>");
    static_assert(p && p->kind() == path_kind::mailbox && !p->is_null() && !p->is_postmaster());
    static_assert(p->local_part() == "\"Jo X\"" && p->domain() == "d.Org" && p->address() == "\"Jo X\"@d.Org");
    static_assert(p->domain_kind() == host_kind::domain && p->text().size() == 26 && p->tolerated().empty());
    CHECK(hops(*p) == std::vector<std::string_view>{"HOSTA", "b.c"});
    CHECK_FALSE(p->route().empty());
    auto const literal = parse_forward_path("<a@[IPv6:::1]>");
    REQUIRE(literal);
    CHECK(literal->domain() == "[IPv6:::1]");
    CHECK(literal->domain_kind() == host_kind::ipv6);
    CHECK(literal->route().empty());
    CHECK(hops(*literal).empty());
}

TEST_CASE("nothing, Postmaster and a mailbox are three things", "[path]") {
    static_assert(parse_reverse_path("<>")->is_null() && parse_reverse_path("<>")->kind() == path_kind::null);
    static_assert(parse_path("<>")->is_null() && parse_path("<Postmaster>")->is_postmaster());
    static_assert(parse_forward_path("<pOSTMASTER>")->is_postmaster());
    static_assert(!parse_forward_path("<Postmaster@a.b>")->is_postmaster());
    CHECK(everywhere("<>", [](std::string_view t) { return say(parse_reverse_path(t)); }) ==
          "null '<>' via to '' at domain '' = '' []");
    CHECK(everywhere("<POSTmaster>", [](std::string_view t) { return say(parse_forward_path(t)); }) ==
          "postmaster '<POSTmaster>' via to 'POSTmaster' at domain '' = 'POSTmaster' []");
    CHECK(everywhere("<postmaster@x>", [](std::string_view t) { return say(parse_forward_path(t)); }) ==
          "mailbox '<postmaster@x>' via to 'postmaster' at domain 'x' = 'postmaster@x' []");
    CHECK(support::written([](writer& w) { return write_path(w, *parse_path("<>")); }) == "<>");
    CHECK(support::written([](writer& w) { return write_path(w, *parse_path("<PostMaster>")); }) == "<PostMaster>");
    CHECK(path().is_null());
    // What stands after the path must not make it another one.
    CHECK(take_path("<>Postmaster>")->is_null());
    CHECK(take_path("<Postmaster>@x>")->is_postmaster());
}

TEST_CASE("limits of a path, exactly", "[path]") {
    std::string const label(63, 'd'), local(64, 'l');
    auto limits = [](std::string const& text) {
        return everywhere(text, [](std::string_view t) {
            auto const p = parse_path(t);
            return p ? std::string("ok") : say(p.error());
        });
    };
    CHECK(limits("<" + local + "@d>") == "ok");
    CHECK(limits("<l" + local + "@d>") == "local_part_too_long@65");
    CHECK(limits("<@r:l" + local + "@d>") == "local_part_too_long@68");
    // 256 octets with the brackets; the domain is far from 255 then.
    std::string const d189 = label + "." + label + "." + std::string(61, 'd');
    REQUIRE(d189.size() == 189);
    CHECK(limits("<" + local + "@" + d189 + ">") == "ok");
    CHECK(limits("<" + local + "@d" + d189 + ">") == "path_too_long@256");
    std::string const d252 = label + "." + label + "." + label + "." + std::string(60, 'd');
    REQUIRE(d252.size() == 252);
    CHECK(limits("<l@" + d252 + ">") == "ok");
    CHECK(limits("<l@d" + d252 + ">") == "path_too_long@256");
    CHECK(limits("<l@ddd" + d252 + ">") == "path_too_long@256");
    CHECK(limits("<l@dddd" + d252 + ">") == "domain_too_long@258");
    // The route counts.
    CHECK(limits("<@" + std::string(249, 'r') + ":l@d>") == "ok");
    CHECK(limits("<@" + std::string(250, 'r') + ":l@d>") == "path_too_long@256");
    std::string const quoted = '"' + std::string(62, 'q') + '"';
    CHECK(limits("<" + quoted + "@d>") == "ok");
    CHECK(limits("<\"q" + quoted.substr(1) + "@d>") == "local_part_too_long@65");
    CHECK(limits("<" + quoted + "@" + d189 + ">") == "ok");
    CHECK(limits("<" + quoted + "@d" + d189 + ">") == "path_too_long@256");
    // The rules' own limits, on the short forms too.
    CHECK(parse_path("<\"b\"@def>", path_role::any, syntax{.max_local_part = 2}).error() == fail(errc::local_part_too_long, 3));
    CHECK(parse_path("<\"b\"@def>", path_role::any, syntax{.max_domain = 2}).error() == fail(errc::domain_too_long, 7));
    CHECK(parse_path("<\"b\"@def>", path_role::any, syntax{.max_path = 8}).error() == fail(errc::path_too_long, 8));
    CHECK(parse_path("<\"b\"@def>", path_role::any, syntax{.max_local_part = 3, .max_domain = 3, .max_path = 9}));
    CHECK(parse_path("<abc@def>", path_role::any, syntax{.max_local_part = 2}).error() == fail(errc::local_part_too_long, 3));
    CHECK(parse_path("<abc@def>", path_role::any, syntax{.max_domain = 2}).error() == fail(errc::domain_too_long, 7));
    CHECK(parse_path("<abc@def>", path_role::any, syntax{.max_path = 8}).error() == fail(errc::path_too_long, 8));
    CHECK(parse_path("<abc@def>", path_role::any, syntax{.max_local_part = 3, .max_domain = 3, .max_path = 9}));
    CHECK(parse_path("<>", path_role::any, syntax{.max_path = 1}).error() == fail(errc::path_too_long, 1));
}

TEST_CASE("paths of every length around the vector sizes", "[path]") {
    // "<" + local + "@" + domain + ">" with all splits of all lengths up to 80: the fast form ends at 64.
    std::size_t faults = 0;
    for (std::size_t local = 1; local <= 64; ++local) {
        for (std::size_t domain = 1; local + domain <= 78; ++domain) {
            std::string text = "<" + std::string(local, 'a') + "@" + std::string(domain, 'b') + ">";
            for (bool const quoted : {false, true}) {
                if (quoted && local < 2) break;
                if (quoted) text[1] = text[local] = '"';
                for (std::string_view const t : {support::shared_fence().put(text), std::string_view(text)}) {
                    auto const p = parse_path(t);
                    faults += !p || p->local_part().size() != local || p->domain().size() != domain || p->text() != t ||
                              p->domain().data() != t.data() + local + 2;
                }
                std::string_view const cut = support::shared_fence().put(text.substr(0, text.size() - 1));
                auto const open = parse_path(cut);
                faults += open || open.error() != fail(errc::unclosed_path, cut.size());
            }
        }
    }
    CHECK(faults == 0);
}

TEST_CASE("the fast path is the general path", "[path]") {
    generate::rng r(97);
    int fast = 0, quoted = 0, refused = 0;
    for (int i = 0; i < generate::drawn(200000); ++i) {
        std::string text;
        switch (r.below(8)) {
        case 0: text = generate::forward_path(r, false, 12); break;
        case 1: text = generate::reverse_path(r, true, 12); break;
        case 2: text = "<" + generate::quoted_string(r, r.one_in(4), 40) + "@" + generate::domain(r, false, 30) + ">"; break;
        default: text = "<" + generate::dot_string(r, false, 40) + "@" + generate::domain(r, false, 30) + ">"; break;
        }
        for (std::size_t n = r.below(3); n > 0; --n) generate::mutate(r, text);
        if (r.one_in(3)) text += generate::rest_of_line(r, 60);
        if (text.size() < 2 || text[0] != '<') continue;
        syntax rules;
        if (r.one_in(4)) rules.tolerate = leniency::all();
        if (r.one_in(4)) rules.smtputf8 = true;
        if (r.one_in(8)) rules.max_local_part = static_cast<std::uint16_t>(r.below(8));
        if (r.one_in(8)) rules.max_domain = static_cast<std::uint16_t>(r.below(12));
        if (r.one_in(8)) rules.max_path = static_cast<std::uint16_t>(r.below(24));
        std::string_view const t = support::shared_fence().put(text);
        path quick;
        if (!path_access::try_fast(t, rules, quick)) {
            ++refused;
            continue;
        }
        ++fast;
        quoted += text[1] == '"';
        for (path_role const role : {path_role::reverse, path_role::forward, path_role::any}) {
            detail::cursor c{t, rules};
            path slow;
            bool const same = path_access::read(c, role, slow) && parts(slow) == parts(quick) &&
                              slow.text().data() == quick.text().data() && slow.text().size() == quick.text().size();
            if (!same) FAIL_CHECK(support::escaped(text) << ": " << parts(quick) << " but " << say(c.error));
        }
    }
    CHECK(fast > generate::drawn(50000));
    CHECK(quoted > generate::drawn(5000));
    CHECK(refused > generate::drawn(20000));
}

TEST_CASE("relaying over a source route", "[path]") {
    // RFC 821 3.6: "HOSTA" is taken off the forward path, the relay's name is put in front of the reverse path.
    auto const to = *parse_forward_path("<@HOSTA.ARPA,@HOSTB.ARPA:USERC@HOSTD.ARPA>");
    auto const from = *parse_reverse_path("<USERX@HOSTY.ARPA>");
    auto next_to = [](path const& p) { return support::written([&](writer& w) { return write_relayed_forward_path(w, p); }); };
    auto next_from = [](path const& p, std::string_view relay) {
        return support::written([&](writer& w) { return write_relayed_reverse_path(w, p, relay); });
    };
    CHECK(next_to(to) == "<@HOSTB.ARPA:USERC@HOSTD.ARPA>");
    CHECK(next_from(from, "HOSTA.ARPA") == "<@HOSTA.ARPA:USERX@HOSTY.ARPA>");
    // And once more, at HOSTB.
    std::string const to2 = next_to(to), from2 = next_from(from, "HOSTA.ARPA");
    CHECK(next_to(*parse_forward_path(to2)) == "<USERC@HOSTD.ARPA>");
    CHECK(next_from(*parse_reverse_path(from2), "HOSTB.ARPA") == "<@HOSTB.ARPA,@HOSTA.ARPA:USERX@HOSTY.ARPA>");
    CHECK(next_to(*parse_forward_path("<USERC@HOSTD.ARPA>")) == "bad_value@0");
    CHECK(next_to(*parse_forward_path("<Postmaster>")) == "bad_value@0");
    CHECK(next_from(*parse_reverse_path("<>"), "HOSTA.ARPA") == "<>");
    for (std::string_view const relay : {""sv, "[1.2.3.4]"sv, "a b"sv, "a\r\nRSET"sv, "a."sv, "a,@b"sv, "a:b"sv})
        CHECK(next_from(from, relay) == "bad_value@0");
    // 256 octets are the end of a path.
    std::string const most(256 - 20, 'r');
    CHECK(next_from(from, most).size() == 256);
    CHECK(next_from(from, most + "r") == "path_too_long@256");
    // A path that was tolerated is written without the spaces.
    auto const loose = parse_forward_path("<@a, @b:  c@d>", syntax{.tolerate = rule::spaces_in_route});
    REQUIRE(loose);
    CHECK(hops(*loose) == std::vector<std::string_view>{"a", "b"});
    CHECK(next_to(*loose) == "<@b:c@d>");
    CHECK(support::written([&](writer& w) { return write_path(w, *loose); }) == "<@a,@b:c@d>");
    auto const bare = parse_reverse_path("a@b", syntax{.tolerate = rule::missing_brackets});
    REQUIRE(bare);
    CHECK(support::written([&](writer& w) { return write_path(w, *bare); }) == "<a@b>");
}

TEST_CASE("RFC 5321 4.5.3.1.3: the brackets that are not there count", "[path]") {
    syntax const rules{.tolerate = rule::missing_brackets};
    for (std::size_t size = 240; size < 262; ++size) {
        std::string const bare = "a@" + std::string(size - 2, 'b');
        std::string const whole = "<" + bare + ">";
        CAPTURE(size);
        auto const p = parse_path(bare, path_role::any, rules);
        CHECK(p.has_value() == parse_path(whole).has_value());
        if (!p) {
            bool const domain = size - 2 > 255;
            CHECK(p.error() == (domain ? fail(errc::domain_too_long, 2 + 255) : fail(errc::path_too_long, 254)));
            continue;
        }
        CHECK(support::written([&](writer& w) { return write_path(w, *p); }) == whole);
        // Its text, without brackets, is what a client may be given.
        CHECK(support::written([&](writer& w) { return write_mail(w, p->text()); }) == "MAIL FROM:" + whole + "\r\n");
        CHECK(support::written([&](writer& w) { return write_rcpt(w, p->text()); }) == "RCPT TO:" + whole + "\r\n");
    }
    CHECK(support::written([](writer& w) { return write_rcpt(w, "Postmaster"); }) == "RCPT TO:<Postmaster>\r\n");
    CHECK(support::written([](writer& w) { return write_rcpt(w, "@a, @b: c@d", rcpt_options{}); }) == "RCPT TO:<@a,@b:c@d>\r\n");
    CHECK(support::written([](writer& w) { return write_mail(w, "@a, @b: c@d"); }) == "MAIL FROM:<@a,@b:c@d>\r\n");
    CHECK(support::written([](writer& w) { return write_mail(w, "a@b SIZE=1"); }) == "unexpected_argument@3");
    CHECK(support::written([](writer& w) { return write_mail(w, ""); }) == "expected_path@0");
    CHECK(support::written([](writer& w) { return write_mail(w, "a@b_c"); }) == "unexpected_argument@3");
    syntax const underscore{.tolerate = rule::underscore_in_domain};
    CHECK(support::written([&](writer& w) { return write_mail(w, "a@b_c", {}, verb::mail, underscore); }) == "MAIL FROM:<a@b_c>\r\n");
    CHECK(support::written([&](writer& w) { return write_rcpt(w, "a@b_c", "", underscore); }) == "RCPT TO:<a@b_c>\r\n");
}

TEST_CASE("RFC 821 3.6: <Postmaster> is no reverse path to be relayed", "[path]") {
    auto const postmaster = parse_path("<Postmaster>");
    REQUIRE(postmaster->is_postmaster());
    CHECK(support::written([&](writer& w) { return write_relayed_reverse_path(w, *postmaster, "r.example"); }) == "bad_value@0");
    auto const bare = parse_path("Postmaster", path_role::any, {.tolerate = rule::missing_brackets});
    CHECK(support::written([&](writer& w) { return write_relayed_reverse_path(w, *bare, "r.example"); }) == "bad_value@0");
    // A mailbox of that name, read under missing_domain, comes back under it.
    syntax const nowhere{.tolerate = rule::missing_domain};
    auto const box = parse_reverse_path("<Postmaster>", nowhere);
    std::string const text = support::written([&](writer& w) { return write_relayed_reverse_path(w, *box, "r.example"); });
    CHECK(text == "<@r.example:Postmaster>");
    CHECK(parse_reverse_path(text, nowhere)->local_part() == "Postmaster");
}

}  // namespace test_path
