/** @file The places in which the section "platforms" runs its tasks: this Node, others, and a browser. */

import { basename } from "node:path";
import { cores } from "../machine.mjs";
import { publicReason } from "../peers/process.mjs";
import { startTensorFlow } from "../peers/tensorflow.mjs";
import { startChromium } from "./chromium.mjs";
import { startNode } from "./node.mjs";

/** This Node, the Nodes at `paths` and the browser, those that start. */
export async function startPlaces(paths, browser) {
  const places = [];
  const absent = [];
  const add = (name, place, describe, tensorflow) => {
    if (place.absent) absent.push({ name, reason: publicReason(place.absent) });
    else
      places.push({
        name: describe(place.greeting),
        usual: place.greeting.usualKernels,
        ...place,
        tensorflow,
      });
  };
  for (const path of [process.execPath, ...paths]) {
    const describe = (greeting) => `Node ${greeting.node}`;
    add(basename(path), await startNode(path), describe, () => tensorflowInNode(path));
  }
  const chromium = await startChromium(browser);
  add(
    "Chromium",
    chromium,
    ({ version }) => `Chromium ${version}`,
    () => tensorflowInPage(chromium),
  );
  return { places, absent };
}

async function tensorflowInNode(path) {
  const peer = await startTensorFlow(path);
  return peer.absent ? null : peer;
}

async function tensorflowInPage({ askTensorFlow: ask }) {
  if (ask === undefined) return null;
  return {
    ...(await ask({ do: "start", threads: cores })),
    build: async (network) => {
      await ask({ do: "build", name: "network", ...network });
      return { train: async (count) => (await ask({ do: "train", name: "network", count })).ms };
    },
  };
}
