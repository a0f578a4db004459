import { type Trigger } from '@millrace/contracts';

/** A trigger and whose it is, as far as rules need to know. */
export interface OwnedTrigger {
  /** Path of the workflow that declares it. */
  readonly workflow: string;
  readonly trigger: Trigger;
}
