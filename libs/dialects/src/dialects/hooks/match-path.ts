import { type BoundTrigger } from '../../trigger-directory.ts';

/** `/orders/:id`, `/files/*`: segments of which some are parameters; a trailing `*` takes the rest, which may be empty. */
interface Pattern {
  readonly segments: readonly string[];
  readonly takesRest: boolean;
}

export interface PathMatch {
  readonly triggers: readonly BoundTrigger[];
  /** Parameters of the path, decoded; the rest is `*`. */
  readonly params: Readonly<Record<string, string>>;
}

/** The segments of a path, without the slash before the first. */
const segmentsOf = (path: string): readonly string[] => path.split('/').slice(1);

const patternOf = (path: string): Pattern => {
  const segments = segmentsOf(path);
  const takesRest = segments.at(-1) === '*';
  return { segments: takesRest ? segments.slice(0, -1) : segments, takesRest };
};

const isParameter = (segment: string): boolean => segment.startsWith(':');

/** Where two patterns that differ only in the names of their parameters are the same. */
export const placeOfPath = (path: string): string =>
  segmentsOf(path)
    .map((segment) => (isParameter(segment) ? ':' : segment))
    .join('/');

/** What is more particular comes first: a text before a parameter, a parameter before the rest. */
const rankOf = ({ segments, takesRest }: Pattern): string =>
  segments.map((segment) => (isParameter(segment) ? '1' : '0')).join('') + (takesRest ? '3' : '');

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

const paramsOf = ({ segments, takesRest }: Pattern, path: readonly string[]): PathMatch['params'] | undefined => {
  if (takesRest ? path.length < segments.length : path.length !== segments.length) return undefined;
  const params: [string, string][] = [];
  for (const [index, segment] of segments.entries()) {
    const written = path[index] ?? '';
    if (isParameter(segment)) {
      if (written === '') return undefined;
      params.push([segment.slice(1), decoded(written)]);
    } else if (segment !== decoded(written)) return undefined;
  }
  if (takesRest) params.push(['*', path.slice(segments.length).map(decoded).join('/')]);
  return Object.fromEntries(params);
};

type Index = readonly { readonly pattern: Pattern; readonly triggers: readonly BoundTrigger[] }[];

const NO_PARAMS = {};

const makeIndex = (declared: readonly BoundTrigger[]) => {
  const byPlace = Map.groupBy(declared, ({ trigger }) => placeOfPath(String(trigger.address['path'])));
  const literal = new Map<string, readonly BoundTrigger[]>();
  const patterns: { pattern: Pattern; triggers: readonly BoundTrigger[] }[] = [];
  for (const triggers of byPlace.values()) {
    const path = String(triggers[0]?.trigger.address['path']);
    const pattern = patternOf(path);
    if (pattern.takesRest || pattern.segments.some(isParameter)) patterns.push({ pattern, triggers });
    else literal.set(path, triggers);
  }
  const sorted: Index = patterns.toSorted((a, b) => (rankOf(a.pattern) < rankOf(b.pattern) ? -1 : 1));
  return { literal, patterns: sorted };
};

/** By the list that the directory keeps: another list means that something changed. */
const indexes = new WeakMap<readonly BoundTrigger[], ReturnType<typeof makeIndex>>();

const indexOf = (declared: readonly BoundTrigger[]) => {
  let index = indexes.get(declared);
  if (index === undefined) indexes.set(declared, (index = makeIndex(declared)));
  return index;
};

/** The triggers at a path, as it is written: one without parameters first, then the most particular pattern. */
export const matchPath = (declared: readonly BoundTrigger[], path: string): PathMatch | undefined => {
  const { literal, patterns } = indexOf(declared);
  const triggers = literal.get(path);
  if (triggers !== undefined) return { triggers, params: NO_PARAMS };
  const segments = segmentsOf(path);
  for (const { pattern, triggers: matching } of patterns) {
    const params = paramsOf(pattern, segments);
    if (params !== undefined) return { triggers: matching, params };
  }
  return undefined;
};

/** Parameters of a path by the pattern of one trigger. */
export const pathParams = (pattern: string, path: string): PathMatch['params'] =>
  paramsOf(patternOf(pattern), segmentsOf(path)) ?? NO_PARAMS;
