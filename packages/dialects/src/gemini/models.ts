/** What differs between model generations and can only be told by the name. */
export interface ModelTraits {
  /** Steered by `thinkingLevel`, and function calls in the history have to carry a thought signature. */
  readonly thinks_by_level: boolean;
  /** The Pro models cannot stop thinking, and know no `minimal`. */
  readonly always_thinks: boolean;
  /** Largest thinking budget of the models that take one. */
  readonly budget_max: number;
}

/**
 * Names are open-ended, so unknown Gemini names (aliases, later generations) are taken to behave like the newest known
 * ones, and names of other families (Gemma) like the oldest.
 */
export function traitsOf(model: string): ModelTraits {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  const is_old = !name.startsWith('gemini-') || /^gemini-(?:1|2)(?:[.-]|$)/.test(name);
  const is_pro = /(?:^|-)pro(?:-|$)/.test(name);
  return { thinks_by_level: !is_old, always_thinks: is_pro, budget_max: is_pro ? 32_768 : 24_576 };
}
