// SMTP in Ragel: the grammar of RFC 5321 as one writes it there. (ragel -G2)
#include "peer.h"
#include "sink.hpp"

#include <cstdint>
#include <string_view>

namespace {

struct found {
    std::string_view local, domain, keyword, value;
    std::uint64_t size = 0;
    int verb = 0;
};
std::string_view between(char const* from, char const* to) { return {from, static_cast<std::size_t>(to - from)}; }

%%{
    machine grammar;

    action mark { mark = p; }
    action local { f.local = between(mark, p); }
    action domain { f.domain = between(mark, p); }
    action keyword { f.keyword = between(mark, p); }
    action value { f.value = between(mark, p); }
    action size { f.size = f.size * 10 + static_cast<unsigned>(fc - '0'); }
    action taken { ++n; bench::use(&f); bench::use_memory(); f = found(); }

    crlf = "\r\n";
    # 4.1.2
    atext = alnum | [!#$%&'*+\-/=?^_`{|}~];
    dot_string = atext+ ( "." atext+ )*;
    quoted_string = '"' ( [ -~] - ["\\] | "\\" [ -~] )* '"';
    local_part = ( dot_string | quoted_string ) >mark %local;
    sub_domain = alnum+ ( "-"+ alnum+ )*;
    name = sub_domain ( "." sub_domain )*;
    literal = "[" ( [!-~] - [\[\\\]] )+ "]";
    host = ( name | literal ) >mark %domain;
    route = "@" name ( ",@" name )* ":";
    path = "<" route? local_part "@" host ">";

    keyword_ = ( alnum ( alnum | "-" )* );
    value_ = ( [!-~] - "=" )+;
    size_ = "SIZE="i digit+ $size;
    body_ = "BODY="i ( "8BITMIME"i | "7BIT"i );
    other = ( keyword_ - ( "SIZE"i | "BODY"i ) ) >mark %keyword ( "=" value_ >mark %value )?;
    parameters = ( " " ( size_ | body_ | other ) )*;

    mail = "MAIL FROM:"i ( "<>" | path ) parameters;
    rcpt = "RCPT TO:"i path parameters;
    hello = ( "EHLO "i | "HELO "i ) host;
    bare = "DATA"i | "RSET"i | "QUIT"i | "STARTTLS"i;
    text = [ -~]*;
    with_text = ( "NOOP"i | "VRFY"i | "HELP"i ) ( " " text )?;
    auth = "AUTH "i ( alnum | [\-_] )+ ( " " ( alnum | [+/] )* "="{0,2} )?;
    bdat = "BDAT "i digit+ $size " LAST"i?;
    command = ( mail | rcpt | hello | bare | with_text | auth | bdat ) crlf @taken;
}%%

namespace commands {
%%{
    machine commands;
    include grammar;
    skip := [^\n]* "\n" @{ fgoto main; };
    main := command* $err{ fhold; fgoto skip; };
    write data nofinal noerror;
}%%
std::size_t count(char const* in, std::size_t size) {
    char const *p = in, *const pe = in + size, *const eof = nullptr, *mark = in;
    int cs;
    found f;
    std::size_t n = 0;
    %% write init;
    %% write exec;
    bench::use(mark);
    return n;
}
}  // namespace commands

namespace paths {
%%{
    machine paths;
    include grammar;
    skip := [^\n]* "\n" @{ fgoto main; };
    main := ( path crlf @taken )* $err{ fhold; fgoto skip; };
    write data nofinal noerror;
}%%
std::size_t count(char const* in, std::size_t size) {
    char const *p = in, *const pe = in + size, *const eof = nullptr, *mark = in;
    int cs;
    found f;
    std::size_t n = 0;
    %% write init;
    %% write exec;
    bench::use(mark);
    return n;
}
}  // namespace paths

constexpr ehlo_peer ragel = {
    .name = "Ragel -G2",
    .omits = "numbers of address literals, values of parameters but SIZE and BODY, lengths, UTF-8, which command it was",
    .commands = commands::count,
    .paths = paths::count,
    .replies = nullptr, .capabilities = nullptr, .decode_content = nullptr, .encode_content = nullptr, .encode_base64 = nullptr, .decode_base64 = nullptr,
    .check_utf8 = nullptr};
EHLO_PEER(ragel)
}  // namespace
