// The order of commands as a diagram. What leads where is the table's; only where a state stands is said here.

const places = {
  connected: [200, 20], refused: [348, 20], handshake: [52, 86], greeted: [200, 86], exchange: [52, 154], ready: [200, 154],
  turned: [348, 154], mail: [200, 222], rcpt: [200, 290], content: [52, 290], chunk: [348, 290], chunks: [348, 358], spoilt: [200, 358],
  closed: [52, 400],
};
const bends = { "rcpt>ready": -112, "spoilt>ready": 128, "chunks>ready": 26, "chunk>ready": 14, "content>ready": -10};
const half = [44, 14];

const svg = (name, attributes, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

class Diagram {
  /// `table`: what `explain table --mermaid` says.
  constructor(root, table) {
    this.root = root;
    this.edges = [...table.matchAll(/^ +(\w+) --> (\w+): (.*)$/gm)].map(([, from, to, on]) => ({ from, to, on, key: `${from}>${to}` }));
    const states = new Set(this.edges.flatMap((edge) => [edge.from, edge.to]));
    let bottom = 424;
    // A state that is new has no place yet, but is shown.
    for (const state of states) if (!places[state]) places[state] = [200, (bottom += 40) - 20];
    root.setAttribute("viewBox", `0 0 400 ${bottom}`);
    const both = new Set(this.edges.map((edge) => edge.key));
    for (const edge of this.edges) root.append((edge.part = this.draw(edge, both.has(`${edge.to}>${edge.from}`))));
    this.nodes = new Map([...states].map((state) => [state, this.node(state)]));
    root.append(...this.nodes.values());
  }

  node(state) {
    const [x, y] = places[state];
    const box = svg("rect", { x: x - half[0], y: y - half[1], width: 2 * half[0], height: 2 * half[1], rx: 14 });
    return svg("g", { class: "node", "data-state": state }, box, svg("text", { x, y: y + 0.5 }, state));
  }

  draw({ from, to, key }, hasReverse) {
    const [a, b] = [places[from], places[to]];
    const [dx, dy] = [b[0] - a[0], b[1] - a[1]], length = Math.hypot(dx, dy), across = [-dy / length, dx / length];
    const shift = hasReverse ? 7 : 0, bend = bends[key] ?? 0;
    const at = ([x, y], by) => [x + across[0] * by, y + across[1] * by];
    const start = at(a, shift), end = at(b, shift), middle = at([(start[0] + end[0]) / 2, (start[1] + end[1]) / 2], bend);
    // Ways to the end keep between the columns.
    const gutter = a[0] > 276 ? 276 : 126, down = to === "closed" && a[0] !== b[0] && dy > 60;
    const controls = down ? [[gutter, a[1] + 24], [gutter, b[1] - 8]] : [start, end].map((p) => [0, 1].map((i) => p[i] + ((middle[i] - p[i]) * 2) / 3));
    const curve = [start, ...controls, end], weights = (t) => [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3];
    const point = (t) => [0, 1].map((i) => weights(t).reduce((sum, w, k) => sum + w * curve[k][i], 0));
    const inside = ([x, y], [cx, cy], margin) => Math.abs(x - cx) < half[0] + margin && Math.abs(y - cy) < half[1] + margin;
    let first = 0, last = 1;
    while (first < 1 && inside(point(first), a, 1)) first += 0.005;
    while (last > 0 && inside(point(last), b, 3)) last -= 0.005;
    const line = [];
    for (let i = 0; i <= 24; ++i) line.push(point(first + ((last - first) * i) / 24).map((n) => n.toFixed(1)).join(" "));
    const [tip, before] = [point(last), point(last - 0.03)], angle = (Math.atan2(tip[1] - before[1], tip[0] - before[0]) * 180) / Math.PI;
    const head = svg("path", { class: "head", d: "M0 0L-8 -3.6L-8 3.6Z", transform: `translate(${tip[0].toFixed(1)} ${tip[1].toFixed(1)}) rotate(${angle.toFixed(1)})` });
    return svg("g", { class: to === "closed" ? "to-end" : "", "data-way": key }, svg("path", { class: "way", d: `M${line.join("L")}` }), head);
  }

  /// The states that were, the last one is now.
  show(states) {
    const here = states.at(-1), before = states.at(-2), been = new Set(states);
    for (const [state, part] of this.nodes) {
      part.classList.toggle("here", state === here);
      part.classList.toggle("been", been.has(state));
    }
    for (const { from, to, part } of this.edges) {
      part.classList.toggle("next", from === here);
      part.classList.toggle("taken", from === before && to === here);
      if (from === before && to === here) part.parentNode.insertBefore(part, this.nodes.get("connected"));
    }
  }

  waysFrom(state) {
    return this.edges.filter((edge) => edge.from === state);
  }
}
