import {
  type BoundTrigger,
  type Dialect,
  type InboundRequest,
  type MultipartBody,
  type StartRoute,
} from '@millrace/dialects';
import { type RunSealer } from '@millrace/secrets';
import { type Principal } from '../auth/access.ts';

/** Who may use which trigger, and why. */
export interface Admission {
  readonly bound: BoundTrigger;
  readonly principal: Principal;
  /** What showed that it may; `signature` is still to be shown once the body is there. */
  readonly verified: 'token' | 'key' | 'public' | 'signature' | 'redelivery';
  /** Which key of the trigger was shown: the digest that was declared, or the name of its secret. */
  readonly key?: string;
}

/** A request that was let in by its address and its headers. */
export interface Entry extends Admission {
  readonly dialect: Dialect;
  readonly route: StartRoute;
  /** Its parts are read once it is known who sent them. */
  readonly inbound: InboundRequest & {
    multipart: MultipartBody | undefined;
    /** Key of the run that the request asks for, where its files were sealed already. */
    sealer?: RunSealer | undefined;
  };
}
