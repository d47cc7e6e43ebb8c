// The page: what is chosen and typed, and where the answers go.

const modes = [
  ["command", "Command", "Command lines, one a line. <code>\\r \\n \\t \\0 \\xHH</code> are octets."],
  ["path", "Path", "Paths with their <code>&lt;&gt;</code>, one a line."],
  ["mailbox", "Mailbox", "<code>local@domain</code>, one a line."],
  ["reply", "Reply", "What a server sent: one reply or several."],
  ["ehlo", "EHLO answer", "The answer to EHLO."],
  ["content", "Content", "What follows DATA, up to the line with a dot. Each line ends with CRLF; <code>\\n</code> is a bare LF."],
  ["proxy", "PROXY", "PROXY headers, one a line; <code>\\xHH</code> is an octet."],
  ["session", "Session", "What a client sends. ehlo plays the server. Each line ends with CRLF; <code>\\n</code> is a bare LF."],
  ["client", "Client", "What a server sends. ehlo plays a client that delivers a letter."],
  ["watch", "Capture", "A transcript, with <code>C: </code> or <code>S: </code> before each line, or a capture (pcap, pcapng)."],
];
const addressed = ["command", "path", "mailbox"], dialogues = ["session", "client"];
const switches = [
  ["lenient", "Lenient", [...addressed, "reply", "ehlo", ...dialogues]],
  ["smtputf8", "SMTPUTF8", addressed],
  ["lmtp", "LMTP", dialogues],
  ["at-once", "All octets arrive at once", ["session"]],
  ["pipeline", "Pipelining", ["client"]],
  ["chunking", "BDAT", ["client"]],
  ["tls", "TLS", ["client"], ["none", "may", "must"]],
  ["bare", "Bare CR and LF", ["content"], ["pass", "normalize", "reject"]],
];
const withStates = new Set([...dialogues, "watch"]);
const largest = { link: 6000, shown: 200000, states: 1 << 20 };

const $ = (id) => document.getElementById(id);
const input = $("input");
let engine, diagram, mode = "session", dropped = null, steps = [], at = -1, playing = 0, timer = 0;
const chosen = {};   // the options that are on, by name

// ---------------------------------------------------------------------------------------------- modes, options, examples

for (const [name, title] of modes) {
  if (name === "session") $("modes").append(element("span", "gap"));
  const radio = element("input", "unseen");
  Object.assign(radio, { type: "radio", name: "mode", value: name });
  radio.addEventListener("change", () => choose(name, examples[name][0]));
  $("modes").append(element("label", "", radio, title));
}

function optionsOf(which) {
  return switches.filter(([, , of]) => of.includes(which));
}
function showOptions() {
  $("options").replaceChildren(
    ...optionsOf(mode).map(([name, title, , values]) => {
      const control = element(values ? "select" : "input");
      if (values) {
        control.append(...values.map((value) => element("option", "", value)));
        control.value = chosen[name] ?? values[0];
      } else {
        control.type = "checkbox";
        control.checked = Boolean(chosen[name]);
      }
      control.dataset.option = name;
      control.addEventListener("change", () => {
        chosen[name] = values ? control.value : control.checked;
        soon(0);
      });
      return element("label", "", ...(values ? [title, control] : [control, title]));
    }),
  );
}
function showExamples() {
  $("examples").replaceChildren(
    ...examples[mode].map((example) => {
      const button = element("button", "", example[0]);
      button.type = "button";
      button.addEventListener("click", () => choose(mode, example));
      return button;
    }),
  );
}
function setOptions(list) {
  for (const name of Object.keys(chosen)) delete chosen[name];
  for (const option of list) {
    const [name, value] = option.split("=");
    chosen[name] = value ?? true;
  }
}

/// Another mode, and what is in it: [name, text, options].
function choose(name, [, text, options = []]) {
  mode = name;
  setOptions(options);
  setFile(text === null ? { name: "session.pcap", octets: octetsOf(capture) } : null);
  if (text !== null) setText(text);
  showMode();
  soon(0);
}
function setText(text) {
  input.value = text;
  input.rows = Math.min(18, Math.max(5, text.split("\n").length + 1));
}
function showMode() {
  document.querySelector(`[name=mode][value=${mode}]`).checked = true;
  $("hint").innerHTML = modes.find(([name]) => name === mode)[2];
  $("capture").hidden = mode !== "watch";
  $("panes").classList.toggle("with-order", withStates.has(mode));
  showOptions();
  showExamples();
}

// ---------------------------------------------------------------------------------------------- files

function setFile(file) {
  dropped = file;
  input.hidden = Boolean(file);
  $("file").hidden = !file;
  if (file) $("file-name").textContent = `${file.name}, ${file.octets.length.toLocaleString("en")} octets`;
}
async function take(file) {
  const octets = new Uint8Array(await file.arrayBuffer());
  mode = "watch";
  setOptions([]);
  const isText = octets.length < largest.shown && !octets.includes(0);
  setFile(isText ? null : { name: file.name, octets });
  if (isText) setText(new TextDecoder().decode(octets));
  showMode();
  soon(0);
}
$("choose").addEventListener("change", (event) => event.target.files[0] && take(event.target.files[0]));
$("file-away").addEventListener("click", () => choose("watch", examples.watch[0]));
for (const name of ["dragenter", "dragover"])
  addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    $("drop").hidden = false;
  });
addEventListener("dragleave", (event) => event.relatedTarget ?? ($("drop").hidden = true));
addEventListener("drop", (event) => {
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  $("drop").hidden = true;
  take(event.dataTransfer.files[0]);
});

// ---------------------------------------------------------------------------------------------- answers

function words() {
  const all = optionsOf(mode).flatMap(([name, , , values]) => {
    const value = chosen[name];
    return !value || (values && value === values[0]) ? [] : [`--${name}${values ? `=${value}` : ""}`];
  });
  if (mode === "client" && !chosen.tls) all.push("--tls=none");
  if (withStates.has(mode) && (dropped?.octets.length ?? 0) < largest.states) all.push("--states");
  return [...all, mode];
}
/// How many columns of the mono font there are.
function columnsOf(pane) {
  const ruler = element("span", "", "0".repeat(100));
  pane.append(ruler);
  const width = ruler.getBoundingClientRect().width / 100;
  ruler.remove();
  return Math.max(28, Math.floor((pane.clientWidth - 40) / width));
}

let asked = 0;
async function explain() {
  const turn = ++asked, output = $("output"), columns = columnsOf(output), parts = document.createDocumentFragment();
  stop();
  let verdict = ["", ""], found = [];
  try {
    const text = await engine.run(words(), dropped?.octets ?? input.value, columns);
    if (turn !== asked) return;
    if (!withStates.has(mode)) {
      const { count, wrong } = showItems(text, parts);
      verdict = wrong ? [count === 1 ? "wrong" : `${wrong} of ${count} wrong`, "bad"] : count ? ["well formed", "good"] : ["", ""];
    } else if (dropped || input.value) {
      const { steps: all, ended, odd } = showTalk(text, parts);
      found = all;
      const bad = /fatal|not delivered|refused|\b0 messages/.test(ended) || (mode === "watch" && odd > 0);
      verdict = mode === "watch" ? [odd ? `${odd} ${odd === 1 ? "departure" : "departures"}` : "nothing odd", odd ? "bad" : "good"] : [ended.replace("end: state ", ""), bad ? "bad" : "good"];
    }
  } catch (fault) {
    parts.append(element("pre", "card bad", fault.message));
    verdict = ["", "bad"];
  }
  if (!parts.firstChild) parts.append(element("p", "none", "Type something, or choose an example."));
  output.replaceChildren(parts);
  placeCarets(output);
  $("verdict").textContent = verdict[0];
  $("verdict").className = `verdict ${verdict[1]}`;
  steps = found;
  $("order").hidden = steps.length === 0;
  for (const [i, step] of steps.entries()) step.part.addEventListener("click", () => select(i));
  for (const list of output.querySelectorAll(".talk ul")) list.addEventListener("keydown", walk);
  if (steps.length) select(steps.length - 1);
  share();
  for (const button of $("examples").children) {
    const example = examples[mode].find(([name]) => name === button.textContent);
    button.setAttribute("aria-pressed", String(dropped ? example[1] === null : example[1] === input.value));
  }
}
function soon(wait = 90) {
  clearTimeout(timer);
  timer = setTimeout(explain, wait);
}
input.addEventListener("input", () => soon());
let width = innerWidth;
addEventListener("resize", () => width !== innerWidth && ((width = innerWidth), soon()));

// ---------------------------------------------------------------------------------------------- steps

function select(i, follow = false) {
  at = Math.min(Math.max(i, 0), steps.length - 1);
  const { part, state, known, list } = steps[at];
  for (const step of steps) step.part.toggleAttribute("aria-current", false);
  for (const step of steps) step.part.removeAttribute("aria-selected");
  part.setAttribute("aria-current", "step");
  part.setAttribute("aria-selected", "true");
  if (follow && innerWidth > 820) part.scrollIntoView({ block: "nearest" });  // elsewhere the diagram would leave the screen
  const talk = steps.filter((step) => step.list === list);
  diagram.show(["connected", ...talk.slice(0, talk.indexOf(steps[at]) + 1).map((step) => step.state)]);
  const said = part.querySelector(".client .line") ?? part.querySelector(".line");
  $("where").replaceChildren(element("b", "", state), ...known.map((fact) => element("span", "fact", fact)),
                             element("span", "after", said ? `after ${said.textContent}` : ""));
  const ways = diagram.waysFrom(state);
  $("ways").replaceChildren(...ways.map(({ on, to }) => element("li", "", `${on} \u2192 `, element("b", "", to))));
  $("back").disabled = at === 0;
  $("on").disabled = at === steps.length - 1;
}
function walk(event) {
  const by = { ArrowDown: 1, ArrowUp: -1, Home: -steps.length, End: steps.length }[event.key];
  if (!by || event.target.closest("summary")) return;
  event.preventDefault();
  stop();
  select(at + by, true);
}
function stop() {
  clearInterval(playing);
  playing = 0;
  $("play").textContent = "Play";
}
$("back").addEventListener("click", () => (stop(), select(at - 1, true)));
$("on").addEventListener("click", () => (stop(), select(at + 1, true)));
$("play").addEventListener("click", () => {
  if (playing) return stop();
  $("play").textContent = "Pause";
  select(at === steps.length - 1 ? 0 : at + 1, true);
  playing = setInterval(() => (at === steps.length - 1 ? stop() : select(at + 1, true)), 800);
});

// ---------------------------------------------------------------------------------------------- links

let shared = "";
function share() {
  const options = Object.entries(chosen).filter(([, value]) => value).map(([name, value]) => (value === true ? name : `${name}=${value}`));
  const all = new URLSearchParams({ mode, ...(options.length && { options: options.join(",") }), text: input.value });
  shared = dropped || input.value.length > largest.link ? "" : `#${all}`;
  $("share").disabled = !shared;
  $("share").textContent = "Copy link";
  if (shared && shared !== location.hash) history.replaceState(null, "", shared);
}
function open() {
  const all = new URLSearchParams(location.hash.slice(1)), name = all.get("mode");
  if (!examples[name]) return false;
  choose(name, ["", all.get("text") ?? "", (all.get("options") ?? "").split(",").filter(Boolean)]);
  return true;
}
$("share").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    $("share").textContent = "Copied";
  } catch {
    $("share").textContent = "The link is in the address bar";
  }
});
addEventListener("hashchange", () => location.hash !== shared && open());

engine = await Explain.load();
diagram = new Diagram($("diagram"), await engine.run(["--mermaid", "table"], ""));
if (!open()) choose("session", examples.session[0]);
window.playground = { engine, examples };  // for a console, and for the tests
