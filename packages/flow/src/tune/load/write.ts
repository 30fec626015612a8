import { LOAD_VERSION, type Load } from './format.ts';

/** A load as text; `readLoad` gives it back. */
export function writeLoad(load: Load): string {
  const { about, duration_ms, train_ms, start_ms, cycle_ms, goal, factors, fleet, profile, arrivals } = load;
  const times = { duration_ms, train_ms, start_ms, cycle_ms };
  const header = { atp_load: LOAD_VERSION, about, ...times, objective: goal, factors, fleet, profile };
  return [header, ...arrivals].map((line) => `${JSON.stringify(line)}\n`).join('');
}
