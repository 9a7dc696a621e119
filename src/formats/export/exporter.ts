/**
 * @file What an exporter is: one that writes a network for where it will run. One exporter is one file and one
 * line in registry.ts.
 */

import type { AnyCertificateData, Samples } from "../../certificate/index.ts";
import type { AnyNetwork } from "../../network/network.ts";

/** `fast`: as sparse as the network is, wherever the target can be. `dense`: every layer a full matrix. */
export type ExportForm = "fast" | "dense";

/** What the network's inputs were standardised by: (x − mean) / deviation. */
export interface InputScaling {
  /** [1] shared by all inputs, or [inputs]; images channel by channel, each row by row */
  readonly mean: Float32Array;
  /** likewise; never 0 */
  readonly deviation: Float32Array;
}

/** An option that an exporter has beyond those that all share; a flag of `sao export` is made from it. */
export interface ExporterOption {
  /** camelCase and unique among all exporters, e.g. `"int8"`; the flag is `--int8`. */
  readonly name: string;
  /** What the flag takes, e.g. `"BITS"`; absent: the flag is a switch. */
  readonly value?: string;
  /** One line for the help, without the exporter's name. */
  readonly description: string;
}

/** What an exporter is told beside the network. */
export interface ExportRequest {
  /** Of this very network. */
  readonly certificate: AnyCertificateData;
  /** One of the exporter's `forms`. */
  readonly form: ExportForm;
  /** The file, or where the exporter writes several, the folder. */
  readonly out: string;
  /** Where the network came from, for comments in what is written, e.g. `"best.safetensors"`; never a whole path. */
  readonly source: string;
  /** Given: what is written takes raw inputs and standardises them itself. Absent: it takes standardised ones. */
  readonly scaling?: InputScaling;
  /** Standardised inputs, for exporters that ask for some; absent where there is no dataset. */
  readonly samples?: Samples;
  /** The exporter's own options that were given: text as typed, `true` for a switch. */
  readonly options: Readonly<Record<string, string | true>>;
}

/** A file as it now lies on the disk. */
export interface ExportedFile {
  readonly path: string;
  readonly bytes: number;
}

/** What was written. */
export interface ExportResult {
  readonly files: readonly ExportedFile[];
  /** What the same network in the same format takes with every layer dense, in bytes; exact or nearly so. */
  readonly denseBytes: number;
  /** What the user should know of this file, one line each: versions, what was done differently and why. */
  readonly notes: readonly string[];
  /** What the user should worry about, one line each. */
  readonly warnings: readonly string[];
}

/** Writes networks in one format. */
export interface Exporter {
  /** As in `--to NAME`. */
  readonly name: string;
  /** One line for the help. */
  readonly summary: string;
  /** Ending of the file, e.g. `".onnx"`; `""` where a folder is written. */
  readonly extension: string;
  /** The forms it knows, the usual one first. */
  readonly forms: readonly ExportForm[];
  readonly options: readonly ExporterOption[];
  /** How many samples it would like in `request.samples`; 0 for none. */
  readonly wantedSamples: number;
  /** It writes numbers and no operations, so that nothing in it can standardise inputs; `scaling` is never given. */
  readonly numbersOnly?: true;
  /**
   * Writes `network`, each file atomically. Everything that can be refused is refused before the first is written.
   *
   * @throws {ArgumentError} a network or an option that the format cannot have; {FileError}
   */
  export(network: AnyNetwork, request: ExportRequest): Promise<ExportResult>;
}
