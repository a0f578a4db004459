import { type BoundTrigger, type Credentials, type Dialect } from '@millrace/dialects';
import { type Inbound } from './inbound.ts';

/** A request at an address where triggers are, whatever becomes of it. */
export interface Sighting {
  readonly dialect: Dialect;
  readonly inbound: Inbound;
  /** At least one. */
  readonly candidates: readonly BoundTrigger[];
  readonly credentials: Credentials;
}
