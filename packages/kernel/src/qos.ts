/** Service tiers, best first: `gold` > `silver` > `bronze` (ATP v1, frame field `qos`). */
export type Qos = 'gold' | 'silver' | 'bronze';

export const QOS_TIERS: readonly Qos[] = ['gold', 'silver', 'bronze'];

/** 0 for gold, 1 for silver, 2 for bronze: the scheduling order. */
export function qosRank(qos: Qos): 0 | 1 | 2 {
  return qos === 'gold' ? 0 : qos === 'silver' ? 1 : 2;
}

/** The tier a caller gets: what it asked for, but never better than `max`. */
export function capQos(wanted: Qos, max: Qos): Qos {
  return qosRank(wanted) < qosRank(max) ? max : wanted;
}

export function isQos(value: unknown): value is Qos {
  return value === 'gold' || value === 'silver' || value === 'bronze';
}
