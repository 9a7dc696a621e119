/**
 * @file Headless Chromium as a place to run our tasks in: a cross-origin isolated page, so that threads can share
 * memory, served from this machine, with a worker that holds the engine, bundled by Vite.
 */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../temporary-folder.mjs";
import { tasksOf } from "./node.mjs";

const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const PAGE = `<!doctype html><title>bench</title><script type="module">
const start = (worker) => {
  const waiting = new Map();
  let sent = 0;
  worker.onmessage = ({ data: { id, answer } }) => { waiting.get(id)(answer); waiting.delete(id); };
  return (request) => new Promise((resolve) => {
    waiting.set(++sent, resolve);
    worker.postMessage({ id: sent, request });
  });
};
window.workers = {
  ours: start(new Worker("/worker.js", { type: "module" })),
  tensorflow: start(new Worker("/tensorflow-worker.js")),
};
</script>`;
const bench = new URL("../", import.meta.url);
/** Where files that are not bundled come from. */
const FILES = {
  "/tensorflow-worker.js": "platform/tensorflow-worker.js",
  "/tensorflow-network.mjs": "peers/tensorflow-network.mjs",
  "/tensorflow/tf-core.min.js": "node_modules/@tensorflow/tfjs-core/dist/tf-core.min.js",
  "/tensorflow/tf-layers.min.js": "node_modules/@tensorflow/tfjs-layers/dist/tf-layers.min.js",
};
const TENSORFLOW_WASM = "node_modules/@tensorflow/tfjs-backend-wasm/dist/";
const TYPES = { wasm: "application/wasm", html: "text/html", js: "text/javascript", mjs: "text/javascript" };

/** Starts the browser at `path`; `{ absent: reason }` where there is none, or none of what it takes. */
export async function startChromium(path) {
  if (!existsSync(path)) return { absent: `there is no ${path}` };
  let tools;
  try {
    tools = { ...(await import("playwright-core")), ...(await import("vite")) };
  } catch ({ message }) {
    return { absent: message };
  }
  const folder = await temporaryFolder();
  let server;
  let browser;
  const stop = async () => {
    await browser?.close();
    server?.close();
    folder.remove();
  };
  try {
    await bundle(tools.build, folder.path);
    server = await serveFolder(folder.path);
    browser = await tools.chromium.launch({
      executablePath: path,
      // Ctrl-C is ours to answer (run.mjs).
      ...{ handleSIGINT: false, handleSIGTERM: false },
      args: ["--no-sandbox", "--disable-background-networking"],
    });
    return await openPage(browser, server, stop);
  } catch ({ message }) {
    await stop();
    return { absent: message };
  }
}

/** The page with our workers, as a place to run tasks in. */
async function openPage(browser, server, stop) {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const asking = (worker) => async (request) => {
    const answer = await page.evaluate(([name, what]) => window.workers[name](what), [worker, request]);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  };
  const ask = asking("ours");
  return {
    greeting: { ...(await ask({ do: "greet" })), version: browser.version() },
    ask,
    /** Of TensorFlow.js's worker (tensorflow-worker.js); absent where it is not installed. */
    ...(existsSync(new URL(TENSORFLOW_WASM, bench)) && { askTensorFlow: asking("tensorflow") }),
    ...tasksOf(ask),
    stop,
  };
}

function bundle(build, folder) {
  return build({
    configFile: false,
    logLevel: "error",
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: "esnext",
      lib: {
        entry: fileURLToPath(new URL("page-worker.mjs", import.meta.url)),
        formats: ["es"],
        fileName: () => "worker.js",
      },
    },
  });
}

async function serveFolder(folder) {
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    try {
      const body = pathname === "/" ? PAGE : await readFile(fileOf(pathname, folder));
      const type = TYPES[pathname === "/" ? "html" : pathname.split(".").at(-1)];
      response.writeHead(200, { ...HEADERS, "Content-Type": type }).end(body);
    } catch {
      response.writeHead(404, HEADERS).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function fileOf(pathname, folder) {
  if (pathname in FILES) return new URL(FILES[pathname], bench);
  if (pathname.startsWith("/tensorflow/")) return new URL(TENSORFLOW_WASM + basename(pathname), bench);
  return join(folder, basename(pathname));
}
