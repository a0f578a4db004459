/** Lower-case `type/subtype` without parameters; empty for none. */
export const essenceOf = (contentType: string | undefined): string =>
  (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

/** `application/json`, `text/json` and everything that ends in `+json`. */
export const isJson = (contentType: string | undefined): boolean => {
  const essence = essenceOf(contentType);
  return essence === 'application/json' || essence === 'text/json' || essence.endsWith('+json');
};

interface Range {
  readonly range: string;
  readonly quality: number;
}

const rangeOf = (part: string): Range => {
  const [range = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
  const quality = parameters
    .map((parameter) => /^q=([01](?:\.\d{0,3})?)$/.exec(parameter)?.[1])
    .find((q) => q !== undefined);
  return { range, quality: quality === undefined ? 1 : Number(quality) };
};

const specificity = (range: string, type: string): number => {
  if (range === type) return 3;
  if (range === `${type.split('/', 1)[0] ?? ''}/*`) return 2;
  return range === '*/*' ? 1 : 0;
};

/**
 * How much a client wants a media type: 0 for not at all, up to 1. The most specific range decides; without a header everything is 1.
 *
 * @see RFC 9110 section 12.5.1
 */
export const acceptQuality = (accept: string | undefined, type: string): number => {
  if (accept === undefined || accept.trim() === '') return 1;
  const wanted = type.toLowerCase();
  const fitting = accept
    .split(',')
    .map(rangeOf)
    .map((range) => ({ ...range, rank: specificity(range.range, wanted) }))
    .filter(({ rank }) => rank > 0)
    .sort((one, other) => other.rank - one.rank);
  return fitting[0]?.quality ?? 0;
};

/**
 * Whether a client asks for a media type by its name: `*` does not ask for CloudEvents. Without a header nobody asks.
 */
export const accepts = (accept: string | undefined, type: string): boolean =>
  (accept ?? '')
    .split(',')
    .map(rangeOf)
    .some(({ range, quality }) => range === type.toLowerCase() && quality > 0);
