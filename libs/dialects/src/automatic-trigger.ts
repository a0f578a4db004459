import { type Trigger } from '@millrace/contracts';
import { type BoundTrigger, type WorkflowInService } from './trigger-directory.ts';

const made = new WeakMap<object, Map<string, BoundTrigger>>();

/** The trigger that every workflow has in a dialect, without declaring it: for tokens, by these methods. Made once per version. */
export const automaticTrigger = (
  dialect: string,
  workflow: WorkflowInService,
  rules: Pick<Trigger, 'methods' | 'mode'>,
): BoundTrigger => {
  let ofVersion = made.get(workflow.version);
  if (ofVersion === undefined) made.set(workflow.version, (ofVersion = new Map<string, BoundTrigger>()));
  const key = `${dialect} ${rules.mode} ${rules.methods.join()} ${workflow.workflow}`;
  let bound = ofVersion.get(key);
  if (bound === undefined) {
    const trigger: Trigger = { id: dialect, dialect, address: {}, auth: 'token', enabled: true, ...rules };
    ofVersion.set(key, (bound = { ...workflow, trigger }));
  }
  return bound;
};
