import { type Trigger, type WorkflowVersion } from '@millrace/contracts';

/** A trigger and the version that it starts. */
export interface BoundTrigger {
  readonly workspace: string;
  /** Path of the workflow. */
  readonly workflow: string;
  readonly version: WorkflowVersion;
  readonly trigger: Trigger;
}

/** A workflow that can be started. */
export type WorkflowInService = Omit<BoundTrigger, 'trigger'>;

/** What can be started, as a dialect asks for it. */
export interface TriggerDirectory {
  /**
   * A workflow by its path.
   *
   * @throws AppError `refused` `workflow.not_in_service` when no deploy of it has succeeded.
   */
  readonly workflow: (path: string) => WorkflowInService | undefined;
  /** Every workflow in service. */
  readonly workflows: () => readonly WorkflowInService[];
  /** Versions by a hash or the first 16 or more digits of it, whatever is in service now; one for each workflow that had it. */
  readonly versions: (hash: string) => readonly WorkflowInService[];
  /** The declared triggers of a dialect at one place, in the order of their declaration. */
  readonly at: (dialect: string, place: string) => readonly BoundTrigger[];
  /** All declared triggers of a dialect; the same list until something about them changes. */
  readonly declared: (dialect: string) => readonly BoundTrigger[];
}
