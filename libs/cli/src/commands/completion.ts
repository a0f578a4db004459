import { completionScript, type Shell } from '../completion-script.ts';
import { type CliContext } from '../context.ts';

export function completion(this: CliContext, _flags: Readonly<Record<string, never>>, shell: Shell): void {
  this.screen({}).data(completionScript(shell));
}
