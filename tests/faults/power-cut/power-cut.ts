import { type TestPlatform } from '@millrace/testkit';

export interface PowerCutOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly workflows: Readonly<Record<string, string>>;
  /** Starts runs; gives the ids that were acknowledged. The power is cut when it resolves. */
  readonly load: (platform: TestPlatform) => Promise<readonly string[]>;
}

export interface AfterPowerCut {
  readonly acknowledged: readonly string[];
  /** A platform on what the power cut left. */
  readonly survivors: TestPlatform;
}

/** A way to cut the power without cutting it. */
export interface PowerCut {
  readonly name: string;
  /** Why it cannot be done on this machine; `undefined` where it can. */
  readonly whyNot: () => Promise<string | undefined>;
  readonly cut: (options: PowerCutOptions) => Promise<AfterPowerCut>;
  readonly cleanUp: () => void;
}

export const firstLineOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? 'unknown';
