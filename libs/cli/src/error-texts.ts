import { type ApplicationText, text_en } from '@stricli/core';
import { EXIT } from './exit-codes.ts';
import { explainError, type Explanation } from './explain-error.ts';

/** Turns what is known about an error into what is printed for it. */
export type ShowError = (explanation: Explanation, error?: unknown) => string;

const usage = (message: string): Explanation => ({
  exitCode: EXIT.usage,
  code: 'cli.usage',
  message,
  hints: ['see what there is: millrace --help'],
});

/** Every text of the command-line parser that is about an error: all of them go through `show`. */
export const errorTexts = (show: ShowError): ApplicationText => ({
  ...text_en,
  noCommandRegisteredForInput: (found) => show(usage(text_en.noCommandRegisteredForInput(found))),
  exceptionWhileParsingArguments: (error) => show(usage(text_en.exceptionWhileParsingArguments(error, false))),
  exceptionWhileLoadingCommandFunction: (error) => show(explainError(error), error),
  exceptionWhileLoadingCommandContext: (error) => show(explainError(error), error),
  exceptionWhileRunningCommand: (error) => show(explainError(error), error),
  commandErrorResult: (error) => show(explainError(error), error),
});

/** For a person: what happened, and below it what to do. */
export const showText: ShowError = ({ message, hints }, error) => {
  const stack = process.env['MILLRACE_DEBUG'] === '1' && error instanceof Error ? [error.stack ?? ''] : [];
  return [message, ...hints.map((hint) => `  ${hint}`), ...stack].join('\n');
};

/** Collects errors for a program that reads them: one JSON object for all. */
export interface ErrorCollection {
  readonly show: ShowError;
  /** The object as a line; `undefined` when there was no error. */
  readonly line: () => string | undefined;
}

/** Like a problem of RFC 9457: `type`, `code`, `message`, `status` where a server answered, `exit_code`, `hint`. */
export const collectErrors = (): ErrorCollection => {
  const collected: Explanation[] = [];
  return {
    show: (explanation) => {
      collected.push(explanation);
      return '';
    },
    line: () => {
      const [first] = collected;
      if (first === undefined) return undefined;
      const { code, status, exitCode, hints } = first;
      const message = collected.map((one) => one.message).join('; ');
      const hint = hints.length === 0 ? {} : { hint: hints.join('; ') };
      const body = { type: `urn:millrace:${code}`, code, message, ...(status !== undefined && { status }) };
      return `${JSON.stringify({ ...body, exit_code: exitCode, ...hint })}\n`;
    },
  };
};
