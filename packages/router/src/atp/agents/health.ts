/** States of health in which an agent is given nothing; what other words mean is for people. */
export const UNWELL: ReadonlySet<string> = new Set(['degraded', 'down']);
