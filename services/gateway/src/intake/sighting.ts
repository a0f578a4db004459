import { type BoundTrigger, type Credentials, type Dialect } from '@millrace/dialects';
import { type Admission } from './entry.ts';
import { type Inbound } from './inbound.ts';

/** A request at an address where triggers are, whatever becomes of it. */
export interface Sighting {
  readonly dialect: Dialect;
  readonly inbound: Inbound;
  /** At least one. */
  readonly candidates: readonly BoundTrigger[];
  readonly credentials: Credentials;
  /** The one of them that the caller may use, and why; absent when there is none. */
  readonly admission?: Admission;
  /** True: none of them is enabled, which the caller is not told. */
  readonly isDisabled?: boolean;
  /** What showed who sent it, once the body was there: `signature:github`. */
  readonly verified?: string;
}
