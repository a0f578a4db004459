import { type BoundTrigger, type Dialect, type StartRoute } from '@millrace/dialects';
import { type Principal } from '../auth/access.ts';
import { type Inbound } from './inbound.ts';

/** Who may use which trigger, and why. */
export interface Admission {
  readonly bound: BoundTrigger;
  readonly principal: Principal;
  /** What showed that it may; `signature` is still to be shown once the body is there. */
  readonly verified: 'token' | 'key' | 'public' | 'signature';
}

/** A request that was let in by its address and its headers. */
export interface Entry extends Admission {
  readonly dialect: Dialect;
  readonly route: StartRoute;
  readonly inbound: Inbound;
}
