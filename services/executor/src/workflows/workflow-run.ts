import { dirname } from 'node:path';
import { type LogFields, type WorkflowContext, type WorkflowLog, type WorkflowSecrets } from '@millrace/sdk';
import { type OutputStream, type StopReason } from '../attempts/execution.ts';
import { type FromHost, type StartWorkflow } from './host-protocol.ts';
import { encodeResult } from './workflow-result.ts';

/** One run inside a host. Once it is over, what its handler still does goes nowhere. */
export interface WorkflowRun {
  readonly id: string;
  /** Where its bundle lies. */
  readonly folder: string;
  readonly context: WorkflowContext<unknown>;
  readonly write: (stream: OutputStream, text: string) => void;
  readonly abort: (reason: StopReason) => void;
  /** True the first time only. */
  readonly end: () => boolean;
}

const REASONS = {
  cancelled: { name: 'CancelledError', message: 'the run was cancelled' },
  timed_out: { name: 'TimeoutError', message: 'the run took longer than its timeout' },
} as const;

const abortError = (reason: StopReason): Error => {
  const { name, message } = REASONS[reason];
  return Object.assign(new Error(message), { name });
};

const fieldsText = (fields: LogFields | undefined): string => {
  if (fields === undefined) return '';
  try {
    return ` ${JSON.stringify(fields)}`;
  } catch {
    return ' [fields are no JSON]';
  }
};

const makeLog = (write: WorkflowRun['write']): WorkflowLog => {
  const at =
    (level: string) =>
    (message: string, fields?: LogFields): void =>
      write('log', `${level} ${message}${fieldsText(fields)}\n`);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
};

const makeSecrets = (values: StartWorkflow['secrets']): WorkflowSecrets => {
  const all = (name: string): readonly [string, ...string[]] => {
    const [newest, ...older] = Object.hasOwn(values, name) ? (values[name] ?? []) : [];
    if (newest !== undefined) return [newest, ...older];
    throw new Error(`the workflow does not declare the secret ${name}: add it to secrets in its definition`);
  };
  return { get: (name) => all(name)[0], all };
};

export const makeWorkflowRun = (
  { id, file, run, input, env, trigger, cloudEvent, secrets }: StartWorkflow,
  send: (message: FromHost) => void,
): WorkflowRun => {
  const controller = new AbortController();
  let open = true;
  let responded = false;
  const write = (stream: OutputStream, text: string): void => {
    if (open) send({ type: 'output', id, stream, text });
  };
  const progress = (percent: number, message?: string): void => {
    if (!open || Number.isNaN(percent)) return;
    const bounded = Math.min(100, Math.max(0, percent));
    send({ type: 'progress', id, percent: bounded, ...(message === undefined ? {} : { message }) });
  };
  const respond = (value: unknown): void => {
    if (!open || responded) return;
    const response = value === undefined ? null : value;
    const encoded = encodeResult(response);
    if ('error' in encoded) throw new Error(encoded.error.message);
    responded = true;
    send({ type: 'responded', id, response });
  };
  return {
    id,
    folder: dirname(file),
    context: {
      input,
      run,
      env,
      trigger,
      cloudEvent,
      respond,
      secrets: makeSecrets(secrets),
      log: makeLog(write),
      progress,
      signal: controller.signal,
    },
    write,
    abort: (reason) => controller.abort(abortError(reason)),
    end: () => {
      const first = open;
      open = false;
      return first;
    },
  };
};
