// The process of a box: reads what the host says from standard input, and has Python run in a thread of its own.
//
// The rule: this thread never waits for Python, so that an interrupt always arrives; at the end of standard input the
// process ends, whatever Python does. What Python sends is written by Python's thread, which may do nothing else: it
// has no permissions, and what it needs is read here and given to it.
//
//   deno run --allow-read=FOLDER FOLDER/deno.js FOLDER run DISK    is a kernel, with DISK MB for files
//   deno run --allow-read=FOLDER FOLDER/deno.js FOLDER snapshot    writes what kernels start from to standard output

import { toPython } from "./messages.js";
import { newMemory, Sender } from "./mailbox.js";

const [folder, job, diskMB] = Deno.args;
const read = (name) => Deno.readFile(`${folder}/${name}`);
const script = async (name) => URL.createObjectURL(new Blob([await read(name)], { type: "text/javascript" }));

async function partsOf(job, memory) {
  const [pyodide, module, mailbox, python, lock, wasm, library] = await Promise.all([
    ...["pyodide.mjs", "pyodide.asm.mjs", "mailbox.js", "python.js"].map(script),
    ...["pyodide-lock.json", "pyodide.asm.wasm", "python_stdlib.zip"].map(read),
  ]);
  const { info } = JSON.parse(new TextDecoder().decode(lock));
  return { job, memory, pyodide, module, mailbox, python, info, wasm, library, ...(await givenFor(job)) };
}

async function givenFor(job) {
  if (job === "snapshot") return { kernel: await read("kernel.py"), guest: await read("guest.py") };
  const [snapshot, packages] = await Promise.all([read("snapshot.bin"), read("packages.zip").catch(() => undefined)]);
  return { snapshot, packages, diskMB };
}

async function begin(job, memory) {
  const worker = new Worker(await script("deno_worker.js"), { type: "module", deno: { permissions: "none" } });
  worker.onmessage = ({ data }) => end(data);
  worker.onerror = (error) => {
    error.preventDefault();
    end({ code: 1, reason: error.message });
  };
  const parts = await partsOf(job, memory);
  await Deno.permissions.revoke({ name: "read" });
  worker.postMessage(parts, buffersOf(parts));
}

function buffersOf(parts) {
  return Object.values(parts).filter(ArrayBuffer.isView).map((view) => view.buffer);
}

function end({ code, reason }) {
  if (reason) Deno.stderr.writeSync(new TextEncoder().encode(reason.slice(0, 1000)));
  Deno.exit(code);
}

async function listen(messages) {
  const buffer = new Uint8Array(1 << 16);
  for (let count; (count = await Deno.stdin.read(buffer)) !== null; ) await messages.feed(buffer.subarray(0, count));
  Deno.exit(0);
}

const memory = newMemory();
begin(job, memory).catch((error) => end({ code: 1, reason: String(error) }));
if (job === "run") listen(toPython(new Sender(memory)));
