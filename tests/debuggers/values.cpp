// Values for debuggers to print. debuggers_test.py stops where here() is called.
#include <ehlo/ehlo.hpp>

struct taker {
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::ok; }
    void on(ehlo::content const&) {}
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::ok; }
};

volatile int stopped = 0;
void here() { stopped = stopped + 1; }

int main() {
    using namespace ehlo;
    auto code = errc::bad_domain;
    auto verb = v0::verb::mail;
    failure wrong{errc::bare_lf, 7};
    status enhanced{5, 1, 1};
    auto good_path = parse_path("<ann@client.example>", path_role::any);
    auto bad_path = parse_path("<ann@client_x>", path_role::any);
    path null_path{}, inner = *good_path;
    auto box = *parse_mailbox("\"a b\"@[192.0.2.1]");
    reply no = "550 5.1.1 No such user here";
    reply later = reply::later;
    reply_reader reader;
    auto whole = reader.next("250-mx.example\r\n250 SIZE 5\r\n");
    reply_reader other;
    auto more = other.next("250 O");
    reply_reader third;
    auto failed = third.next("25x\r\n");
    leniency rules = rule::loose_dots | rule::underscore_in_domain;
    extensions offers = extension::size | extension::starttls;
    mechanisms ways = mechanism::plain | mechanism::login;
    set_of<fact> known = set_of<fact>(fact::extended) | fact::tls;
    auto line = *split_command("MAIL FROM:<a@b.example> SIZE=5");
    auto mail = *parse_mail("FROM:<a@b.example> SIZE=5");
    cmd::hello hello{v0::verb::ehlo, *parse_host("me.example")};
    char room[64];
    writer out(room, sizeof room);
    out.raw("QUIT").crlf();

    taker handler;
    basic_server<> server("mx.example");
    char buffer[2048];
    (void)server.advance("", handler, buffer);
    (void)server.advance("EHLO me.example\r\n", handler, buffer);
    (void)server.advance("MAIL FROM:<a@b.example>\r\n", handler, buffer);
    (void)server.advance("RCPT TO:<c@d.example>\r\n", handler, buffer);
    v0::client client;
    v0::session order;
    (void)order.settle(event::greeting, 220);
    here();
    (void)code, (void)verb, (void)wrong, (void)enhanced, (void)good_path, (void)bad_path, (void)null_path, (void)inner, (void)box, (void)no, (void)later,
        (void)whole, (void)more, (void)failed, (void)rules, (void)offers, (void)ways, (void)known, (void)line, (void)mail, (void)hello, (void)client, (void)order;
}
