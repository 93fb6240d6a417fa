// Bytes from one thread to another that may be busy or asleep: a ring in shared memory.
//
// The rule: the sender never blocks its thread, the receiver always may. An interrupt and the end overtake the bytes.
// It knows nothing of what the bytes mean.

const WRITTEN = 0, TAKEN = 1, BELL = 2, CLOSED = 3, SIGNAL = 4;
const BEGUN = 0, ENDED = 1;
const NUMBERS = 8 * 4, CONTROLS = NUMBERS + 2 * 8;
const SIZE = 1 << 20;
const SIGINT = 2, SIGALRM = 14;
const TICK = 50;

export function newMemory() {
  return new SharedArrayBuffer(CONTROLS + SIZE);
}

class Mailbox {
  constructor(memory) {
    this.controls = new Int32Array(memory, 0, NUMBERS / 4);
    this.numbers = new BigInt64Array(memory, NUMBERS, 2);
    this.data = new Uint8Array(memory, CONTROLS, SIZE);
  }

  // Bytes that were written and not taken. Both counts go on for ever and wrap; their difference doesn't.
  get waiting() {
    return (Atomics.load(this.controls, WRITTEN) - Atomics.load(this.controls, TAKEN)) >>> 0;
  }

  // The number of the snippet that runs, or 0.
  get running() {
    const begun = Atomics.load(this.numbers, BEGUN);
    return begun === Atomics.load(this.numbers, ENDED) ? 0 : Number(begun);
  }
}

export class Sender extends Mailbox {
  // Put all of it, as there is room.
  async put(bytes) {
    while (bytes.length) {
      const taken = Atomics.load(this.controls, TAKEN);
      const room = SIZE - this.waiting;
      if (!room) {
        await changed(this.controls, TAKEN, taken);
        continue;
      }
      const piece = bytes.subarray(0, room);
      const written = Atomics.load(this.controls, WRITTEN);
      const start = (written >>> 0) % SIZE;
      const first = piece.subarray(0, SIZE - start);
      this.data.set(first, start);
      this.data.set(piece.subarray(first.length), 0);
      Atomics.store(this.controls, WRITTEN, (written + piece.length) | 0);
      this.ring();
      bytes = bytes.subarray(piece.length);
    }
  }

  // The snippet that the bytes to come begin: an interrupt of an earlier one no longer counts.
  begin(number) {
    Atomics.store(this.numbers, BEGUN, BigInt(number));
    Atomics.store(this.controls, SIGNAL, 0);
    clearTimeout(this.ticking);
    this.ticking = setTimeout(() => this.tick(), TICK);
  }

  // From time to time while a snippet runs, Python is reminded to send what was printed.
  tick() {
    if (!this.running) return;
    Atomics.compareExchange(this.controls, SIGNAL, 0, SIGALRM);
    this.ticking = setTimeout(() => this.tick(), TICK);
  }

  interrupt() {
    Atomics.store(this.controls, SIGNAL, SIGINT);
    this.ring();
  }

  close() {
    Atomics.store(this.controls, CLOSED, 1);
    this.ring();
  }

  ring() {
    Atomics.add(this.controls, BELL, 1);
    Atomics.notify(this.controls, BELL);
  }
}

export class Receiver extends Mailbox {
  // Where Python looks for a signal.
  get signals() {
    return this.controls.subarray(SIGNAL, SIGNAL + 1);
  }

  // The snippet with this number has ended.
  ended(number) {
    Atomics.store(this.numbers, ENDED, BigInt(number));
  }

  // Wait until there is something to take, or it is later than `until` (as of performance.now()). Returns whether
  // there is; undefined if a signal came instead.
  wait(until) {
    for (;;) {
      const bell = Atomics.load(this.controls, BELL);
      if (this.waiting || Atomics.load(this.controls, CLOSED)) return true;
      if (Atomics.load(this.controls, SIGNAL)) return undefined;
      const left = until - performance.now();
      if (!(left > 0)) return false;
      Atomics.wait(this.controls, BELL, bell, left);
    }
  }

  // Take what there is, as far as `target` has room. Returns how much; 0 at the end.
  take(target) {
    const count = Math.min(this.waiting, target.length);
    const taken = Atomics.load(this.controls, TAKEN);
    const start = (taken >>> 0) % SIZE;
    const first = Math.min(count, SIZE - start);
    target.set(this.data.subarray(start, start + first));
    target.set(this.data.subarray(0, count - first), first);
    Atomics.store(this.controls, TAKEN, (taken + count) | 0);
    Atomics.notify(this.controls, TAKEN);
    return count;
  }
}

async function changed(controls, place, value) {
  if (Atomics.waitAsync) {
    await Atomics.waitAsync(controls, place, value).value;
  } else {
    while (Atomics.load(controls, place) === value) await new Promise((done) => setTimeout(done, 1));
  }
}
