import { hash } from 'node:crypto';
import { drawPlan, playPlan, reportOf, sessionMachines, tallyOf } from '@atp-router/session/testing';
import { digestsFrom } from '@atp-router/wire';
import { playAll } from './histories.ts';

const digests = digestsFrom((bytes) => hash('sha256', bytes, 'buffer'));
const make = sessionMachines(digests);

playAll({ play: (seed) => playPlan(drawPlan(seed), { make, digests }), tally: tallyOf(), reportOf });
