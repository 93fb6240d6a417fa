// Which bytes are which message: what passes by is looked at, and told apart.
//
// A message is four bytes of length, that much JSON, and the blobs whose sizes the JSON gives (kernel.py, `frame`).
// The rule: every byte is passed on, unchanged and in order; of the messages, only the JSON is looked at.

export class Messages {
  // `hear(message)` is told what a message says, just before `pass(bytes)` is given its bytes, and may be waited for.
  constructor(hear, pass) {
    this.hear = hear;
    this.pass = pass;
    this.held = new Uint8Array(0);
    this.blobs = 0;
  }

  // These bytes have come. They may be changed again only when this is over.
  async feed(bytes) {
    if (this.held.length) bytes = joined(this.held, bytes);
    for (;;) {
      const passing = bytes.subarray(0, this.blobs);
      if (passing.length) await this.pass(passing);
      this.blobs -= passing.length;
      bytes = bytes.subarray(passing.length);
      const end = bytes.length < 4 ? Infinity : 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      if (bytes.length < end) break;
      const message = JSON.parse(new TextDecoder().decode(bytes.subarray(4, end)));
      this.blobs = (message.blobs ?? []).reduce((sum, size) => sum + size, 0);
      this.hear(message);
      await this.pass(bytes.subarray(0, end));
      bytes = bytes.subarray(end);
    }
    this.held = bytes.slice();
  }
}

// Messages of the host on their way to Python. Interrupts are signals too, since nobody reads while a snippet runs.
export function toPython(sender) {
  const hear = (message) => {
    if (message.is === "interrupt" && message.n === sender.running) sender.interrupt();
    if (message.is === "run") sender.begin(message.n);
  };
  return new Messages(hear, (bytes) => sender.put(bytes));
}

function joined(first, second) {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
