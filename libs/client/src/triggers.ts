import { type ReadBody } from './read-body.ts';
import { type Send } from './send.ts';
import { type Trigger, type WorkflowTriggers } from './trigger-format.ts';

interface Abortable {
  readonly signal?: AbortSignal;
}

export interface TriggerSwitch extends Abortable {
  readonly workflow: string;
  /** Id of the trigger; a dialect for its automatic one. */
  readonly trigger: string;
  /** For those who read the list. */
  readonly reason?: string;
}

/** What was decided about a trigger. */
export interface TriggerSwitched {
  readonly workflow: string;
  readonly trigger: string;
  readonly state: 'stopped' | 'disabled' | 'enabled';
  readonly reason: string;
  readonly at: string;
}

export interface TriggersClient {
  /** Declared triggers, without their keys. */
  readonly list: (options?: Abortable) => Promise<readonly Trigger[]>;
  /** Those of one workflow, and calls that start it by every dialect. */
  readonly of: (workflow: string, options?: Abortable) => Promise<WorkflowTriggers>;
  /** Lets a trigger start runs again, also one that `stop_after` has stopped. */
  readonly enable: (which: TriggerSwitch) => Promise<TriggerSwitched>;
  /** Lets a trigger start no more runs, until it is enabled. */
  readonly disable: (which: TriggerSwitch) => Promise<TriggerSwitched>;
}

export const triggersOf = (send: Send, read: ReadBody): TriggersClient => {
  const change =
    (word: 'enable' | 'disable'): TriggersClient['enable'] =>
    ({ signal, ...body }) =>
      read(send({ method: 'POST', target: `/triggers/${word}`, body, isRepeatable: true, signal }), 'state');
  return {
    list: async ({ signal } = {}) => {
      const sent = send({ method: 'GET', target: '/triggers', isRepeatable: true, signal });
      return (await read<{ triggers: Trigger[] }>(sent, 'triggers')).triggers;
    },
    of: (workflow, { signal } = {}) => {
      const path = workflow.split('/').map(encodeURIComponent).join('/');
      return read(send({ method: 'GET', target: `/triggers/${path}`, isRepeatable: true, signal }), 'calls');
    },
    enable: change('enable'),
    disable: change('disable'),
  };
};
