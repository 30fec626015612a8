import type { BeliefSettings } from './belief.ts';
import { BIAS, type Layout, SHOWN } from './layout.ts';

/** Right or wrong, around a chance in the middle. */
const NOISE = 0.2;
/** What the average model gets right of the average task, before anything is known. */
export const USUAL = 0.6;

/** A weight before anything is seen, and how far from it the truth may be. */
type Prior = readonly [mean: number, spread: number];

interface Priors {
  readonly bias: Prior;
  readonly topic: Prior;
  readonly style: Prior;
  readonly shown: Readonly<Record<keyof typeof SHOWN, Prior>>;
}

/** What is the same of all models: hard topics are hard for each, and two that agree are mostly right, whoever they are. */
const COMMON: Priors = {
  bias: [USUAL, 0.2],
  topic: [0, 0.15],
  style: [0, 0.05],
  shown: {
    length: [-0.05, 0.05],
    seconded: [0.15, 0.1],
    opposed: [-0.25, 0.1],
    others_agreed: [0.1, 0.1],
    others_differed: [-0.15, 0.1],
    others_length: [-0.03, 0.05],
    accord: [0.5, 0.3],
  },
};

const OWN_SHOWN = [0, 0.05] as const;
/** In what one model differs from that. */
const OWN: Priors = {
  bias: [0, 0.15],
  topic: [0, 0.07],
  style: [0, 0.03],
  shown: {
    length: OWN_SHOWN,
    seconded: OWN_SHOWN,
    opposed: OWN_SHOWN,
    others_agreed: OWN_SHOWN,
    others_differed: OWN_SHOWN,
    others_length: OWN_SHOWN,
    accord: OWN_SHOWN,
  },
};

function settingsOf(layout: Layout, { bias, topic, style, shown }: Priors): BeliefSettings {
  const means = new Float64Array(layout.dims);
  const spreads = new Float64Array(layout.dims);
  const set = (place: number, [mean, spread]: Prior): void => {
    means[place] = mean;
    spreads[place] = spread;
  };
  for (let place = 0; place < layout.shown; place += 1) set(place, place <= layout.topics ? topic : style);
  set(BIAS, bias);
  for (const [name, prior] of Object.entries(shown)) set(layout.shown + SHOWN[name as keyof typeof SHOWN], prior);
  return { means, spreads, noise: NOISE };
}

export function commonBelief(layout: Layout): BeliefSettings {
  return settingsOf(layout, COMMON);
}

/** Beside how much better than the average model it is expected to be. */
export function ownBelief(layout: Layout): BeliefSettings {
  return settingsOf(layout, OWN);
}

/** How often two models say the same: of the prompt, and of the length of the first answer; a long one is a sign that they do not. */
export function accordBelief(layout: Layout): BeliefSettings {
  const dims = layout.shown + 1;
  const { means, spreads, noise } = settingsOf(layout, { ...COMMON, bias: [ACCORD_USUAL, ACCORD_SPREAD] });
  return { means: means.slice(0, dims), spreads: spreads.slice(0, dims), noise };
}

export const ACCORD_USUAL = 0.55;
export const ACCORD_SPREAD = 0.2;
