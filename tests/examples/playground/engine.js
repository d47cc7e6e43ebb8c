// explain, as WebAssembly: one instance that is asked again and again.

const packed = "/* explain.wasm, gzip, base64 */";

const octetsOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

class Left extends Error {}  // the program wanted to end

class Explain {
  static async load() {
    const stream = new Blob([octetsOf(packed)]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Explain(await WebAssembly.compile(await new Response(stream).arrayBuffer())).begin();
  }

  constructor(module) {
    this.module = module;
  }

  async begin() {
    this.complaint = "";
    const memory = () => new DataView(this.program.memory.buffer);
    const badDescriptor = 8;
    // What a program may ask of its system: there are no files here.
    const system = {
      environ_get: () => 0,
      environ_sizes_get: (count, size) => (memory().setUint32(count, 0, true), memory().setUint32(size, 0, true), 0),
      fd_write: (fd, pieces, count, written) => {
        let total = 0;
        for (let i = 0; i < count; ++i) {
          const at = memory().getUint32(pieces + 8 * i, true), size = memory().getUint32(pieces + 8 * i + 4, true);
          this.complaint += new TextDecoder().decode(new Uint8Array(this.program.memory.buffer, at, size));
          total += size;
        }
        memory().setUint32(written, total, true);
        return 0;
      },
      proc_exit: () => {
        throw new Left();
      },
      random_get: (at, size) => (crypto.getRandomValues(new Uint8Array(this.program.memory.buffer, at, size)), 0),
    };
    const imports = new Proxy(system, { get: (all, name) => all[name] ?? (() => badDescriptor) });
    this.program = (await WebAssembly.instantiate(this.module, { wasi_snapshot_preview1: imports })).exports;
    this.program._initialize();
    return this;
  }

  /// What explain says to a command line and an input (a text, or octets). Throws what it complains of.
  async run(words, input, columns = 100) {
    const line = new TextEncoder().encode(words.map((word) => word + "\n").join(""));
    const octets = typeof input === "string" ? new TextEncoder().encode(input) : input;
    try {
      const room = this.program.room(line.length + octets.length);
      const memory = new Uint8Array(this.program.memory.buffer);
      memory.set(line, room);
      memory.set(octets, room + line.length);
      const size = this.program.explain(line.length, columns);
      const text = new TextDecoder().decode(new Uint8Array(this.program.memory.buffer, this.program.answer(), size));
      if (octets.length > 4 << 20) await this.begin();  // memory that is given back only so
      return text;
    } catch (fault) {
      const why = this.complaint || String(fault);
      await this.begin();  // it may have been left in the middle of anything
      throw new Error(why);
    }
  }
}
