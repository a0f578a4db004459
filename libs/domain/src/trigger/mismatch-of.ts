import { type Trigger, type TriggerState } from '@millrace/contracts';
import { type Network, parseNetwork } from '../outbound/network.ts';
import { isWithin } from './caller-address.ts';

/** What is known of a request before its body is read. */
export interface Approach {
  /** Upper case. */
  readonly method: string;
  /** Address of the caller, behind trusted proxies. */
  readonly from: string;
  /** As `triggerStateOf` says. */
  readonly state: TriggerState['state'];
}

/** What about a trigger keeps a request out. */
export type Mismatch = 'address' | 'method' | 'stopped' | 'disabled';

/** Parsed once: the list belongs to a version, which never changes. */
const networksOf = new WeakMap<readonly string[], readonly Network[]>();

/** Whether the trigger may be called from an address: any, where it has no list. */
export const mayCallFrom = ({ allowFrom }: Pick<Trigger, 'allowFrom'>, from: string): boolean => {
  if (allowFrom === undefined) return true;
  let networks = networksOf.get(allowFrom);
  if (networks === undefined) networksOf.set(allowFrom, (networks = allowFrom.map(parseNetwork)));
  return isWithin(networks, from);
};

/** Why a trigger does not take a request, judged before its body is read: the first reason, in the order in which callers are told. */
export const mismatchOf = (trigger: Trigger, { method, from, state }: Approach): Mismatch | undefined => {
  if (!mayCallFrom(trigger, from)) return 'address';
  if (!trigger.methods.includes(method)) return 'method';
  return state === 'enabled' ? undefined : state;
};
