/**
 * @file The form that stays sparse: layers with weights are the classes that isosparse/tfjs registers.
 */

import { type GraphForm, stockActivation } from "./graph.ts";
import { convolutionSpec, layerSpec, type Scaling, scalingSpec } from "./layer-spec.ts";

/** The form, for inputs that are raw if there is a scaling, else standardised. */
export function fastForm(scaling: Scaling | undefined): GraphForm {
  return {
    weighted(layer, name, input, to) {
      const { className, config, weights } =
        layer.kind === "linear" ? layerSpec(layer) : convolutionSpec(layer);
      return to.emit(className, { ...config }, [input], { weights, name });
    },
    activation: stockActivation,
    scaling(input, to) {
      if (scaling === undefined) return input;
      const { className, config } = scalingSpec(scaling);
      return to.emit(className, { ...config }, [input], { name: "scaling" });
    },
  };
}
