// What explain says on a terminal, as parts of a page: its colours are classes, its carets stand under the octets themselves.

const element = (name, classes = "", ...children) => {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  made.append(...children);
  return made;
};

const colours = { 1: "bold", 2: "dim", "1;31": "red", 32: "green", 33: "yellow", 36: "blue" };

/// [class, text] for each piece of a line.
function pieces(line) {
  const parts = line.split(/\x1b\[([\d;]*)m/);
  const all = [];
  for (let i = 0; i < parts.length; i += 2) if (parts[i]) all.push([colours[parts[i - 1]] ?? "", parts[i]]);
  return all;
}
const plain = (line) => pieces(line).map(([, text]) => text).join("");
const spans = (line) => pieces(line).map(([c, text]) => (c ? element("span", c, text) : text));

const octetsLine = (line) => element("div", "line", ...spans(line));

/// The mark around what stands in a column of a line, or after its last octet.
function markAt(line, column) {
  const walk = document.createTreeWalker(line, NodeFilter.SHOW_TEXT), mark = element("span");
  for (let text, before = 0; (text = walk.nextNode()); before += text.length)
    if (column < before + text.length) {
      const rest = text.splitText(column - before);
      rest.splitText(1);
      rest.replaceWith(mark);
      mark.append(rest);
      return mark;
    }
  line.append(" ".repeat(Math.max(0, column - line.textContent.length)), mark);
  mark.textContent = "\u00a0";
  return mark;
}

/// Says under a line what is wrong at a column of it.
function noteUnder(line, column, what) {
  (line.querySelector(".red") ?? markAt(line, column)).className = "fault";   // explain shows the octet itself, but not of a capture
  return element("div", "note", element("span", "caret"), element("span", "", what));
}

/// When all is laid out: each caret stands under its octet, whatever the fonts are, and the note beside it if there is room.
function placeCarets(output) {
  const all = [...output.querySelectorAll(".note")].map((note) => {
    const fault = note.parentNode.querySelector(".fault").getBoundingClientRect(), room = note.getBoundingClientRect();
    return { note, at: (fault.left + fault.right) / 2 - room.left, fits: room.width, takes: note.lastChild.getBoundingClientRect().width };
  });
  for (const { note, at, fits, takes } of all) {
    note.firstChild.style.left = `${at}px`;
    if (at + 12 + takes <= fits) note.style.paddingLeft = `${at + 12}px`;
    else note.classList.add("under");
  }
}

const caretLine = /^( *)(?:\x1b\[1;31m)?\^ ([^\x1b]*)(?:\x1b\[0m)?$/;

/// Items, each with what it means. Returns how many there are and how many of them are wrong.
function showItems(text, into) {
  let wrong = 0;
  const blocks = text.split("\n\n").filter((block) => block.trim());
  for (const block of blocks) {
    const card = element("article", "card"), fields = element("dl");
    let line = null;
    for (const row of block.split("\n")) {
      if (!row) continue;
      const field = /^ {2}\x1b\[2m(.*?) *\x1b\[0m {2}(.*)$/.exec(row), caret = caretLine.exec(row);
      if (field) {
        if (field[1]) fields.append(element("dt", "", field[1]));
        fields.append(element("dd", "", ...spans(field[2])));
      } else if (caret && line) {
        card.append(noteUnder(line, caret[1].length, caret[2]));
        card.classList.add("bad");
      } else {
        card.append((line = octetsLine(row)));
      }
    }
    if (fields.firstChild) card.append(fields);
    if (/\x1b\[2merror/.test(block)) card.classList.add("bad");
    if (card.classList.contains("bad")) ++wrong;
    into.append(card);
  }
  return { count: blocks.length, wrong };
}

/// A dialogue. Returns its steps: { part, state, known }, in order, and how it ended.
function showTalk(text, into) {
  const steps = [];
  let talk = null, list = null, step = null, line = null, indent = 0, ended = "", odd = 0, table = null;
  const begin = (title) => {
    talk = element("div", "talk");
    if (title) talk.append(element("h3", "", title));
    talk.append((list = element("ul")));
    list.tabIndex = 0;
    list.setAttribute("aria-label", "Steps; arrow keys walk through them");
    step = line = table = null;
    into.append(talk);
  };
  const add = (part) => {
    if (!list) begin();
    if (!step) list.append((step = element("li", "step plain")));
    step.append(part);
  };
  for (const row of text.split("\n")) {
    const speech = /^(?: {2}\x1b\[2m)?([CS]):(?:\x1b\[0m)?( {1,3})(.*)$/.exec(row), caret = caretLine.exec(row);
    const state = /^ +(?:\x1b\[2m)?\(state: (\w+)(?:; ([^)]*))?\)/.exec(row);
    if (table && row) table.append("\n" + row);
    else if (state) {
      if (step) {
        step.classList.remove("plain");
        step.prepend(element("span", "to-state", state[1]));
        steps.push({ part: step, state: state[1], known: state[2] ? state[2].split(", ") : [], list });
      }
      step = line = null;
    } else if (speech) {
      indent = row.startsWith(" ") ? 4 + speech[2].length : 3;
      const content = speech[2].length === 3 && row.startsWith(" ");
      const part = element("div", `row ${speech[1] === "C" ? "client" : "server"}${content ? " content" : ""}`, element("span", "who", speech[1]));
      const text = (speech[2].slice(1) + speech[3]).replace("   <- ", "\x1b[0m\x1b[2m   \u2190 ");
      const said = row.startsWith(" ") ? speech[3] : (speech[1] === "C" ? "\x1b[36m" : "") + text + "\x1b[0m";
      part.append((line = octetsLine(said)));
      add(part);
    } else if (caret && line) {
      line.parentNode.append(noteUnder(line, caret[1].length - indent, caret[2]));
      if (!/^here the /.test(caret[2])) ++odd;
    } else if (/^(connection \d)/.test(row)) {
      begin(row);
    } else if (/^transactions of /.test(row)) {
      talk.append((table = element("pre", "end", row)));
    } else if (/^! /.test(row)) {
      ++odd;
      add(element("div", "remark red", row.slice(2)));
    } else if (/^ {2}(\x1b\[[\d;]*m)?(end:|delivered|not delivered)/.test(row)) {
      ended = plain(row).trim();
      talk?.append(element("div", "end", ...spans(row.trim())));
    } else if (row.trim()) {
      if (/^ +! /.test(row)) ++odd;
      add(element("div", `remark${/^ +! /.test(row) ? " red" : ""}`, ...spans(row.trim())));
    }
    if (table && !row) table = null;
  }
  for (const part of into.querySelectorAll(".step")) fold(part);
  return { steps, ended, odd };
}

/// A long reply shows its first and its last line.
function fold(step) {
  const rows = [...step.children];
  for (let i = 0; i < rows.length; ) {
    let end = i;
    while (end < rows.length && rows[end].classList.contains("server") && !rows[end].querySelector(".note")) ++end;
    if (end - i > 5) {
      const more = element("details", "remark", element("summary", "", `${end - i - 2} more lines`));
      rows[i].after(more);
      more.append(...rows.slice(i + 1, end - 1));
    }
    i = Math.max(end, i + 1);
  }
}
