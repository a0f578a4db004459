import { type Trigger } from '@millrace/contracts';
import { DECLARABLE } from './declarable-dialects.ts';

const KEYED = ['workflow_key', 'path_key'];

const keyNames = ({ auth, keys = [] }: Trigger): readonly string[] =>
  KEYED.includes(auth) ? keys.map((key) => ('sha256' in key ? `sha256 ${key.sha256}` : `secret ${key.secret}`)) : [];

/** Whether callers are told apart by what they present: both ask for keys, and for different ones. */
const areToldApart = (a: Trigger, b: Trigger): boolean => {
  const [ofA, ofB] = [keyNames(a), keyNames(b)];
  return ofA.length > 0 && ofB.length > 0 && !ofA.some((name) => ofB.includes(name));
};

const placeOf = ({ dialect, address }: Trigger, workflow: string): string | undefined =>
  DECLARABLE.get(dialect)?.placeOf(address, workflow);

const shareMethod = (a: Trigger, b: Trigger): boolean => a.methods.some((method) => b.methods.includes(method));

/**
 * Whether a request may be meant for either of two triggers, so that one of them would never be reached. Triggers that are not
 * enabled are no obstacle.
 *
 * @param workflows Paths of the workflows they belong to; by default the same.
 */
export const meets = (a: Trigger, b: Trigger, workflows: readonly [string, string] = ['', '']): boolean => {
  if (a.dialect !== b.dialect || !a.enabled || !b.enabled || !shareMethod(a, b) || areToldApart(a, b)) return false;
  return placeOf(a, workflows[0]) === placeOf(b, workflows[1]);
};
