/** Points of all quality: a point is one prompt in a hundred. */
export const POINTS = 100;
