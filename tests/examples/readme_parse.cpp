#include <ehlo/ehlo.hpp>

// One command: pure functions, at compile time too.
constexpr auto line = ehlo::split_command("MAIL FROM:<ann@example.org> SIZE=1024");
static_assert(line && line->verb == ehlo::verb::mail);
constexpr auto mail = ehlo::parse_mail(line->arguments);
static_assert(mail && mail->from.local_part() == "ann" && mail->parameters.size() == 1024u);

// What is wrong, and where.
constexpr auto bad = ehlo::parse_path("<ann@exa_mple.org>");
static_assert(bad.error() == ehlo::failure{ehlo::errc::bad_domain, 8});
static_assert(ehlo::reply_for(bad.error(), ehlo::verb::rcpt).code == 501);

// A multi-line reply: ready, need_more or failed; never an exception.
constexpr auto r = ehlo::parse_reply("250-mx.example.org\r\n250-PIPELINING\r\n250 SIZE 1000\r\n250 next");
static_assert(r.ready() && r->code() == 250 && r.consumed == 51);
static_assert(ehlo::parse_reply("250-half").need_more());

// A reply of your own: the compiler checks code, enhanced status, length and octets.
constexpr ehlo::reply full = "452 4.2.2 The mailbox is full";

int main() { return full.code == 452 ? 0 : 1; }
