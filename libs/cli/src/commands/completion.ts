import { completionScript, type Shell } from '../completion-script.ts';
import { type CliContext } from '../context.ts';

export function completion(this: CliContext, { json }: { readonly json?: boolean }, shell: Shell): void {
  const screen = this.screen({});
  const script = completionScript(shell);
  if (json === true) screen.json({ shell, script });
  else screen.data(script);
}
