import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { AppError, type Clock } from '@millrace/kernel';
import { DEFAULT_WORKSPACE, type TriggerState, TriggerSwitchedSchema, TriggerSwitchSchema } from '@millrace/contracts';
import { type Dialect, type TriggerDirectory } from '@millrace/dialects';
import { type TriggerStates } from '@millrace/eventlog';
import { type Logger } from '@millrace/runtime';
import { principalOf } from '../auth/require-access.ts';
import { NOT_FOUND, PROBLEMS } from './problem-responses.ts';

export interface TriggerSwitchDeps {
  readonly directory: TriggerDirectory;
  readonly dialects: readonly Dialect[];
  readonly triggerStates: Pick<TriggerStates, 'change'>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Wish {
  readonly workflow: string;
  readonly trigger: string;
  readonly reason?: string;
}

const checkExists = ({ workflow, trigger }: Wish, { directory, dialects }: TriggerSwitchDeps): void => {
  const service = directory.workflow(workflow);
  const { triggers = [], schedules = [] } = service?.version ?? {};
  const isDeclared = [...triggers, ...schedules].some(({ id }) => id === trigger);
  const isAutomatic = service !== undefined && dialects.some(({ name }) => name === trigger);
  if (isDeclared || isAutomatic) return;
  throw new AppError('not_found', 'trigger.not_found', `${workflow} has no trigger ${trigger}`);
};

/** `POST /triggers/enable`, `POST /triggers/disable`: in effect within a second, and kept over deploys and restarts. */
export const triggerSwitchRoutes: FastifyPluginAsyncTypebox<TriggerSwitchDeps> = async (app, deps) => {
  for (const [word, state] of [
    ['enable', 'enabled'],
    ['disable', 'disabled'],
  ] as const) {
    app.post(
      `/triggers/${word}`,
      {
        schema: {
          operationId: `${word}Trigger`,
          summary: word === 'enable' ? 'Let a trigger start runs, again' : 'Let a trigger start no more runs',
          tags: ['triggers'],
          body: TriggerSwitchSchema,
          response: { 200: TriggerSwitchedSchema, ...PROBLEMS, ...NOT_FOUND },
        },
        config: { access: 'admin' },
      },
      async (request) => {
        const { workflow, trigger, reason = `${state} by a person` } = request.body;
        checkExists(request.body, deps);
        const by = principalOf(request).id;
        const name = { workspace: DEFAULT_WORKSPACE, workflow, trigger };
        const at = new Date(deps.clock.now()).toISOString();
        const changed = await deps.triggerStates.change(name, (current): TriggerState => ({
          ...name,
          state,
          reason,
          at,
          by,
          // The end that stopped it before does not stop it again, however late somebody hears of it.
          ...(current?.run === undefined ? {} : { run: current.run }),
        }));
        deps.log.info(`trigger ${state}`, { workflow, trigger, by });
        return { workflow, trigger, state: changed.state, reason: changed.reason, at: changed.at };
      },
    );
  }
};
