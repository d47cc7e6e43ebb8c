// error: changes the answer to EHLO where it stands
#include <ehlo/server.hpp>

constexpr ehlo::policy offering() {
    ehlo::policy p;
    p.offers = p.offers | ehlo::extension::dsn;
    return p;
}
struct handler {
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::ok; }
    void on(ehlo::content const&) {}
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::ok; }

#ifdef EHLO_MUST_COMPILE
    void on(ehlo::ehlo_answer& a) { a.greet = "hello"; }
#else
    void on(ehlo::ehlo_answer const&) {}
#endif
};

ehlo::step run(ehlo::basic_server<offering()>& s, handler& h, std::span<char> out) { return s.advance({}, h, out); }
