import { tooMany } from '@millrace/kernel';
import { type Pair } from '../inbound-request.ts';

/** Fields of a form: more are answered 400. */
export const FORM_FIELDS_MAX = 10_000;

const checkFields = (text: string): void => {
  let fields = 1;
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1)) {
    fields += 1;
    if (fields > FORM_FIELDS_MAX) throw tooMany(FORM_FIELDS_MAX, 'fields');
  }
};

/**
 * Pairs of a form-encoded text, in its order. They are counted before anything is made of them.
 *
 * @throws AppError `invalid` `body.too_many_members`.
 */
export const formPairs = (text: string): readonly Pair[] => {
  checkFields(text);
  return [...new URLSearchParams(text)];
};

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
