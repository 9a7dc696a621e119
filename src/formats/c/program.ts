/**
 * @file A network of layers of any kind as the C file runs it: steps over one stretch of memory. Images lie there
 * pixel by pixel, the channels of a pixel side by side, so that a group's channels are neighbours; a linear layer is a
 * convolution of one pixel.
 */

import type { ImageShape } from "../../init/convolution/convolution.ts";
import { inputShape, networkInput, outputShape, sizeOf } from "../../network/layer-shape.ts";
import { type Activation, type AnyNetwork, activationOf, type Layer } from "../../network/network.ts";
import { placeValues } from "../../network/place-values.ts";

/** Operations as the C file calls them. */
export type Operation = "CONVOLVE" | "POOL" | "SEPARATE" | "TO_DEPTH" | "PAD" | "MAX_MIN" | "SCALE" | "ADD";

/** Stands for the place of what goes to the caller's array at once. */
export const OUTPUT = 0xffffffff;

/** One layer at work. */
export interface Step {
  readonly operation: Operation;
  readonly layer: Layer;
  readonly activation: Activation;
  /** Of the images that it takes, and gives; of an addition, that of the shortcut, and its own. */
  readonly taken: ImageShape;
  readonly given: ImageShape;
  /** Values, by number: 0 is the input, value i + 1 is what step i gives; `other` is an addition's shortcut. */
  readonly value: number;
  readonly other: number;
  /** Where they lie in memory; `to` may be OUTPUT. */
  readonly from: number;
  readonly to: number;
  readonly otherFrom: number;
}

/** Steps, and the memory they take. */
export interface Program {
  readonly steps: readonly Step[];
  /** Numbers in memory. */
  readonly memory: number;
  readonly input: ImageShape;
  /** What the last step gives, where it lies (perhaps OUTPUT), and which value it is. */
  readonly output: ImageShape;
  readonly outputAt: number;
  readonly inputAt: number;
}

const OPERATIONS: Readonly<Record<Layer["kind"], Operation>> = {
  linear: "CONVOLVE",
  convolution: "CONVOLVE",
  averagePool: "POOL",
  flatten: "SEPARATE",
  spaceToDepth: "TO_DEPTH",
  pad: "PAD",
  maxMin: "MAX_MIN",
  batchNorm: "SCALE",
  add: "ADD",
};

/** Operations whose output may take the place of their input. */
const IN_PLACE: readonly Operation[] = ["MAX_MIN", "SCALE", "ADD"];

type Draft = Omit<Step, "from" | "to" | "otherFrom">;

/** The program of a sound network. */
export function programOf(network: AnyNetwork): Program {
  const drafts = draftSteps(network);
  const input = networkInput(network);
  const last = drafts[drafts.length - 1];
  const output = last.given;
  const lastUses = drafts.map((_, i) => i + 1);
  lastUses.push(drafts.length);
  for (const [i, { value, other }] of drafts.entries()) {
    lastUses[value] = Math.max(lastUses[value], i);
    lastUses[other] = Math.max(lastUses[other], i);
  }
  const values = [input, ...drafts.map(({ given }) => given)].map((shape, v) => {
    const made = v - 1;
    const draft = drafts[made];
    const inPlace = draft && IN_PLACE.includes(draft.operation) && lastUses[draft.value] === made;
    return { size: sizeOf(shape), first: made, last: lastUses[v], over: inPlace ? draft.value : undefined };
  });
  const direct = last.operation === "CONVOLVE" && isVector(output);
  const { places, size } = placeValues(direct ? values.slice(0, -1) : values);
  const placeOf = (value: number) => places[value] ?? OUTPUT;
  return {
    steps: drafts.map((draft, i) => ({
      ...draft,
      from: placeOf(draft.value),
      to: placeOf(i + 1),
      otherFrom: placeOf(draft.other),
    })),
    memory: size,
    input,
    output,
    inputAt: placeOf(0),
    outputAt: placeOf(drafts.length),
  };
}

/** Channel by channel and pixel by pixel are the same. */
export function isVector({ channels, height, width }: ImageShape): boolean {
  return channels === 1 || height * width === 1;
}

function draftSteps({ layers }: AnyNetwork): Draft[] {
  const drafts: Draft[] = [];
  const valueNamed = new Map<string, number>();
  const shapeNamed = new Map<string, ImageShape>();
  for (const [i, layer] of layers.entries()) {
    const given = outputShape(layer);
    const value = drafts.length;
    // Nothing moves where there is one pixel or one channel; but a program has a step.
    const only = i === layers.length - 1 && drafts.length === 0;
    if (layer.kind !== "flatten" || !isVector(layer.input) || only) {
      const shortcut = layer.kind === "add" ? layer.from : undefined;
      drafts.push({
        operation: OPERATIONS[layer.kind],
        layer,
        activation: activationOf(layer),
        taken: shortcut === undefined ? inputShape(layer) : shapeNamed.get(shortcut)!,
        given,
        value,
        other: shortcut === undefined ? value : valueNamed.get(shortcut)!,
      });
    }
    valueNamed.set(layer.name, drafts.length);
    shapeNamed.set(layer.name, given);
  }
  return drafts;
}
