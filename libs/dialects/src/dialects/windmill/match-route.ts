/** Paths of custom routes: `orders/:id`, `files/*`. */
import { type BoundTrigger } from '../../trigger-directory.ts';

/** What the variable parts of a path are, by their names; a wildcard without a name is `*`. */
export type RouteParameters = Readonly<Record<string, string>>;

const segmentsOf = (path: string): readonly string[] => path.replace(/^\/+|\/+$/g, '').split('/');

const isWildcard = (segment: string): boolean => segment.startsWith('*');
const isParameter = (segment: string): boolean => segment.startsWith(':');

/** The name of a variable segment. */
const nameOf = (segment: string): string => (segment === '*' ? '*' : segment.slice(1));

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

/** The parameters of a path that fits a pattern; `undefined` when it does not. */
export const matchRoute = (pattern: string, path: string): RouteParameters | undefined => {
  const wanted = segmentsOf(pattern);
  const given = segmentsOf(path);
  const found: [string, string][] = [];
  for (const [index, segment] of wanted.entries()) {
    if (isWildcard(segment)) {
      const rest = given.slice(index);
      if (rest.length === 0) return undefined;
      return Object.fromEntries([...found, [nameOf(segment), rest.map(decode).join('/')]]);
    }
    const text = given[index];
    if (text === undefined || text === '') return undefined;
    if (isParameter(segment)) found.push([nameOf(segment), decode(text)]);
    else if (segment !== decode(text)) return undefined;
  }
  return given.length === wanted.length ? Object.fromEntries(found) : undefined;
};

/** Of each segment: a text is nearer than a parameter, and that than a wildcard. */
const rankOf = (pattern: string): string =>
  segmentsOf(pattern)
    .map((segment) => (isWildcard(segment) ? '2' : isParameter(segment) ? '1' : '0'))
    .join('');

/** Two patterns that the same paths fit equally well. */
export const shapeOf = (pattern: string): string =>
  segmentsOf(pattern)
    .map((segment) => (isWildcard(segment) ? '*' : isParameter(segment) ? ':' : segment))
    .join('/');

const SEGMENT = /^(?:[A-Za-z0-9._~-]+|:[A-Za-z_]\w*|\*\w*)$/;

/** What is wrong with a pattern. */
export const routeComplaints = (pattern: string): readonly string[] => {
  const segments = segmentsOf(pattern);
  const names = segments.filter((segment) => isParameter(segment) || isWildcard(segment)).map(nameOf);
  return [
    ...segments
      .filter((segment) => !SEGMENT.test(segment))
      .map((segment) => `route: "${segment}" is no segment of a path`),
    ...(segments.slice(0, -1).some(isWildcard) ? ['route: a wildcard must be the last segment'] : []),
    ...(new Set(names).size < names.length ? ['route: two parameters have the same name'] : []),
  ];
};

/** The triggers whose pattern fits a path best. */
export const bestMatches = (
  declared: readonly BoundTrigger[],
  patternOf: (bound: BoundTrigger) => string,
  path: string,
): readonly BoundTrigger[] => {
  const fitting = declared
    .map((bound) => ({ bound, pattern: patternOf(bound) }))
    .filter(({ pattern }) => matchRoute(pattern, path) !== undefined)
    .map(({ bound, pattern }) => ({ bound, rank: rankOf(pattern) }));
  const best = fitting.reduce<string | undefined>(
    (least, { rank }) => (least === undefined || rank < least ? rank : least),
    undefined,
  );
  return fitting.filter(({ rank }) => rank === best).map(({ bound }) => bound);
};
