/**
 * @file A network to be: its layers in order, without the images they take and without weights. Builders of
 * convolutional networks write these down; assemble.ts makes networks of them.
 */

import type {
  Activation,
  AddLayer,
  AveragePoolLayer,
  BatchNormLayer,
  FlattenLayer,
  MaxMinLayer,
  PadLayer,
  SpaceToDepthLayer,
} from "./network.ts";

/** A convolution; its kernels are what the recipe says. */
export interface ConvolutionBlueprint {
  readonly kind: "convolution";
  readonly name: string;
  /** It gives. */
  readonly channels: number;
  /** Default the recipe's. */
  readonly kernelSize?: number;
  /** Default 1. */
  readonly stride?: number;
  readonly activation: Activation;
  /** Whether it gives way where its channels are oblong. Default false: it meets the request. */
  readonly atEnd?: boolean;
}

/** The last layer, linear. */
export interface HeadBlueprint {
  readonly kind: "head";
  readonly name: string;
  readonly outputs: number;
}

/** The mean of every channel. */
export interface GlobalPoolBlueprint {
  readonly kind: "globalPool";
  readonly name: string;
}

/** A layer that is known once the image it takes is. */
export type PlainBlueprint =
  | Omit<AveragePoolLayer, "input">
  | Omit<FlattenLayer, "input">
  | Omit<SpaceToDepthLayer, "input">
  | Omit<PadLayer, "input">
  | Omit<MaxMinLayer, "input">
  | Omit<AddLayer, "input">;

/** Batch normalization that changes nothing yet. */
export type BatchNormBlueprint = Pick<BatchNormLayer, "kind" | "name" | "activation">;

export type Blueprint =
  | ConvolutionBlueprint
  | HeadBlueprint
  | GlobalPoolBlueprint
  | BatchNormBlueprint
  | PlainBlueprint;

/** How most networks end: the mean of every channel, and a linear layer. */
export function averagingHead(outputs: number): Blueprint[] {
  return [
    { kind: "globalPool", name: "pool" },
    { kind: "flatten", name: "flatten" },
    { kind: "head", name: "head", outputs },
  ];
}
