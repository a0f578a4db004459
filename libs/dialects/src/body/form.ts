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

interface Values<Value> {
  readonly first: Value;
  readonly others: Value[];
  isList: boolean;
}

/**
 * Pairs as an object. A name that comes several times, or is written `name[]`, becomes a list under its name.
 *
 * The object has no prototype: a parameter called `__proto__` is a member like any other.
 */
export const pairsWithLists = <Value = string>(
  pairs: readonly (readonly [name: string, value: Value])[],
): Readonly<Record<string, Value | readonly Value[]>> => {
  const lists = new Map<string, Values<Value>>();
  for (const [written, value] of pairs) {
    const name = written.endsWith('[]') ? written.slice(0, -2) : written;
    const known = lists.get(name);
    if (known === undefined) lists.set(name, { first: value, others: [], isList: name !== written });
    else {
      known.others.push(value);
      known.isList = true;
    }
  }
  const members = Object.create(null) as Record<string, Value | readonly Value[]>;
  for (const [name, { first, others, isList }] of lists) members[name] = isList ? [first, ...others] : first;
  return members;
};
