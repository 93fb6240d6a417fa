// The page of a tab that a box runs in: connects with the box, starts Python, shows what happens, stops a snippet.
//
// The rule: one kernel for each connection. When the box closes it, Python ends, and the page connects again, which
// is how a box gets a new kernel. The token stays on the page; Python's thread doesn't get it.

import { newMemory, Sender } from "./mailbox.js";
import { Messages, toPython } from "./messages.js";

const SHOWN = 200_000;
const RETRY = 500;
const token = location.hash.slice(1);
const find = (id) => document.getElementById(id);
let stop = () => {};

function show(state, words) {
  document.body.dataset.state = state;
  find("state").textContent = words;
  find("stop").disabled = state !== "running";
}

function print(text) {
  const output = find("output");
  const atEnd = output.scrollTop + output.clientHeight >= output.scrollHeight - 20;
  output.textContent = (output.textContent + text).slice(-SHOWN);
  if (atEnd) output.scrollTop = output.scrollHeight;
}

async function bytesOf(name) {
  const answer = await fetch(name);
  return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : undefined;
}

async function partsFor(memory) {
  const [lock, wasm, library, snapshot, packages] = await Promise.all(
    ["pyodide-lock.json", "pyodide.asm.wasm", "python_stdlib.zip", "snapshot.bin", "packages.zip"].map(bytesOf),
  );
  const { info } = JSON.parse(new TextDecoder().decode(lock));
  const [pyodide, module, mailbox] = ["pyodide.mjs", "pyodide.asm.mjs", "mailbox.js"].map((name) => `./${name}`);
  return { memory, pyodide, module, mailbox, info, wasm, library, snapshot, packages };
}

function buffersOf(parts) {
  return Object.values(parts).filter(ArrayBuffer.isView).map((view) => view.buffer);
}

// What the box says to Python, and Python to the box, in terms of this page.
function watched(message) {
  if (message.is === "run") {
    find("code").textContent = message.code;
    show("running", "A snippet is running");
  }
  if (message.is === "calls") show("running", "A snippet waits for a tool");
  if (message.is === "answers") show("running", "A snippet is running");
  if (message.is === "printed") print(message.text);
  if (message.is === "done") {
    print(message.printed);
    if (message.error) print(`${message.error[0]}: ${message.error[1]}\n`);
    show("ready", "Ready");
  }
}

// Answers in the order of the questions: each feeding waits for the one before it.
function inOrder(feed) {
  let last = Promise.resolve();
  return (bytes) => (last = last.then(() => feed(bytes)));
}

// One kernel, from the connection's beginning to its end.
function kernel(socket) {
  return new Promise((ended) => {
    const memory = newMemory();
    const sender = new Sender(memory);
    const worker = new Worker("./page_worker.js", { type: "module" });
    const inward = toPython(sender);
    const hear = inward.hear;
    inward.hear = (message) => (hear(message), watched(message));
    const toWorker = inOrder((bytes) => inward.feed(bytes));
    const outward = new Messages(watched, () => {});
    const look = inOrder((bytes) => outward.feed(bytes));
    socket.onmessage = ({ data }) => toWorker(new Uint8Array(data));
    socket.onclose = () => {
      worker.terminate();
      ended();
    };
    worker.onmessage = ({ data }) => {
      if (typeof data === "string") return fail(data);
      socket.send(data);
      look(new Uint8Array(data)).catch(() => {}); // what a snippet forges is for the box to judge
    };
    worker.onerror = (error) => fail(error.message);
    const fail = (why) => {
      print(`${why}\n`);
      socket.close(4000, why.slice(0, 100));
    };
    stop = () => sender.interrupt();
    partsFor(memory).then((parts) => worker.postMessage(parts, buffersOf(parts)), (error) => fail(String(error)));
  });
}

function connect() {
  return new Promise((opened) => {
    const socket = new WebSocket(`ws://${location.host}/kernel?${token}`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => opened(socket);
    socket.onclose = () => opened(undefined);
  });
}

find("stop").onclick = () => stop();
for (;;) {
  const socket = await connect();
  if (socket) {
    show("loading", "Python is starting");
    await kernel(socket);
  }
  stop = () => {};
  show("away", "The box is closed, or open in another tab");
  await new Promise((later) => setTimeout(later, RETRY));
}
