export type ScriptResult =
  | { readonly kind: 'none' }
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'invalid'; readonly reason: string };

/** The result of a script: what it wrote to `$MILLRACE_OUTPUT`, else its last line when that is JSON. */
export const resultOf = (outputFile: string | undefined, lastLine: string): ScriptResult => {
  if (outputFile !== undefined && outputFile.trim() !== '') {
    try {
      return { kind: 'value', value: JSON.parse(outputFile) as unknown };
    } catch (error) {
      return { kind: 'invalid', reason: error instanceof Error ? error.message : String(error) };
    }
  }
  try {
    return { kind: 'value', value: JSON.parse(lastLine) as unknown };
  } catch {
    return { kind: 'none' };
  }
};
