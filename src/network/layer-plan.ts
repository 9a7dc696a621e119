/**
 * @file One layer of a network to be: its topology and weights from what was asked, and what gives way where
 * the data dictates the shape.
 */

import { InfeasibleError } from "../errors.ts";
import { kernelRequest } from "../init/convolution/kernel-topology.ts";
import { looksLinearKernels } from "../init/convolution/looks-linear-kernels.ts";
import type { Initializer } from "../init/initializer.ts";
import type { RandomStream } from "../math/random.ts";
import type { Arrangement } from "../topology/arrangement.ts";
import { type MirrorSides, mirror } from "../topology/mirror.ts";
import { buildTopology, nearestFeasible, topologyNeeds } from "../topology/registry.ts";
import { describeRequest, requestFor, type SparsityRequest, targetNonZeros } from "../topology/request.ts";
import type { LayerShape } from "../topology/shape.ts";
import type { Topology } from "../topology/topology.ts";
import { naming } from "./naming.ts";

/** What is asked of one layer. */
export interface LayerPlan {
  readonly name: string;
  /** Of units, or of the channels of a convolution. */
  readonly shape: LayerShape;
  /** What the request counts: weights and biases, or kernels alone. */
  readonly counts: "parameters" | "kernels";
  readonly topology: string;
  readonly arrangement?: Arrangement;
  readonly asked: SparsityRequest;
  /** First or last: where the data makes it oblong, the request gives way instead of failing. */
  readonly atEnd: boolean;
  /** Sides whose units come in looks-linear pairs. */
  readonly mirrored: MirrorSides;
  /** Weights [non-zeros], or [non-zeros, taps] of kernels. */
  readonly initializer: Initializer;
  readonly gain: number;
  /** This layer's topology and weights draw from streams of their own. */
  readonly random: { readonly topology: RandomStream; readonly weights: RandomStream };
}

/** Below this nothing mixes; on a looks-linear base it is half of what the layer has. */
const minimumDegree = 2;

/** Layers that do not agree after this many rounds of giving way never do. */
const mostRounds = 10;

/**
 * Throws InfeasibleError for the first layer that neither meets its request nor gives way. The message names the
 * layer, and the nearest request that all layers of the network can have.
 */
export function requireFeasible(plans: readonly LayerPlan[]): void {
  const strict = plans.filter((plan) => !givesWay(plan));
  const failing = strict.find((plan) => !meetsRequest(plan));
  if (failing === undefined) return;
  const { topology, mirrored } = failing;
  const twins = mirrored.rows || mirrored.columns;
  throw new InfeasibleError(
    "infeasible-layer",
    `${describePlan(failing)}: a ${twins ? "looks-linear " : ""}${topology} layer cannot have ` +
      `${describeRequest(failing.asked)}${advice(failing, strict)}`,
  );
}

/** What stands in the way, where no request would help, and what to ask for instead. */
function advice(failing: LayerPlan, strict: readonly LayerPlan[]): string {
  const sao = "use sao, which any shape can have";
  const nearest = nearestOnLayer(failing, connectionsAsked(failing));
  if (nearest === undefined) {
    const { rows, columns } = baseShape(failing);
    const whole = rows === failing.shape.rows && columns === failing.shape.columns;
    const size = whole ? "" : ` (built at ${rows} x ${columns}, then doubled)`;
    const needs = topologyNeeds(failing.topology);
    return needs === undefined ? `${size}; ${sao}` : `${size}, as ${needs}; ${sao}`;
  }
  const common = nearestOnAll(strict, nearest);
  if (common === undefined) return `, and the layers have no ${failing.topology} request in common; ${sao}`;
  return `; the nearest ${common === nearest ? "it" : "every layer"} can have is ${inWords(failing, common)}`;
}

/** From `start`, gives way to one layer after another until all agree; undefined when they never do. */
function nearestOnAll(plans: readonly LayerPlan[], start: SparsityRequest): SparsityRequest | undefined {
  let request = start;
  for (let round = 0; round < mostRounds; round++) {
    const before = request;
    for (const plan of plans) {
      const nearest = nearestOnLayer(plan, request);
      if (nearest === undefined) return undefined;
      request = nearest;
    }
    if (request === before) return request;
  }
  return undefined;
}

/**
 * The nearest request that a layer can meet, in the field that was asked for: `request` itself if it can;
 * undefined if the topology cannot have the shape.
 */
function nearestOnLayer(plan: LayerPlan, request: SparsityRequest): SparsityRequest | undefined {
  const { shape } = plan;
  const longer = Math.max(shape.rows, shape.columns);
  const bounded = (request.degree ?? 0) > longer ? { degree: longer } : request;
  const base = baseShape(plan);
  const onBase = rescale(shape, bounded, base);
  const nearest = nearestOrNone(plan.topology, base, onBase);
  if (nearest === onBase) return bounded;
  if (nearest === undefined || onBase === request) return nearest;
  const share = (shape.rows * shape.columns) / (base.rows * base.columns);
  // The base's weights are whole; their sparsity, times its size, may not be.
  const nonZeros = Math.round(targetNonZeros(base, nearest)) * share;
  if (request.degree === undefined) return requestFor(shape, nonZeros, request);
  return { degree: Math.ceil(nonZeros / Math.min(shape.rows, shape.columns)) };
}

/** Whether a layer's shape is the data's, so that it has what it can. */
function givesWay({ atEnd, shape, topology }: LayerPlan): boolean {
  return atEnd && shape.rows !== shape.columns && topology !== "dense";
}

/**
 * Topology and weights of a layer. A mirrored layer is built at half its size and doubled. Throws what
 * topology and initializer throw, with the layer's name in front; `requireFeasible` is to be called first.
 * `onProgress` is told which share of the layer is made.
 */
export function buildLayer(
  plan: LayerPlan,
  onProgress?: (share: number) => void,
): { topology: Topology; weights: Float32Array } {
  const base = baseTopology(plan);
  const weights = naming(describePlan(plan), () =>
    plan.initializer(base, { random: plan.random.weights, gain: plan.gain, onProgress }),
  );
  onProgress?.(1);
  const { mirrored } = plan;
  if (!mirrored.rows && !mirrored.columns) return { topology: base, weights };
  const topology = mirror(base, mirrored);
  return { topology, weights: looksLinearKernels(base, weights, topology, mirrored) };
}

function baseTopology(plan: LayerPlan): Topology {
  const base = baseShape(plan);
  const asked = connectionsAsked(plan);
  const request = rescale(plan.shape, asked, base);
  const options = { random: plan.random.topology, arrangement: plan.arrangement, minimumDegree };
  if (givesWay(plan) && !meetsRequest(plan)) {
    return buildTopology("sao", base, nearestFeasible(base, request, { minimumDegree }), options);
  }
  return naming(describePlan(plan), () => buildTopology(plan.topology, base, request, options));
}

/** The request in terms that `nearestFeasible` and topologies count as the plan does. */
function connectionsAsked({ asked, counts }: LayerPlan): SparsityRequest {
  return counts === "kernels" ? kernelRequest(asked) : asked;
}

/** The other way around. */
function inWords({ asked, counts, shape }: LayerPlan, request: SparsityRequest): string {
  if (counts === "parameters" || asked.compression === undefined) return describeRequest(request);
  const kernels = Math.round(targetNonZeros(shape, request));
  return describeRequest({ compression: (shape.rows * shape.columns) / kernels });
}

/** About how the time that its weights take compares with other layers': blocks are made in (shorter side)² · longer. */
export function makingWork(plan: LayerPlan): number {
  const { rows, columns } = baseShape(plan);
  const size = rows * columns;
  const density = Math.min(
    1,
    targetNonZeros(plan.shape, connectionsAsked(plan)) / (plan.shape.rows * plan.shape.columns),
  );
  return density ** 2 * size * Math.min(rows, columns);
}

function meetsRequest(plan: LayerPlan): boolean {
  const asked = connectionsAsked(plan);
  return nearestOnLayer(plan, asked) === asked;
}

/** What a layer is without twins. */
function baseShape({ shape, mirrored }: LayerPlan): LayerShape {
  return {
    rows: mirrored.rows ? shape.rows / 2 : shape.rows,
    columns: mirrored.columns ? shape.columns / 2 : shape.columns,
  };
}

function describePlan({ name, shape, counts }: LayerPlan): string {
  return `${name} (${shape.rows} x ${shape.columns}${counts === "kernels" ? " channels" : ""})`;
}

/** The nearest request the topology can meet, `request` itself if it can; undefined if it cannot have the shape. */
function nearestOrNone(
  topology: string,
  shape: LayerShape,
  request: SparsityRequest,
): SparsityRequest | undefined {
  try {
    return nearestFeasible(shape, request, { topology, minimumDegree });
  } catch (error) {
    if (error instanceof InfeasibleError) return undefined;
    throw error;
  }
}

/** The request that means the same density on a layer of another size, from 0 to dense. */
function rescale(from: LayerShape, request: SparsityRequest, to: LayerShape): SparsityRequest {
  const same = from.rows === to.rows && from.columns === to.columns;
  if (same || (request.degree === undefined && request.compression === undefined)) return request;
  const share = (to.rows * to.columns) / (from.rows * from.columns);
  const nonZeros = Math.max(0, targetNonZeros(from, request) * share);
  return requestFor(to, Math.min(nonZeros, to.rows * to.columns), request);
}
