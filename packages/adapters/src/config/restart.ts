import { type SchemaNode, schemaTree } from './json-schema.ts';
import type { Path } from './problem.ts';
import { formatPath } from './problem.ts';
import { valueAt } from './shape.ts';
import type { Config } from './types.ts';

/** Keys that are read at start only and differ from what the process was started with, for example `listen.port`. */
export function restartNeeded(started: Config, after: Config): string[] {
  return startPaths(schemaTree(), [])
    .filter((path) => JSON.stringify(valueAt(started, path)) !== JSON.stringify(valueAt(after, path)))
    .map(formatPath);
}

function startPaths(node: SchemaNode, path: Path): Path[] {
  const own = node.restart === true ? [path] : [];
  return [
    ...own,
    ...Object.entries(node.properties ?? {}).flatMap(([key, child]) => startPaths(child, [...path, key])),
  ];
}
