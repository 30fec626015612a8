/** Quality over cost, as a share of what the best single model costs. */
export type CurvePoint = readonly [cost: number, right: number];

/** The upper hull, from no cost on: what mixing any two of the points at random can reach (Andrew 1979). It never falls. */
export function upperHull(points: readonly CurvePoint[]): readonly CurvePoint[] {
  const sorted = [[0, 0] as const, ...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const hull: CurvePoint[] = [];
  for (const point of sorted) {
    if (point[1] < (hull.at(-1)?.[1] ?? 0)) continue;
    for (let a = hull.at(-2), b = hull.at(-1); a !== undefined && b !== undefined; a = hull.at(-2), b = hull.at(-1)) {
      if ((b[1] - a[1]) * (point[0] - a[0]) > (point[1] - a[1]) * (b[0] - a[0])) break;
      hull.pop();
    }
    hull.push(point);
  }
  return hull;
}

/** How high a hull is at a cost; behind its end as high as there. */
export function heightAt(hull: readonly CurvePoint[], cost: number): number {
  for (let i = 1; i < hull.length; i += 1) {
    const [[x0, y0], [x1, y1]] = [hull[i - 1], hull[i]] as [CurvePoint, CurvePoint];
    if (cost < x1) return y0 + ((y1 - y0) * Math.max(0, cost - x0)) / (x1 - x0);
  }
  return hull.at(-1)?.[1] ?? 0;
}

/** Under a hull, from no cost to that of the best single model. */
export function areaUnder(hull: readonly CurvePoint[]): number {
  const inside = hull.filter(([cost]) => cost < 1);
  return areaOf([...inside, [1, heightAt(hull, 1)]]);
}

/** Under straight lines from point to point (trapezoids). */
export function areaOf(points: readonly CurvePoint[]): number {
  let area = 0;
  for (let i = 1; i < points.length; i += 1) {
    const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]] as [CurvePoint, CurvePoint];
    area += ((x1 - x0) * (y0 + y1)) / 2;
  }
  return area;
}
