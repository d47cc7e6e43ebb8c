// explain within a page: what playground.js calls. Octets and words come in through one buffer, and the answer stays here until the
// next call, so that memory does not grow with each.
#define EXPLAIN_WITHOUT_MAIN
#include "../explain.cpp"

namespace {

string given, said;

// What is typed as lines: escapes are octets, and each line ends with CRLF. `arrivals`: where each ends.
string octets_of(string_view typed, std::vector<size_t>& arrivals) {
    string octets;
    while (!typed.empty()) {
        size_t const end = (std::min)(typed.find('\n'), typed.size());
        octets += unescape(typed.substr(0, end)) + "\r\n";
        arrivals.push_back(octets.size());
        typed.remove_prefix((std::min)(end + 1, typed.size()));
    }
    return octets;
}

void answer(options const& o, string_view input) {
    std::vector<size_t> arrivals;
    switch (o.what) {
    case mode::table: table(o); return;
    case mode::reference: return put(reference());
    case mode::watch: {
        watching::watcher w(o.json, o.chunk == 0 ? string::npos : o.chunk, o.states);
        w.watch(input, "this");
        return put(w.output());
    }
    case mode::client:
    case mode::session: {
        string const octets = octets_of(input, arrivals);
        if (o.at_once) arrivals.clear();
        if (o.what == mode::client) client(o, octets, arrivals);
        else session(o, octets, arrivals);
        return;
    }
    case mode::reply:
    case mode::ehlo:
    case mode::content:
    case mode::encode: {   // lines that belong together are one item here
        string const item = octets_of(input, arrivals);
        record const r = o.what == mode::reply ? replies(item, o) : o.what == mode::ehlo ? ehlo_answer(item, o)
                       : o.what == mode::content ? content(item, o) : encode(item, o);
        return put(o.json ? r.json_line() : r.for_people(item));
    }
    case mode::proxy:
        for (string_view line : cut(input, '\n')) {
            string item = unescape(line);
            if (item.starts_with("PROXY") && !item.ends_with('\n')) item += "\r\n";   // version 1 is a line
            record const r = proxy(item, o);
            put(o.json ? r.json_line() : r.for_people(item));
        }
        return;
    default:
        for (string_view line : cut(input, '\n')) {
            record const r = explain(line, o);
            put(o.json ? r.json_line() : r.for_people(o.what == mode::write ? string(line) : unescape(line)));
        }
    }
}

}  // namespace

extern "C" {

/// Where so many octets can be laid: the words of a command line, each with a line end after it, and the input.
__attribute__((export_name("room"))) char* room(size_t octets) {
    given.resize(octets);
    return given.data();
}

/// What explain has to say: so many octets of words, the rest is input. `columns`: of the screen. Returns how long the answer is.
__attribute__((export_name("explain"))) size_t explain_within(size_t words, size_t columns) {
    said.clear();
    kept = &said;
    colours = true;
    screen_columns = columns;
    options const o = parse_arguments(cut(string_view(given).substr(0, words), '\n'));
    answer(o, string_view(given).substr(words));
    return said.size();
}

__attribute__((export_name("answer"))) char const* answer_of_explain() { return said.data(); }

}  // extern "C"
