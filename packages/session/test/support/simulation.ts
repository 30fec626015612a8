import { hash } from 'node:crypto';
import { type Digests, digestsFrom } from '@atp-router/wire';
import { drawPlan, type HistoryResult, playPlan, sessionMachines, type WorldOptions } from '../../src/testing/index.ts';

const digests: Digests = digestsFrom((bytes) => hash('sha256', bytes, 'buffer'));
const make = sessionMachines(digests);

/** The real sessions, or with a fault between them and their shells. */
export function simulation(wrap?: WorldOptions['wrap']): WorldOptions {
  return { make, digests, ...(wrap && { wrap }) };
}

export function playSeed(seed: number, wrap?: WorldOptions['wrap']): HistoryResult {
  return playPlan(drawPlan(seed), simulation(wrap));
}
