// Python's thread in a tab: what it sends goes to the page, in pieces.

import { run } from "./python.js";

const PIECE = 1 << 20;
const tell = postMessage.bind(globalThis);

function send(bytes) {
  for (let start = 0; start < bytes.length; start += PIECE) {
    const { buffer } = bytes.slice(start, start + PIECE);
    tell(buffer, [buffer]);
  }
}

addEventListener("message", async ({ data: parts }) => {
  try {
    await run(parts, send);
    tell("Python has ended");
  } catch (error) {
    tell(String(error.message ?? error));
  }
});
