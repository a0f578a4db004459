import { fingerprintOf } from './fingerprint.ts';
import { type WorkflowReading } from './read-workflow.ts';
import { type WorkflowSource } from './scan-folder.ts';
import { type Outcome } from './shelf.ts';

/** How a source looked when it was compiled last, and what became of it. */
export interface Compiled {
  readonly outcome: Outcome;
  /** What it was compiled to; absent when it was refused. */
  readonly version: string | undefined;
  readonly atMs: number;
}

/** Knows which sources need not be compiled again. */
export interface CompileMemory {
  /** What is known of a source of which no file has changed since. */
  readonly recall: (source: WorkflowSource) => Promise<Compiled | undefined>;
  /** Remembers a compilation that began at `startedMs`, unless a file has changed meanwhile. */
  readonly remember: (source: WorkflowSource, made: Made) => Promise<void>;
  readonly forget: (path: string) => void;
}

export interface Made {
  readonly startedMs: number;
  readonly reading: WorkflowReading;
  readonly outcome: Outcome;
  /** Where something that was missing may appear. */
  readonly folders: readonly string[];
}

interface Remembered extends Compiled {
  readonly metadataFile: string | undefined;
  readonly dependencies: readonly string[];
  readonly fingerprint: string;
}

export const makeCompileMemory = (): CompileMemory => {
  const known = new Map<string, Remembered>();
  return {
    recall: async ({ path, metadataFile }) => {
      const found = known.get(path);
      if (found?.metadataFile !== metadataFile || found === undefined) return undefined;
      return found.fingerprint === (await fingerprintOf(found.dependencies)).text ? found : undefined;
    },
    remember: async ({ path, metadataFile }, { startedMs, reading, outcome, folders }) => {
      const isReady = reading.outcome === 'ready';
      const dependencies = [...reading.dependencies, ...(isReady ? [] : folders)];
      const fingerprint = await fingerprintOf(dependencies);
      if (fingerprint.changedSince(startedMs)) return;
      const version = isReady ? reading.draft.version : undefined;
      known.set(path, {
        outcome,
        version,
        atMs: Date.now(),
        metadataFile,
        dependencies,
        fingerprint: fingerprint.text,
      });
    },
    forget: (path) => void known.delete(path),
  };
};
