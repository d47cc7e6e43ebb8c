// Views borrow: each parser whose result holds some refuses a std::string that ends with the statement, and takes all else.
#include "catch.hpp"

#include <ehlo/ehlo.hpp>
#include <ehlo/scram.hpp>

#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace test_temporary {

using namespace ehlo;

namespace {

template <class T>
struct type {};
struct nobody {
    void on(seen::reply const&) const {}
};
struct nothing {
    void operator()(auto const&) const {}
};

// What a call takes that does not outlive its argument's views: literals, views and strings with a name, but none without.
constexpr bool borrows(auto call) {
    return call(type<char const (&)[4]>()) && call(type<char const*>()) && call(type<std::string_view>()) && call(type<std::string_view const&>()) &&
           call(type<std::string&>()) && call(type<std::string const&>()) && !call(type<std::string&&>()) && !call(type<std::string const&&>());
}

#define EHLO_BORROWS(...) \
    static_assert(borrows([]<class Text>(type<Text>) { return requires(Text && text) { __VA_ARGS__; }; }))
#define EHLO_TEXT static_cast<Text&&>(text)

EHLO_BORROWS(parse_host(EHLO_TEXT));
EHLO_BORROWS(parse_host(EHLO_TEXT, strict_syntax));
EHLO_BORROWS(parse_domain(EHLO_TEXT));
EHLO_BORROWS(parse_mailbox(EHLO_TEXT));
EHLO_BORROWS(parse_path(EHLO_TEXT));
EHLO_BORROWS(parse_path(EHLO_TEXT, path_role::any, strict_syntax));
EHLO_BORROWS(take_path(EHLO_TEXT));
EHLO_BORROWS(parse_reverse_path(EHLO_TEXT));
EHLO_BORROWS(parse_forward_path(EHLO_TEXT));
EHLO_BORROWS(split_command(EHLO_TEXT));
EHLO_BORROWS(parse_hello(verb::ehlo, EHLO_TEXT));
EHLO_BORROWS(parse_mail(EHLO_TEXT));
EHLO_BORROWS(parse_mail(EHLO_TEXT, strict_syntax, verb::send));
EHLO_BORROWS(parse_rcpt(EHLO_TEXT));
EHLO_BORROWS(parse_vrfy(verb::vrfy, EHLO_TEXT));
EHLO_BORROWS(parse_noop(verb::noop, EHLO_TEXT));
EHLO_BORROWS(parse_mail_parameters(EHLO_TEXT));
EHLO_BORROWS(parse_rcpt_parameters(EHLO_TEXT));
EHLO_BORROWS(parse_xtext(EHLO_TEXT));
EHLO_BORROWS(parse_envid(EHLO_TEXT));
EHLO_BORROWS(parse_orcpt(EHLO_TEXT));
EHLO_BORROWS(parse_auth_identity(EHLO_TEXT));
EHLO_BORROWS(parse_submitter(EHLO_TEXT));
EHLO_BORROWS(parse_alt_address(EHLO_TEXT));
EHLO_BORROWS(parse_mtrk(EHLO_TEXT));
EHLO_BORROWS(parse_solicit(EHLO_TEXT));
EHLO_BORROWS(parse_transid(EHLO_TEXT));
EHLO_BORROWS(parse_xclient(verb::xclient, EHLO_TEXT));
EHLO_BORROWS(parse_proxy_header(EHLO_TEXT));
EHLO_BORROWS(std::declval<tap&>().receive(std::declval<client&>(), EHLO_TEXT, std::declval<nobody&>()));
EHLO_BORROWS(parse_auth(EHLO_TEXT));
EHLO_BORROWS(parse_auth_response(EHLO_TEXT));
EHLO_BORROWS(parse_burl(EHLO_TEXT));
EHLO_BORROWS(parse_etrn(EHLO_TEXT));
EHLO_BORROWS(parse_atrn(EHLO_TEXT));
EHLO_BORROWS(parse_reply(EHLO_TEXT));
EHLO_BORROWS(split_capability(EHLO_TEXT));
EHLO_BORROWS(parse_plain(EHLO_TEXT));
EHLO_BORROWS(parse_login(EHLO_TEXT));
EHLO_BORROWS(parse_external(EHLO_TEXT));
EHLO_BORROWS(parse_anonymous(EHLO_TEXT));
EHLO_BORROWS(parse_xoauth2(EHLO_TEXT));
EHLO_BORROWS(parse_oauthbearer(EHLO_TEXT));
EHLO_BORROWS(parse_cram_md5(EHLO_TEXT));
EHLO_BORROWS(parse_scram_client_first(EHLO_TEXT));
EHLO_BORROWS(parse_scram_server_first(EHLO_TEXT));
EHLO_BORROWS(parse_scram_client_final(EHLO_TEXT));
EHLO_BORROWS(parse_scram_server_final(EHLO_TEXT));
EHLO_BORROWS(line_reader().next(EHLO_TEXT, 512));
EHLO_BORROWS(reply_reader().next(EHLO_TEXT));
EHLO_BORROWS(chunk_reader(1).next(EHLO_TEXT));
EHLO_BORROWS(command_reader().next(EHLO_TEXT, 512, strict_syntax, nothing()));

#undef EHLO_TEXT
#undef EHLO_BORROWS

// What holds no views may come from any text.
template <class Argument>
concept number = requires(Argument a) { parse_decimal(static_cast<Argument>(a)); };
template <class Argument>
concept notification = requires(Argument a) { parse_notify(static_cast<Argument>(a)); };
static_assert(number<std::string&&> && notification<std::string&&>);

// A view of one's own is no owner, if it says so.
struct own_view {
    char const* data;
    char const* begin() const { return data; }
    char const* end() const { return data + 1; }
    operator std::string_view() const { return {data, 1}; }
};

}  // namespace
}  // namespace test_temporary

template <>
inline constexpr bool std::ranges::enable_borrowed_range<test_temporary::own_view> = true;

namespace test_temporary {
namespace {
static_assert(!detail::temporary<own_view> && !detail::temporary<std::string_view> && !detail::temporary<std::string_view const>);
static_assert(detail::temporary<std::string> && detail::temporary<std::string const> && !detail::temporary<std::string&>);
static_assert(!detail::temporary<char const (&)[3]> && !detail::temporary<std::vector<char>> && !detail::temporary<std::nullptr_t>);

constexpr auto constant = parse_path("<a@b>");
static_assert(constant && constant->domain() == "b");
}  // namespace

TEST_CASE("views of texts that stay", "[temporary]") {
    std::string const line = "MAIL FROM:<a@b>";
    auto const split = split_command(line);
    REQUIRE(split);
    CHECK(split->arguments.data() == line.data() + 5);
    own_view const view{"a"};
    CHECK(parse_host(own_view(view))->text == "a");
}

}  // namespace test_temporary
