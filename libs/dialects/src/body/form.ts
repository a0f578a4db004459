import { type Pair } from '../inbound-request.ts';

/** Pairs of a form-encoded text, in its order. */
export const formPairs = (text: string): readonly Pair[] => [...new URLSearchParams(text)];

/**
 * Pairs as an object. A name that comes several times, or is written `name[]`, becomes a list under its name.
 *
 * The object has no prototype: a parameter called `__proto__` is a member like any other.
 */
export const pairsWithLists = (pairs: readonly Pair[]): Readonly<Record<string, string | readonly string[]>> => {
  const lists = new Map<string, { readonly values: string[]; isList: boolean }>();
  for (const [written, value] of pairs) {
    const name = written.endsWith('[]') ? written.slice(0, -2) : written;
    const known = lists.get(name);
    if (known === undefined) lists.set(name, { values: [value], isList: name !== written });
    else {
      known.values.push(value);
      known.isList = true;
    }
  }
  const members = Object.create(null) as Record<string, string | readonly string[]>;
  for (const [name, { values, isList }] of lists) members[name] = isList ? values : (values[0] ?? '');
  return members;
};
