import { type DeployReport } from '@millrace/deploy';
import { type ServerProcess } from '@millrace/runtime';
import { type ExitStatus } from './bound-process.ts';

/** What a supervisor tells whoever started it. */
export type PlatformEvent =
  /** Something that takes a moment on the first start, such as a download. */
  | { readonly type: 'step'; readonly message: string }
  /** Something that an operator should know and nothing stops for. */
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'started'; readonly name: ServerProcess; readonly pid: number }
  | { readonly type: 'died'; readonly name: ServerProcess; readonly status: ExitStatus; readonly retryInMs: number }
  | { readonly type: 'restarted'; readonly name: ServerProcess; readonly pid: number; readonly afterMs: number }
  | {
      readonly type: 'restart-failed';
      readonly name: ServerProcess;
      readonly reason: string;
      readonly retryInMs: number;
    }
  /** A line of level `warn` or above that a service wrote. */
  | { readonly type: 'line'; readonly name: ServerProcess; readonly level: string; readonly message: string }
  | { readonly type: 'deployed'; readonly report: DeployReport };

export type OnPlatformEvent = (event: PlatformEvent) => void;
