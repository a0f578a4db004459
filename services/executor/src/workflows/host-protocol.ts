import { type RunInfo, type TriggerInfo } from '@millrace/sdk';
import { type OutputStream, type StopReason } from '../attempts/execution.ts';

export interface StartWorkflow {
  readonly type: 'start';
  readonly id: string;
  /** Absolute path of the bundle; another version has another path. */
  readonly file: string;
  readonly run: RunInfo;
  readonly input: unknown;
  readonly env: Readonly<Record<string, string>>;
  readonly trigger?: TriggerInfo;
  readonly cloudEvent?: Readonly<Record<string, unknown>>;
  /** Those that the workflow declares, by name; the newest value first. */
  readonly secrets: Readonly<Record<string, readonly string[]>>;
}

/** What the executor says to a host: JSON lines on descriptor 3. */
export type ToHost =
  | StartWorkflow
  | { readonly type: 'abort'; readonly id: string; readonly reason: StopReason }
  | { readonly type: 'ping' }
  /** The executor's lease: without another within so many milliseconds the host ends itself. */
  | { readonly type: 'lease'; readonly ms: number };

export interface WorkflowError {
  readonly code: 'exception' | 'start_failed' | 'output_invalid' | 'output_too_large';
  readonly message: string;
  readonly stack?: string;
}

/** What a host says to the executor: JSON lines on descriptor 3. */
export type FromHost =
  | { readonly type: 'output'; readonly id: string; readonly stream: OutputStream; readonly text: string }
  | { readonly type: 'progress'; readonly id: string; readonly percent: number; readonly message?: string }
  | { readonly type: 'responded'; readonly id: string; readonly response: unknown }
  | { readonly type: 'completed'; readonly id: string; readonly output?: unknown }
  | { readonly type: 'failed'; readonly id: string; readonly error: WorkflowError }
  /** The abort arrived: the event loop is alive, the handler knows. */
  | { readonly type: 'aborting'; readonly id: string }
  | { readonly type: 'pong' }
  /** Something threw outside of every handler: what shares this process may be broken. */
  | { readonly type: 'broken'; readonly reason: string };
