import { type Dialect, type DialectRoute } from '@millrace/dialects';

const fits = ({ url }: DialectRoute, segments: readonly string[]): boolean => {
  const wanted = url.split('/');
  const rest = wanted.indexOf('*');
  const named = rest === -1 ? wanted : wanted.slice(0, rest);
  if (rest === -1 ? segments.length !== wanted.length : segments.length <= rest) return false;
  return named.every((segment, index) => segment.startsWith(':') || segment === segments[index]);
};

/**
 * How errors look at an address that the HTTP framework refused before it looked for a route, by the routes of the main listener that it
 * would be of. `undefined`: of no dialect.
 *
 * @param path As written: neither decoded nor normalised.
 */
export const formOfPath = (dialects: readonly Dialect[], path: string): Dialect['renderError'] | undefined => {
  const segments = path.split('/');
  for (const { routes, renderError } of dialects) {
    const route = routes.find((one) => one.listener === undefined && fits(one, segments));
    if (route !== undefined) return route.renderError ?? renderError;
  }
  return undefined;
};
