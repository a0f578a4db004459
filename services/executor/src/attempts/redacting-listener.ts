import { type ValueRedactor } from '@millrace/runtime';
import { type ExecutionListener, type Outcome, type OutputStream } from './execution.ts';

const redactOutcome = (outcome: Outcome, { text, json }: ValueRedactor): Outcome => {
  if (outcome.kind === 'lost') return { ...outcome, reason: text(outcome.reason) };
  const clean = 'output' in outcome ? { ...outcome, output: json(outcome.output) } : outcome;
  if (clean.kind === 'completed') return clean;
  const { code, message, stack } = clean.error;
  return {
    ...clean,
    error: { code, message: text(message), ...(stack === undefined ? {} : { stack: text(stack) }) },
  };
};

/** Hands on what an execution reports, without the secrets that its run may read. The end of a stream is the end of the run. */
export const makeRedactingListener = (listener: ExecutionListener, redactor: ValueRedactor): ExecutionListener => {
  const streams: Readonly<Record<OutputStream, ReturnType<ValueRedactor['stream']>>> = {
    stdout: redactor.stream(),
    stderr: redactor.stream(),
    log: redactor.stream(),
  };
  const passOn = (stream: OutputStream, text: string): void => {
    if (text !== '') listener.onOutput(stream, text);
  };
  return {
    onStarted: listener.onStarted,
    onOutput: (stream, text) => passOn(stream, streams[stream].push(text)),
    onProgress: (percent, message) =>
      listener.onProgress(percent, message === undefined ? undefined : redactor.text(message)),
    onResponded: (response) => listener.onResponded(redactor.json(response)),
    onEnded: (outcome) => {
      for (const stream of ['stdout', 'stderr', 'log'] as const) passOn(stream, streams[stream].end());
      listener.onEnded(redactOutcome(outcome, redactor));
    },
  };
};
