import { lookup } from 'node:dns/promises';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Every address of a name; throws when there is none. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/**
 * Asks the system, which knows its hosts file too. Questions about one name share an answer while it is under way: the system answers few
 * at the same time, and a name that is slow must not take all of its attention.
 */
export const makeSystemResolve = (): Resolve => {
  const asking = new Map<string, Promise<readonly ResolvedAddress[]>>();
  return (hostname) => {
    const known = asking.get(hostname);
    if (known !== undefined) return known;
    const answer = lookup(hostname, { all: true, order: 'verbatim' }).finally(() => asking.delete(hostname));
    asking.set(hostname, answer);
    return answer;
  };
};
