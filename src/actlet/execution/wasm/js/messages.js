// Which bytes are which message: what passes by on its way to the kernel is looked at, and told apart.
//
// A message is four bytes of length, that much JSON, and the blobs whose sizes the JSON gives (kernel.py, `frame`).
// An interrupt is a signal too, since nobody reads while a snippet runs.

export class Messages {
  constructor(sender) {
    this.sender = sender;
    this.held = new Uint8Array(0);
    this.blobs = 0;
  }

  // Pass on what came in.
  async feed(bytes) {
    if (this.held.length) bytes = joined(this.held, bytes);
    for (;;) {
      const passing = bytes.subarray(0, this.blobs);
      await this.sender.put(passing);
      this.blobs -= passing.length;
      bytes = bytes.subarray(passing.length);
      const end = bytes.length < 4 ? Infinity : 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      if (bytes.length < end) break;
      await this.hear(bytes.subarray(0, end));
      bytes = bytes.subarray(end);
    }
    this.held = bytes.slice();
  }

  async hear(header) {
    const message = JSON.parse(new TextDecoder().decode(header.subarray(4)));
    if (message.is === "interrupt" && message.n === this.sender.running) this.sender.interrupt();
    if (message.is === "run") this.sender.begin(message.n);
    this.blobs = (message.blobs ?? []).reduce((sum, size) => sum + size, 0);
    await this.sender.put(header);
  }
}

function joined(first, second) {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
