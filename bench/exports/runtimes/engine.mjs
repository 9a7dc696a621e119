/** @file The engine that trains, only predicting. */

import { createTrainer, sgd } from "../../../dist/index.js";

export async function open({ network, scaling, threads, batches }) {
  const trainers = new Map();
  for (const batchSize of batches) {
    const options = {
      loss: { kind: "meanSquaredError" },
      optimizer: sgd({ momentum: 0 }),
      batchSize,
      threads,
    };
    trainers.set(batchSize, await createTrainer(network, options));
  }
  const predict = (inputs, count) =>
    (trainers.get(count) ?? last(trainers)).predict({ count, inputs, ...scaling });
  const close = () => {
    for (const trainer of trainers.values()) trainer.dispose();
  };
  return { threads, kernels: last(trainers).kernels, forms: { fast: { predict } }, close };
}

function last(map) {
  return [...map.values()].at(-1);
}
