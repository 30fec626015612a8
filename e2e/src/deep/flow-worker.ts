import { drawPlan, playPlan, reportOf, tallyOf } from '@atp-router/flow/testing';
import { playAll } from './histories.ts';

playAll({ play: (seed) => playPlan(drawPlan(seed)), tally: tallyOf(), reportOf });
