/**
 * Entry point of a host: a warm process that imports bundles and runs many runs side by side. Every run has its own async
 * context, so that `console.*` and uncaught errors find the run they belong to. It decides nothing: time-outs, cancellation
 * and what becomes of a run whose host died are the executor's.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { isWorkflow, WORKFLOW, type Workflow } from '@millrace/sdk';
import { type StopReason } from '../attempts/execution.ts';
import { makeLineSender, makeLineSplitter } from '../lines.ts';
import { type FromHost, type StartWorkflow, type ToHost } from './host-protocol.ts';
import { makeWorkflowRun, type WorkflowRun } from './workflow-run.ts';
import { describeError, encodeResult } from './workflow-result.ts';

const EXECUTOR_FD = 3;
const channel = new Socket({ fd: EXECUTOR_FD, readable: true, writable: true });
const sendLine = makeLineSender((text) => channel.write(text));
const send = (message: FromHost): void => sendLine(message);
const current = new AsyncLocalStorage<WorkflowRun>();
const runs = new Map<string, WorkflowRun>();
const modules = new Map<string, Promise<Workflow>>();
/** Runs whose bundle is being imported: there is no handler yet that could be told to end. */
const importing = new Set<WorkflowRun>();
let lease: NodeJS.Timeout | undefined;

const importWorkflow = async (file: string): Promise<Workflow> => {
  const module = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
  if (!isWorkflow(module.default)) throw new Error('the bundle has no default export made by defineWorkflow');
  return module.default;
};

const loadWorkflow = (file: string): Promise<Workflow> => {
  let module = modules.get(file);
  if (module === undefined) modules.set(file, (module = importWorkflow(file)));
  return module;
};

/** @param message The last word about a run, or its JSON text. */
const end = (run: WorkflowRun, message: FromHost | string): void => {
  if (!run.end()) return;
  runs.delete(run.id);
  sendLine(message);
};

const complete = (run: WorkflowRun, result: unknown): void => {
  const encoded = encodeResult(result);
  if ('error' in encoded) end(run, { type: 'failed', id: run.id, error: encoded.error });
  else if (encoded.text === undefined) end(run, { type: 'completed', id: run.id });
  // Put together as text: the result is encoded already.
  else end(run, `{"type":"completed","id":${JSON.stringify(run.id)},"output":${encoded.text}}`);
};

const start = async (request: StartWorkflow): Promise<void> => {
  const run = makeWorkflowRun(request, send);
  runs.set(run.id, run);
  importing.add(run);
  let workflow: Workflow;
  try {
    workflow = await loadWorkflow(request.file);
  } catch (error) {
    importing.delete(run);
    end(run, { type: 'failed', id: run.id, error: describeError(error, { code: 'start_failed', folder: run.folder }) });
    return;
  }
  if (!importing.delete(run)) return; // it was told to end meanwhile
  try {
    const { handler } = workflow[WORKFLOW];
    complete(run, await current.run(run, () => handler(run.context as never)));
  } catch (error) {
    end(run, { type: 'failed', id: run.id, error: describeError(error, run) });
  }
};

/** In the context of the run: what its listeners write belongs to it. */
const abort = (id: string, reason: StopReason): void => {
  const run = runs.get(id);
  if (run === undefined) return;
  if (!importing.delete(run)) current.run(run, () => run.abort(reason));
  else end(run, { type: 'failed', id, error: { code: 'start_failed', message: 'told to end before it began' } });
};

const handle = (message: ToHost): void => {
  switch (message.type) {
    case 'start':
      void start(message);
      return;
    case 'abort':
      send({ type: 'aborting', id: message.id });
      abort(message.id, message.reason);
      return;
    case 'ping':
      send({ type: 'pong' });
      return;
    case 'lease':
      clearTimeout(lease);
      lease = setTimeout(leave, message.ms);
  }
};

/** Ends this process and everything that a workflow started from it. */
const leave = (): void => {
  process.kill(-process.pid, 'SIGKILL');
};

/** What a run writes to the process' own streams belongs to the run; what nobody wrote stays where it is. */
const capture = (name: 'stdout' | 'stderr'): void => {
  const stream = process[name];
  const original = stream.write.bind(stream);
  const write = (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    const run = current.getStore();
    if (run === undefined) return original(chunk);
    run.write(name, typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
    const callback = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
    if (callback !== undefined) process.nextTick(callback);
    return true;
  };
  stream.write = write;
};

const onUncaught = (error: unknown): void => {
  const run = current.getStore();
  if (run !== undefined) end(run, { type: 'failed', id: run.id, error: describeError(error, run) });
  send({ type: 'broken', reason: describeError(error).message });
};

capture('stdout');
capture('stderr');
process.on('uncaughtException', onUncaught);
process.on('unhandledRejection', onUncaught);
process.exit = (): never => {
  throw new Error('process.exit() would end every run in this process: return or throw instead');
};
const kill = process.kill.bind(process);
process.kill = (pid, signal): true => {
  if (pid === process.ppid && signal !== 0) {
    throw new Error('process.kill(process.ppid) would end every run of this executor: return or throw instead');
  }
  return kill(pid, signal);
};
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
channel.setEncoding('utf8');
channel.on(
  'data',
  makeLineSplitter((line) => handle(JSON.parse(line) as ToHost)),
);
channel.on('error', leave);
channel.on('close', leave);
