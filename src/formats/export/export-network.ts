/**
 * @file Exporting as a library call: a network in, files for where it will run out.
 */

import { type AnyCertificateData, certify } from "../../certificate/index.ts";
import { ArgumentError } from "../../errors.ts";
import type { AnyNetwork } from "../../network/network.ts";
import type { Exporter, ExportForm, ExportRequest, ExportResult } from "./exporter.ts";
import { exporterOf } from "./registry.ts";

/** What to write, and how. */
export interface ExportOptions extends Partial<Omit<ExportRequest, "out" | "form">> {
  /** Name of an exporter, e.g. `"onnx"`. */
  readonly to: string;
  /** Default: the exporter's usual one, which is `fast` wherever there is such. */
  readonly form?: ExportForm;
  /** Default: one made here, which takes about a second for 1000 block layers, some for convolutions. */
  readonly certificate?: AnyCertificateData;
}

/**
 * Writes `network` at `out`: a file, or a folder where the format is several files. What is there is replaced.
 *
 * @throws {ArgumentError} `unknown-exporter`; `contradiction`: a form that the format does not have; what the exporter
 *   throws; {FileError}
 */
export function exportNetwork(
  network: AnyNetwork,
  out: string,
  options: ExportOptions,
): Promise<ExportResult> {
  const { to, form, certificate, source = "network", scaling, samples, options: own = {} } = options;
  const exporter = exporterOf(to);
  return exporter.export(network, {
    certificate: certificate ?? certify(network),
    form: formOf(exporter, form),
    out,
    source,
    scaling,
    samples,
    options: own,
  });
}

/** The form asked for, or the usual one. Throws ArgumentError for one that the exporter does not have. */
export function formOf({ name, forms }: Exporter, asked: ExportForm | undefined): ExportForm {
  const form = asked ?? forms[0];
  if (forms.includes(form)) return form;
  throw new ArgumentError("contradiction", `${name} has no ${form} form, only ${forms.join(", ")}`);
}
