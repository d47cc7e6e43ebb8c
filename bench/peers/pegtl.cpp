// SMTP in PEGTL: the grammar of RFC 5321 as one writes it there.
#include "../peer.h"
#include "../sink.hpp"

#include <tao/pegtl.hpp>

#include <cstdint>
#include <string_view>

namespace {
namespace grammar {
using namespace tao::pegtl;

// 4.1.2
struct atext : sor<alnum, one<'!', '#', '$', '%', '&', '\'', '*', '+', '-', '/', '=', '?', '^', '_', '`', '{', '|', '}', '~'>> {};
struct dot_string : list<plus<atext>, one<'.'>> {};
struct quoted_string : seq<one<'"'>, star<sor<ranges<' ', '!', '#', '[', ']', '~'>, seq<one<'\\'>, range<' ', '~'>>>>, one<'"'>> {};
struct local_part : sor<dot_string, quoted_string> {};
struct sub_domain : seq<plus<alnum>, star<plus<one<'-'>>, plus<alnum>>> {};
struct domain : list<sub_domain, one<'.'>> {};
struct address_literal : seq<one<'['>, plus<ranges<'!', 'Z', '^', '~'>>, one<']'>> {};
struct host : sor<domain, address_literal> {};
struct route : seq<list<seq<one<'@'>, domain>, one<','>>, one<':'>> {};
struct mailbox : seq<local_part, one<'@'>, host> {};
struct path : seq<one<'<'>, opt<route>, mailbox, one<'>'>> {};
struct null_path : string<'<', '>'> {};
struct crlf : string<'\r', '\n'> {};

// 4.1.2, 4.1.1.11
struct keyword : seq<alnum, star<sor<alnum, one<'-'>>>> {};
struct value : plus<ranges<'!', '<', '>', '~'>> {};
struct size_value : plus<digit> {};
struct size : seq<istring<'S', 'I', 'Z', 'E', '='>, size_value, at<one<' ', '\r'>>> {};
struct body : seq<istring<'B', 'O', 'D', 'Y', '='>, sor<istring<'8', 'B', 'I', 'T', 'M', 'I', 'M', 'E'>, istring<'7', 'B', 'I', 'T'>>, at<one<' ', '\r'>>> {};
struct other : seq<keyword, opt<one<'='>, value>> {};
struct parameters : star<one<' '>, sor<size, body, other>> {};

struct mail : seq<istring<'M', 'A', 'I', 'L', ' ', 'F', 'R', 'O', 'M', ':'>, sor<null_path, path>, parameters, crlf> {};
struct rcpt : seq<istring<'R', 'C', 'P', 'T', ' ', 'T', 'O', ':'>, path, parameters, crlf> {};
struct ehlo : seq<sor<istring<'E', 'H', 'L', 'O', ' '>, istring<'H', 'E', 'L', 'O', ' '>>, host, crlf> {};
struct text : star<ranges<' ', '~'>> {};
struct no_argument : seq<sor<istring<'D', 'A', 'T', 'A'>, istring<'R', 'S', 'E', 'T'>, istring<'Q', 'U', 'I', 'T'>, istring<'S', 'T', 'A', 'R', 'T', 'T', 'L', 'S'>>, crlf> {};
struct with_text : seq<sor<istring<'N', 'O', 'O', 'P'>, istring<'V', 'R', 'F', 'Y'>, istring<'H', 'E', 'L', 'P'>>, opt<one<' '>, text>, crlf> {};
struct base64 : seq<star<sor<alnum, one<'+', '/'>>>, rep_max<2, one<'='>>> {};
struct auth : seq<istring<'A', 'U', 'T', 'H', ' '>, plus<sor<alnum, one<'-', '_'>>>, opt<one<' '>, base64>, crlf> {};
struct chunk_size : plus<digit> {};
struct bdat : seq<istring<'B', 'D', 'A', 'T', ' '>, chunk_size, opt<istring<' ', 'L', 'A', 'S', 'T'>>, crlf> {};
struct command : sor<mail, rcpt, ehlo, no_argument, with_text, auth, bdat> {};

// 4.2.1
struct reply_code : seq<range<'2', '5'>, range<'0', '5'>, digit> {};
struct reply_text : star<sor<one<'\t'>, range<' ', '~'>, range<'\x80', '\xFF'>>> {};
struct reply_line : seq<reply_code, one<'-'>, reply_text, crlf> {};
struct last_line : seq<reply_code, opt<one<' '>, reply_text>, crlf> {};
struct reply : seq<star<reply_line>, last_line> {};
}  // namespace grammar

// What a caller wants of it.
struct found {
    std::string_view local, domain, keyword, value, text;
    std::uint64_t size = 0;
    unsigned lines = 0;
};

template <class Rule>
struct action : tao::pegtl::nothing<Rule> {};
template <std::string_view found::*To>
struct keep {
    template <class In>
    static void apply(In const& in, found& f) { f.*To = in.string_view(); }
};
template <> struct action<grammar::local_part> : keep<&found::local> {};
template <> struct action<grammar::host> : keep<&found::domain> {};
template <> struct action<grammar::keyword> : keep<&found::keyword> {};
template <> struct action<grammar::value> : keep<&found::value> {};
template <> struct action<grammar::reply_text> {
    template <class In>
    static void apply(In const& in, found& f) {
        f.text = in.string_view();
        ++f.lines;
    }
};
template <> struct action<grammar::size_value> {
    template <class In>
    static void apply(In const& in, found& f) {
        for (char const c : in.string_view()) f.size = f.size * 10 + static_cast<unsigned>(c - '0');
    }
};

template <class Rule>
std::size_t count(char const* in, std::size_t size) {
    std::size_t n = 0;
    tao::pegtl::memory_input<tao::pegtl::tracking_mode::lazy, tao::pegtl::eol::crlf> input(in, in + size, "");
    while (!input.empty()) {
        found f;
        if (tao::pegtl::parse<Rule, action>(input, f)) ++n;
        else tao::pegtl::parse<tao::pegtl::until<grammar::crlf>>(input);
        bench::use(&f);
        bench::use_memory();
    }
    return n;
}
struct path_line : tao::pegtl::seq<grammar::path, grammar::crlf> {};

constexpr ehlo_peer pegtl = {
    .name = "PEGTL",
    .omits = "numbers of address literals, values of parameters but SIZE and BODY, lengths, UTF-8",
    .commands = count<grammar::command>,
    .paths = count<path_line>,
    .replies = count<grammar::reply>,
    .capabilities = nullptr, .decode_content = nullptr, .encode_content = nullptr, .encode_base64 = nullptr, .decode_base64 = nullptr,
    .check_utf8 = nullptr};
EHLO_PEER(pegtl)
}  // namespace
