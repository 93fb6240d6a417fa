// Python's thread under Deno: what it sends goes to standard output.

const { stdout } = Deno;
const tell = postMessage;

function send(bytes) {
  while (bytes.length) bytes = bytes.subarray(stdout.writeSync(bytes));
}

addEventListener("message", async ({ data: parts }) => {
  for (const name of ["Deno", "process", "Buffer", "global"]) delete globalThis[name];  // Pyodide isn't to see where it is
  try {
    const { run, snapshot } = await import(parts.python);
    if (parts.job === "snapshot") send(await snapshot(parts));
    else await run(parts, send);
    tell({ code: 0 });
  } catch (error) {
    tell({ code: error.status ?? 1, reason: String(error.message ?? error) });
  }
});
