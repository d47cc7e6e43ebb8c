#!/usr/bin/env python3
"""Checks how the headers hang together and a few rules that no compiler checks.

    layers.py [INCLUDE_DIRECTORY]    check (default: the include/ehlo beside this folder)
    layers.py --self-test            prove that each rule can fail
    layers.py --map                  print the layers as Markdown, for include/README.md
"""
import pathlib
import re
import sys
import tempfile
import textwrap

# The order of the house: a header includes only headers before it.
LAYERS = {
    "ground": "config version detail/names detail/temporary detail/set error result",
    "lexis": "ascii detail/keywords detail/vectors detail/scan detail/content_kernels detail/split detail/number writer detail/base64_kernels base64 xtext date_time utf8 leniency",
    "grammar":
        "syntax detail/fast domain mailbox path detail/parameter_table detail/parameter_xtext parameter_values "
        "detail/parameter_list detail/parameter_reader detail/parameter_options parameters status",
    "wire":
        "line verb command turn xclient proxy_header chunk reply reply_reader detail/sasl_spelling sasl auth capabilities ehlo_answer detail/content_skip content "
        "detail/chunk_content dispatch command_reader",
    "protocol":
        "detail/table session detail/order_rules proof vocabulary own_commands detail/own_list policy handler detail/client_errors detail/server_replies detail/server_offers "
        "detail/server_core detail/server_content detail/server_questions detail/server_commands server "
        "detail/client_reply detail/event_queue detail/heard_offers detail/client_core client detail/flow_places detail/flow_commands flow "
        "detail/dot_lines detail/under_way detail/observed detail/observed_content detail/observed_own "
        "detail/observer_core detail/observer_replies detail/observer_content detail/observer_commands observer tap detail/relay_say "
        "detail/relay_core detail/relay_replies detail/relay_content detail/relay_commands relay",
    "top": "ehlo",
    "opt-in": "std_error format scram",  # never included by another header; may include what the core may not
}
HEAVY = {"algorithm", "ranges", "variant", "string", "iostream", "system_error"}

ORDER = [f"{name}.hpp" for names in LAYERS.values() for name in names.split()]
OPT_IN = [f"{name}.hpp" for name in LAYERS["opt-in"].split()]

# What is not code: comments and the insides of literals.
NOISE = re.compile(r"""
    //[^\n]* | /\*.*?\*/ | R"([^()\\\s]*)\(.*?\)\1" | "(?:\\.|[^"\\\n])*" | (?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])+'
    """, re.S | re.X)


def blank(match):
    return ('""' if match[0][-1] in "\"'" else "") + "\n" * match[0].count("\n")


def statements(code):
    """Yields (line, text) of each statement at namespace scope, as far as its `;` or `{`."""
    outer, inner, text, line, start = 0, 0, "", 1, 1
    for c in code:
        if c == "\n":
            line += 1
        if inner == 0 and c in ";{}":
            if text.strip():
                yield start, re.sub(r"\s+", " ", text).strip() + c
            opens_namespace = re.search(r'^\s*(inline\s+)?namespace\b|\bextern\s+""\s*$', text)
            if c == "{" and opens_namespace:
                outer += 1
            elif c == "{":
                inner = 1
            text, start = "", line
        elif inner:
            inner += (c == "{") - (c == "}")
        else:
            if not text.strip():
                text, start = "", line
            text += c


def layer_map():
    """The layers, each above what it includes: drawn, with the headers that users include, and as a table of all."""
    order = ["opt-in", *(name for name in reversed(LAYERS) if name != "opt-in")]
    shown = {layer: [n for n in LAYERS[layer].split() if not n.startswith("detail/")] for layer in order}
    hidden = {layer: [n.removeprefix("detail/") for n in LAYERS[layer].split() if n.startswith("detail/")] for layer in order}

    def box(layer):
        names = " ".join(shown[layer])
        folded = "<br>".join(textwrap.wrap(names, 54))
        return f'    {layer}["<b>{layer}</b><br>{folded}"]'

    drawn = ["```mermaid", '%%{init: {"flowchart": {"wrappingWidth": 600}}}%%', "flowchart TB", *map(box, order), f"    {' --> '.join(order[1:])}", "    opt-in -.-> protocol", "```"]
    table = ["| layer | you include | in `detail/` |", "|---|---|---|"]
    table += [f"| {layer} | {' '.join(f'`{n}`' for n in shown[layer])} | {' '.join(f'`{n}`' for n in hidden[layer])} |" for layer in order]
    return "\n".join([*drawn, "", *table])


def check(folder):
    faults = []
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.hpp"))
    faults += [f"{n}: listed, but there is no such header" for n in ORDER if n not in names]
    includes = {}
    for name in names:
        def fault(line, text):
            faults.append(f"{name}:{line}: {text}")

        if name not in ORDER:
            fault(1, "not in the list of headers in tests/layers.py")
            continue
        raw = (folder / name).read_text(encoding="utf-8")
        includes[name] = set()
        first = re.search(r"^\s*#\s*include\s*[<\"](.+?)[>\"]", raw, re.M)
        if name != "config.hpp" and not (first and first[1].removeprefix("ehlo/") in ORDER):
            fault(1, "its first include is no header of ehlo: config.hpp could not say first what ehlo cannot be compiled with")
        # Directives are read before literals are blanked: a quoted include is one.
        for number, text in enumerate(raw.splitlines(), 1):
            if m := re.match(r'\s*#\s*include\s*([<"])(.+?)[>"]', text):
                path = m[2].removeprefix("ehlo/")
                if m[1] == '"' or m[2].startswith("ehlo/"):
                    includes[name].add(path)
                    if path not in ORDER:
                        fault(number, f"includes {path}, which is not in the list")
                    elif ORDER.index(path) >= ORDER.index(name):
                        fault(number, f"includes {path}, which is not before it")
                elif path in HEAVY and name not in OPT_IN:
                    fault(number, f"includes <{path}>, which is too heavy for the core")
            elif (macro := re.match(r"\s*#\s*define\s+(\w+)", text)) and name != "config.hpp":
                if not re.search(rf"^\s*#\s*undef\s+{macro[1]}\b", raw, re.M):
                    fault(number, "defines a macro that it does not undefine; only config.hpp may")
        if not re.search(r"^#pragma once$", raw, re.M):
            fault(1, "has no #pragma once")

        code = NOISE.sub(blank, raw)
        code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m[0].count("\n"), code, flags=re.M)
        for number, text in statements(code):
            text = re.sub(r"^(\[\[.*?\]\] ?)+", "", text)
            if re.match(r"(inline )?namespace( \[\[.*?\]\])? ?\{", text):
                fault(number, "an unnamed namespace")
            elif re.search(r"\bstatic\b", text.split("(")[0]):
                fault(number, "static at namespace scope")
            elif re.match(r"(constexpr|const|constinit)\b[^(]*[={]", text) and not re.search(r"\boperator\b|\binline\b", text):
                fault(number, "a constant that is not inline")

    if "ehlo.hpp" in includes:
        reached, todo = set(), ["ehlo.hpp"]
        while todo:
            name = todo.pop()
            if name not in reached:
                reached.add(name)
                todo += includes.get(name, ())
        faults += [f"ehlo.hpp: does not include {n}" for n in names
                   if n in ORDER and n not in OPT_IN and n not in reached]
    return faults


def self_test():
    """A tree without a fault, then the same tree with one fault at a time."""
    good = {n: "#pragma once\n" + ("#include <ehlo/config.hpp>\n" if n != "config.hpp" else "") + "#include <cstddef>\n/* static */ namespace ehlo::inline v0::inline EHLO_TARGET {\n"
               "inline constexpr char quote = '\\'';  // namespace {\n"
               "struct s { static int f() { static int const n = 1; return n; } };\n"
               "constexpr bool operator==(s, s) { return true; }\nstatic_assert(1'000 == 1000);\n}\n" for n in ORDER}
    good["config.hpp"] += "#define EHLO_X \\\n    static\n"
    good["ehlo.hpp"] += "".join(f"#include <ehlo/{n}>\n" for n in ORDER if n not in OPT_IN and n != "ehlo.hpp")
    good["format.hpp"] += "#include <string>\n"
    bad = [
        ("includes server.hpp, which is not before it", "reply.hpp", '#include "server.hpp"\n'),
        ("includes reply.hpp, which is not before it", "reply.hpp", "#include <ehlo/reply.hpp>\n"),
        ("includes format.hpp, which is not before it", "ehlo.hpp", "#include <ehlo/format.hpp>\n"),
        ("includes odd.hpp, which is not in the list", "reply.hpp", "# include <ehlo/odd.hpp>\n"),
        ("not in the list of headers", "odd.hpp", ""),
        ("its first include", "line.hpp", None),
        ("includes <string>, which is too heavy", "line.hpp", "#include <string>\n"),
        ("includes <system_error>, which is too heavy", "version.hpp", "#include <system_error>\n"),
        ("defines a macro", "line.hpp", "#  define LINE\n"),
        ("defines a macro", "line.hpp", "#define LINE\n#undef LINES\n"),
        ("static at namespace scope", "line.hpp", "namespace ehlo {\nstruct x {};\nstatic int f() { return 1; }\n}\n"),
        ("static at namespace scope", "line.hpp", "namespace ehlo { template <class T> static constexpr T x = {}; }\n"),
        ("an unnamed namespace", "line.hpp", "namespace ehlo {\nnamespace\n{ int x; }\n}\n"),
        ("a constant that is not inline", "line.hpp", "namespace ehlo {\n[[maybe_unused]] constexpr int x = 1;\n}\n"),
    ]
    with tempfile.TemporaryDirectory() as work:
        def tree(files):
            folder = pathlib.Path(work)
            for old in folder.rglob("*.hpp"):
                old.unlink()
            for name, text in files.items():
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_text(text)
            return check(folder)

        if faults := tree(good):
            sys.exit(f"a good tree is refused: {faults}")
        for expected, name, text in bad:
            faults = tree(good | {name: good.get(name, "") + text if text is not None else good[name].replace("#include <ehlo/config.hpp>\n", "")})
            if not any(expected in f and f.startswith(name) for f in faults) or len(faults) != 1:
                sys.exit(f"expected `{name}: {expected}`, got {faults}")
        faults = tree({n: t for n, t in good.items() if n != "ehlo.hpp"} | {"ehlo.hpp": "#pragma once\n#include <ehlo/config.hpp>\n"})
        if "ehlo.hpp: does not include client.hpp" not in faults:
            sys.exit(f"an empty ehlo.hpp is accepted: {faults}")
        without = {n: t.replace("#pragma once\n", "") if n == "line.hpp" else t for n, t in good.items()}
        if tree(without) != ["line.hpp:1: has no #pragma once"]:
            sys.exit("a header without #pragma once is accepted")
    print(f"{len(bad) + 2} faults found, as they should be")


if sys.argv[1:] == ["--self-test"]:
    self_test()
elif sys.argv[1:] == ["--map"]:
    print(layer_map())
else:
    here = pathlib.Path(__file__).resolve().parent
    found = check(pathlib.Path(sys.argv[1]) if sys.argv[1:] else here.parent / "include/ehlo")
    print("\n".join(found))
    sys.exit(bool(found))
