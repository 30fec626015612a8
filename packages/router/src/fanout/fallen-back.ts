import type { Reconciled } from '@atp-router/consensus';
import type { Choice } from '@atp-router/dialects';
import type { AtpError } from '@atp-router/kernel';
import type { LaneRun } from './lane-run.ts';

/** An answer of words alone. */
export function textOnly(text: string): Choice {
  return { parts: [{ type: 'text', text }], finish: 'stop' };
}

/** The words of a lane, with its calls of tools, where the result is one lane's; else the result's words. */
export function choiceOf({ lane, text }: Reconciled, lanes: ReadonlyMap<number, Pick<LaneRun, 'choice'>>): Choice {
  const choice = lane === undefined ? undefined : lanes.get(lane)?.choice;
  return choice !== undefined && choice.parts.length > 0 ? choice : textOnly(text);
}

/** The result where the policy's own chain has answered in place of its lanes. */
export function fallenBack(text: string, error: AtpError): Reconciled {
  const why = [error.message, 'the chain of the policy was asked, one at a time, and answered'];
  return { ...NOTHING_SHARED, text, why, uncertainties: ['nothing came of the fan-out'] };
}

const NOTHING_SHARED = { lane: undefined, findings: undefined, agreement: 0, confidence: 0, shares: [] };
