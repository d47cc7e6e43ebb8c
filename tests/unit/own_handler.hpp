// A server's handler that has the functions of the commands and of the parameter in own.hpp, too.
#pragma once

#include "everything.hpp"
#include "own.hpp"

namespace own {

template <class Base>
struct knows : Base {
    using own_mail_parameters = ehlo::own_parameters<own::x_ticket>;
    using Base::on;
    ehlo::reply on(own::take_over const& t) {
        this->note("XTAKE " + std::string(t.queue));
        this->open = {"queue " + std::string(t.queue), {}, {}};
        return t.queue == "none" ? ehlo::reply("550 5.5.0 No such queue") : ehlo::replies::sender_ok;
    }
    ehlo::reply on(own::status_query const& q) {
        this->note("XSTAT " + std::string(q.what));
        return q.what == "all" ? ehlo::reply(258, {2, 0, 0}, "All is well") : q.what == "wrong class" ? ehlo::reply(354, "go") : ehlo::reply("211 2.0.0 Well");
    }
    int pieces = 0;
    ehlo::reply on(own::piece const& p) {
        this->note("XPIECE " + std::string(p.octets));
        return p.octets == "bad" ? ehlo::reply("550 5.6.0 Not that") : ++pieces < 3 ? ehlo::reply(350, "Another one") : ehlo::replies::ok;
    }
};

}  // namespace own
