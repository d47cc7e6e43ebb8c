// The opt-in headers: std::error_code, std::ostream, std::format.
#include "catch.hpp"

#include <ehlo/format.hpp>
#include <ehlo/scram.hpp>
#include <ehlo/std_error.hpp>

#include <sstream>
#include <string>
#include <type_traits>

namespace test_optin {

TEST_CASE("errors as std::error_code") {
    std::error_code const none;
    std::error_code const first = ehlo::errc::empty_line;  // errc's own value 0 must not look like success
    std::error_code const misuse = ehlo::errc::output_full;
    CHECK_FALSE(none);
    CHECK(first);
    CHECK(first.category().name() == std::string("ehlo"));
    CHECK(first.message() == message(ehlo::errc::empty_line));
    CHECK(first == std::errc::protocol_error);
    CHECK(misuse == std::errc::invalid_argument);
    CHECK(ehlo::error_category().message(0) == "no error of ehlo");
    CHECK(ehlo::error_category().message(999) == "no error of ehlo");
}

namespace {

// What all the ways to print a value say, which must be the same.
template <ehlo::printable T>
std::string printed(T const& value) {
    std::ostringstream out;
    out << value;
    CHECK(ehlo::to_string(value) == out.str());
#if defined(__cpp_lib_format)
    CHECK(std::format("{}", value) == out.str());
    CHECK(std::format("{:>90}", value).ends_with(out.str()));
#endif
    return out.str();
}
template <class Command>
std::string typed(std::string_view line) {
    std::string text = "not this command";
    auto const split = ehlo::split_command(line);
    REQUIRE(split);
    (void)ehlo::visit_command(*split, ehlo::strict_syntax, [&text](auto const& c) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(c)>, Command>) text = printed(c);
    });
    return text;
}

}  // namespace

TEST_CASE("names and errors on a stream") {
    CHECK(printed(ehlo::errc::bad_domain) == "bad_domain");
    CHECK(printed(ehlo::verb::mail) == "MAIL");
    CHECK(printed(ehlo::verb::unknown) == "unknown");
    CHECK(printed(ehlo::mechanism::scram_sha_256) == "SCRAM-SHA-256");
    CHECK(printed(ehlo::state::ready) == "ready");
    CHECK(printed(ehlo::event::last_chunk_end) == name(ehlo::event::last_chunk_end));
    CHECK(printed(ehlo::fact::tls) == "tls");
    CHECK(printed(ehlo::want::close) == "close");
    CHECK(printed(ehlo::failure{ehlo::errc::bare_lf, 7}) == "bare_lf at 7");
    CHECK(printed(ehlo::status{5, 1, 1}) == "5.1.1");
    CHECK(printed(ehlo::path_kind::postmaster) == "postmaster");
    CHECK(printed(ehlo::path_role::any) == "any");
    CHECK(printed(ehlo::service::lmtp) == "lmtp");
    CHECK(printed(ehlo::reply_class::completion) == "completion");
    CHECK(printed(ehlo::reply_class::intermediate) == "intermediate");
    CHECK(printed(ehlo::reply_class::transient) == "transient");
    CHECK(printed(ehlo::reply_class::permanent) == "permanent");
    ehlo::seen::reply heard{};
    heard.said = *ehlo::parse_reply("250 2.0.0 yes\r\n");
    CHECK(printed(heard) == printed(heard.said));
    CHECK(printed(ehlo::class_of(100)) == "none");
    CHECK(printed(ehlo::bare_octets::normalize) == "normalize");
    CHECK(printed(ehlo::early_octets::reject) == "reject");
    CHECK(printed(ehlo::tls_use::if_offered) == "if_offered");
    CHECK(printed(ehlo::by_mode::give_back) == "give_back");
    CHECK(printed(ehlo::no_support_action::proceed) == "proceed");
    CHECK(printed(ehlo::etrn_option::queue) == "queue");
    CHECK(printed(ehlo::sasl::login_prompt::password) == "password");
    CHECK(printed(ehlo::sight::client_only) == "client_only");
    CHECK(printed(ehlo::awaits::reply) == "reply");
    CHECK(printed(ehlo::answer::refused) == "refused");
    CHECK(printed(ehlo::change::delivered) == "delivered");
    CHECK(printed(ehlo::end_of_content::subject::recipient) == "recipient");
}

TEST_CASE("sets print the names of what is in them") {
    CHECK(printed(ehlo::leniency{}) == "{}");
    CHECK(printed(ehlo::rule::loose_dots | ehlo::rule::bare_lf_line) == "{bare_lf_line, loose_dots}");
    CHECK(printed(ehlo::extension::size | ehlo::extension::starttls) == "{SIZE, STARTTLS}");
    CHECK(printed(ehlo::mechanism::plain | ehlo::mechanism::login) == "{PLAIN, LOGIN}");
    CHECK(printed(ehlo::fact_set(ehlo::fact::extended) | ehlo::fact::tls) == "{extended, tls}");
    ehlo::client_attributes attributes;
    attributes.bits = 1u << static_cast<unsigned>(ehlo::client_attribute::addr);
    CHECK(printed(attributes) == "{ADDR}");
}

TEST_CASE("addresses and times print as they are written") {
    CHECK(printed(*ehlo::parse_path("<@relay.example:ann@client.example>", ehlo::path_role::any)) == "<@relay.example:ann@client.example>");
    CHECK(printed(*ehlo::parse_path("<>", ehlo::path_role::any)) == "<>");
    CHECK(printed(ehlo::path()) == "<>");
    CHECK(printed(*ehlo::parse_path("ann@client.example", ehlo::path_role::any, ehlo::syntax{.tolerate = ehlo::rule::missing_brackets})) == "<ann@client.example>");
    CHECK(printed(*ehlo::parse_mailbox("\"a b\"@[192.0.2.1]")) == "\"a b\"@[192.0.2.1]");
    CHECK(printed(*ehlo::parse_mailbox("ann", ehlo::syntax{.tolerate = ehlo::rule::missing_domain})) == "ann");
    CHECK(printed(*ehlo::parse_host("[IPv6:2001:db8::1]")) == "[IPv6:2001:db8::1]");
    CHECK(printed(ehlo::ip_address{{192, 0, 2, 1}, ehlo::host_kind::ipv4}) == "192.0.2.1");
    CHECK(printed(*ehlo::parse_date_time("2026-11-29T16:00:00.5+01:00")) == "2026-11-29T16:00:00.5+01:00");
}

TEST_CASE("replies print on one line") {
    CHECK(printed(ehlo::reply("550 5.1.1 No such user here")) == "550 5.1.1 No such user here");
    CHECK(printed(ehlo::reply(354, "Go\r\non")) == "354 Go\\x0D\\x0Aon");
    CHECK(printed(ehlo::reply::later) == "later");
    ehlo::reply_reader reader;
    auto const got = reader.next("250-mx.example\r\n250-SIZE 5\r\n250 HELP\r\n");
    REQUIRE(got.ready());
    CHECK(printed(*got) == "250 mx.example / SIZE 5 / HELP");
    CHECK(printed(got) == printed(*got));
    auto const answer = ehlo::parse_ehlo_answer(*got);
    REQUIRE(answer);
    CHECK(printed(*answer) == "mx.example {SIZE, HELP} SIZE 5");
    auto const offers = ehlo::parse_capabilities(*got);
    REQUIRE(offers);
    CHECK(printed(*offers) == "{SIZE, HELP} SIZE 5");
    CHECK(printed(ehlo::split_capability("SIZE 5")) == "SIZE 5");
}

TEST_CASE("commands print as they are written, and hide secrets") {
    using namespace ehlo;
    CHECK(typed<cmd::hello>("EHLO me.example") == "EHLO me.example");
    CHECK(typed<cmd::mail>("MAIL FROM:<ann@client.example> SIZE=5 SMTPUTF8") == "MAIL FROM:<ann@client.example> SIZE=5 SMTPUTF8");
    CHECK(typed<cmd::rcpt>("RCPT TO:<bob@mx.example> NOTIFY=NEVER") == "RCPT TO:<bob@mx.example> NOTIFY=NEVER");
    CHECK(typed<cmd::vrfy>("VRFY bob SMTPUTF8") == "VRFY bob SMTPUTF8");
    CHECK(typed<cmd::noop>("NOOP hello") == "NOOP hello");
    CHECK(typed<cmd::noop>("NOOP") == "NOOP");
    CHECK(typed<cmd::data>("DATA") == "DATA");
    CHECK(typed<cmd::bdat>("BDAT 5 LAST") == "BDAT 5 LAST");
    CHECK(typed<cmd::burl>("BURL imap://a/b LAST") == "BURL imap://a/b LAST");
    CHECK(typed<cmd::etrn>("ETRN @mx.example") == "ETRN @mx.example");
    CHECK(typed<cmd::atrn>("ATRN a.example,b.example") == "ATRN a.example,b.example");
    CHECK(typed<cmd::xclient>("XCLIENT ADDR=192.0.2.1 NAME=a.example") == "XCLIENT ADDR=192.0.2.1 NAME=a.example");
    CHECK(typed<cmd::auth>("AUTH PLAIN AGFubgBzZWNyZXQ=") == "AUTH PLAIN ***");
    CHECK(typed<cmd::auth>("AUTH LOGIN") == "AUTH LOGIN");
    CHECK(printed(*split_command("AUTH PLAIN AGFubgBzZWNyZXQ=")) == "AUTH ***");
    CHECK(printed(*split_command("authplain AGFubgBzZWNyZXQ=")) == "authplain ***");
    CHECK(printed(*split_command("RCPT TO:<bob@mx.example>")) == "RCPT TO:<bob@mx.example>");
    CHECK(printed(auth_response{"AGFubgBzZWNyZXQ="}) == "***");
    CHECK(printed(auth_response{"", true}) == "*");
    CHECK(printed(seen::response{}) == "***");
    seen::command seen{};
    seen.line = "AUTH PLAIN AGFubgBzZWNyZXQ=";
    seen.secret = 10;
    CHECK(printed(seen) == "AUTH PLAIN ***");
    answered const told{verb::mail, event::mail, failure{errc::bad_domain, 17}, "501 5.1.7 No", {}, "MAIL FROM:<a@_.x>", 17};
    CHECK(printed(told) == "MAIL FROM:<a@_.x> -> 501 5.1.7 No (bad_domain at 17)");
    CHECK(printed(answered{verb::unknown, event::greeting, {}, "220 Hello", {}}) == "greeting -> 220 Hello");
    seen::departed odd{};
    odd.what = departure::malformed;
    odd.why = errc::bad_domain;
    odd.at = 512;
    CHECK(printed(odd) == "malformed bad_domain at 512 of the client");
    seen::transaction ended{};
    ended.outcome = outcome::delivered;
    ended.code = 250;
    ended.recipients = 2;
    ended.accepted = 1;
    ended.octets = 512;
    CHECK(printed(ended) == "delivered 250, 1 of 2 recipients, 512 octets");
    // No printed form at all.
    STATIC_REQUIRE_FALSE(printable<sasl::plain>);
    STATIC_REQUIRE_FALSE(printable<sasl::login>);
    STATIC_REQUIRE_FALSE(printable<sasl::xoauth2>);
    STATIC_REQUIRE_FALSE(printable<sasl::scram_client_final>);
    STATIC_REQUIRE_FALSE(printable<challenge>);
    STATIC_REQUIRE_FALSE(printable<auth_answer>);
    STATIC_REQUIRE_FALSE(printable<char const[4]>);
    STATIC_REQUIRE_FALSE(printable<std::string>);
    STATIC_REQUIRE_FALSE(printable<std::string_view>);
    STATIC_REQUIRE_FALSE(printable<result<std::string_view>>);
    STATIC_REQUIRE_FALSE(printable<int>);
}

TEST_CASE("results, sessions and PROXY headers print") {
    CHECK(printed(ehlo::parse_path("<a@b.example>", ehlo::path_role::any)) == "<a@b.example>");
    CHECK(printed(ehlo::parse_path("<a@b_c>", ehlo::path_role::any)) == "bad_domain at 4");
    ehlo::reply_reader reader;
    CHECK(printed(reader.next("250 O")) == "more is needed");
    CHECK(printed(ehlo::client{}) == "connected");
    ehlo::session s;
    (void)s.settle(ehlo::event::greeting, 220);
    (void)s.settle(ehlo::event::hello, 250);
    CHECK(printed(s) == "ready {extended}");
    auto const proxy = ehlo::parse_proxy_header("PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\r\n");
    REQUIRE(proxy.ready());
    CHECK(printed(*proxy) == "PROXY " + std::string(name(proxy->family)) + " 192.0.2.1 40000 to 192.0.2.2 25");
    std::ostringstream out;
    using namespace ehlo;
    out << "a literal, " << std::string("a string, ") << 5;   // as if the header were not there
    CHECK(out.str() == "a literal, a string, 5");
}

}  // namespace test_optin
