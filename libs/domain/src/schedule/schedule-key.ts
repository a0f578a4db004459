/** One declared schedule. */
export interface ScheduleName {
  readonly workspace: string;
  readonly workflow: string;
  /** Id of the trigger. */
  readonly trigger: string;
}

/** A dot is in no path and in no id. */
export const scheduleKey = ({ workspace, workflow, trigger }: ScheduleName): string =>
  `${workspace}/${workflow}.${trigger}`;
