// Python: Pyodide with the kernel in it, in a thread of its own.
//
// The rule: whatever a snippet finds here, it may have. Who starts this thread gives it no permissions; what it has
// by itself (the network, other workers) is taken away before Python starts, and so is making code from text, so that
// reaching JavaScript buys nothing. Python talks with the host by reading and writing /dev/host, and waits by writing
// until when (as of its monotonic clock, which is performance.now()) to /dev/wait; both are served here. A number
// below 0 is that of a snippet that has ended. No object of JavaScript is given to Python.

const KEPT = new Set(
  ("Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise RegExp " +
    "Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError globalThis JSON Math " +
    "Intl ArrayBuffer Atomics Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array BigUint64Array " +
    "BigInt64Array Uint8ClampedArray Float32Array Float64Array DataView Map BigInt Set Iterator WeakMap WeakSet " +
    "WeakRef Proxy Reflect FinalizationRegistry isFinite isNaN decodeURIComponent encodeURIComponent console " +
    "SharedArrayBuffer WebAssembly TextDecoder TextEncoder AbortController AbortSignal DOMException URL crypto " +
    "performance queueMicrotask self location").split(" "),
);

const DISK_MB = 64;
const EINTR = 27, ENOSPC = 51;

const BEGIN = `
import sys, types
name, source = given.split("\\n", 1)
sys.modules[name] = module = types.ModuleType(name)
exec(compile(source, f"<{name}>", "exec"), vars(module))
del given, name, source, module
`;

// Be a kernel, starting from the snapshot, until the host closes the channel.
export async function run(parts, send) {
  const { Receiver } = await import(parts.mailbox);
  const python = await load(parts, { _loadSnapshot: parts.snapshot });
  const receiver = new Receiver(parts.memory);
  python.setInterruptBuffer(receiver.signals);
  offer(python.FS, receiver, send);
  if (parts.packages) python.FS.writeFile("/tmp/packages.zip", parts.packages);
  for (const name of ["wasm", "library", "snapshot"]) delete parts[name];
  delete python._api.config._loadSnapshot;
  limitFiles(python.FS, (parts.diskMB ?? DISK_MB) << 20);
  python.setStdin({ stdin: () => null });
  for (const set of ["setStdout", "setStderr"]) python[set]({ write: (bytes) => printed(bytes, receiver, send) });
  isolate();
  python.runPython("import actlet_guest; actlet_guest.serve()");
}

// What `run` starts from: the memory of a Python that has loaded the kernel.
export async function snapshot(parts) {
  const python = await load(parts, { _makeSnapshot: true });
  for (const name of ["kernel", "guest"]) {
    python.globals.set("given", `actlet_${name}\n${new TextDecoder().decode(parts[name])}`);
    python.runPython(BEGIN);
  }
  python.runPython("import actlet_guest; actlet_guest.prepare()");
  return python.makeMemorySnapshot();
}

async function load(parts, options) {
  const { loadPyodide } = await import(parts.pyodide);
  const createPyodideModule = (await import(parts.module)).default;
  globalThis.fetch = async (address) =>
    String(address).endsWith(".wasm")
      ? new Response(parts.wasm, { headers: { "Content-Type": "application/wasm" } })
      : new Response(parts.library);
  return await loadPyodide({
    createPyodideModule,
    indexURL: "http://localhost/",
    packageBaseUrl: "http://localhost/",
    stdLibURL: "http://localhost/python_stdlib.zip",
    lockFileContents: { info: parts.info, packages: {} },
    jsglobals: {},
    env: { HOME: "/work", PWD: "/work", LANG: "C.UTF-8" },
    _sysExecutable: "python",
    ...options,
  });
}

function offer(FS, receiver, send) {
  const interrupted = () => new FS.ErrnoError(EINTR);
  device(FS, "/dev/host", 1, {
    read(_stream, memory, offset, length) {
      if (receiver.wait(Infinity) === undefined) throw interrupted();
      return receiver.take(bytesOf(memory, offset, length));
    },
    write(_stream, memory, offset, length) {
      send(bytesOf(memory, offset, length));
      return length;
    },
  });
  device(FS, "/dev/wait", 2, {
    write(_stream, memory, offset, length) {
      const number = new DataView(memory.buffer, memory.byteOffset + offset).getFloat64(0);
      if (number < 0) receiver.ended(-number);
      const ready = number < 0 || receiver.wait(number * 1000);
      if (ready === undefined) throw interrupted();
      return ready ? length : 0;
    },
  });
}

function device(FS, path, number, operations) {
  const id = FS.makedev(77, number);
  FS.registerDevice(id, { open() {}, close() {}, ...operations });
  FS.mkdev(path, id);
}

// Files are kept outside of Python's memory, and may hold this many bytes more than those that are there.
function limitFiles(FS, bytes) {
  const { MEMFS } = FS.filesystems;
  const { stream } = MEMFS.ops_table.file;
  const { write } = stream;
  const { resizeFileStorage } = MEMFS;
  let held = heldBelow(FS.root);
  const limit = held + bytes;
  const grow = (node, size) => {
    const more = Math.max(0, size - node.contents.length);
    if (held + more > limit) held = heldBelow(FS.root); // some may have gone
    if (held + more > limit) throw new FS.ErrnoError(ENOSPC);
    held += more;
  };
  stream.write = (file, memory, offset, length, position, canOwn) => {
    grow(file.node, position + length);
    return write(file, memory, offset, length, position, canOwn);
  };
  MEMFS.resizeFileStorage = (node, size) => {
    grow(node, size);
    resizeFileStorage(node, size);
  };
}

function heldBelow(node) {
  if (ArrayBuffer.isView(node.contents)) return node.contents.length;
  return Object.values(node.contents ?? {}).reduce((sum, child) => sum + heldBelow(child), 0);
}

function bytesOf(memory, offset, length) {
  return new Uint8Array(memory.buffer, memory.byteOffset + offset, length);
}

// What C code prints by itself, as a message of the running snippet.
function printed(bytes, receiver, send) {
  const text = new TextDecoder().decode(bytes);
  const header = new TextEncoder().encode(JSON.stringify({ is: "printed", n: receiver.running, text }));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, header.length);
  send(length);
  send(header);
  return bytes.length;
}

function isolate() {
  for (let place = globalThis; place && place !== Object.prototype; place = Object.getPrototypeOf(place)) {
    for (const name of Object.getOwnPropertyNames(place)) if (!KEPT.has(name)) Reflect.deleteProperty(place, name);
  }
}
